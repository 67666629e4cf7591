package metric

import (
	"fmt"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/refusal"
)

// unknownSource refuses a check of which nothing is known here.
func unknownSource(check string) error {
	return refusal.New(v1alpha1.ReasonMetricInvalid, fmt.Sprintf("Metric %s is of a kind that this version of the manager does not know", check),
		"Upgrade the manager to the version of the CRDs, or take the metric out of spec.analysis.metrics")
}

// queryRefused refuses a check that CloudWatch can't read.
func queryRefused(check, why string) error {
	return refusal.New(v1alpha1.ReasonMetricInvalid, fmt.Sprintf("CloudWatch refuses the query of metric %s: %s", check, why),
		"Correct it in spec.analysis.metrics")
}
