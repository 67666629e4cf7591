package controllers

import (
	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/refusal"
)

// cannotBuild refuses a template that can't become a stack.
func cannotBuild(err error) error {
	return refusal.New(v1alpha1.ReasonInvalidSpec, "The stack's template can't be built: "+err.Error(), "Correct spec.template")
}
