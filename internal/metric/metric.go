// Package metric owns where the readings come from by which a revision is
// judged. Each source has a file of its own and implements Source; Sources.Of
// chooses by the check. What is made of the readings is internal/analysis'.
//
// It imports the API and internal/{analysis,cloud,refusal}.
package metric

import (
	"context"
	"errors"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/analysis"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// Source is where metrics are read.
type Source interface {
	// Read reads what a check measures, from since on at least, of the candidate
	// and of the revision that it is compared with, which may be nil.
	// cloud.ErrPending if the readings aren't there yet.
	Read(ctx context.Context, check *v1alpha1.MetricCheck, candidate, stable *v1alpha1.ImmutableRevision, since time.Time) (analysis.Readings, error)
}

// Sources are all that there are.
type Sources struct {
	// Metrics is CloudWatch.
	Metrics cloud.Metrics
}

// Of is the source of a check. A source, or a builtin metric, that a newer CRD
// has, and this version doesn't know, is refused: without a query there would
// never be any data.
func (s *Sources) Of(check *v1alpha1.MetricCheck) (Source, error) {
	if len(analysis.Queries(*check, analysis.Subject{})) > 0 {
		return &cloudWatch{s.Metrics}, nil
	}
	return nil, unknownSource(check.Name)
}

// Refused is the error about a check that its source refuses, so that someone has
// to correct it; others are returned as they are.
func Refused(check *v1alpha1.MetricCheck, err error) error {
	if invalid, ok := errors.AsType[*cloud.Error](err); ok && invalid.Kind == cloud.KindInvalid {
		return queryRefused(check.Name, invalid.Message)
	}
	return err
}
