package template

import (
	"errors"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// Source is what the stack of a revision is made from, and how the stack that
// was made is read. Each has a file of its own; SourceOf chooses.
type Source interface {
	// Images are those that a template names. Whoever pins them does so through
	// their references.
	Images(t *v1alpha1.RevisionTemplate) []Image
	// Architecture is the CPU architecture for which a template's images are run,
	// in the words of images: amd64, arm64.
	Architecture(t *v1alpha1.RevisionTemplate) string
	// Build returns the stack's template as compact JSON. It fails when the
	// input can't become a stack, whatever the state of AWS.
	Build(in Input) (string, error)
	// Outputs reads what a stack that is created says of itself.
	Outputs(of map[string]string) *v1alpha1.StackOutputs
	// Logs is where to look for what a revision writes. stack is the name of its
	// stack, and own the name of the stack's log group, "" if it has none.
	Logs(t *v1alpha1.RevisionTemplate, stack, own string) Logs
	// ServiceID is the logical ID of the stack's ECS service.
	ServiceID() string
	// Explain says what in the template a resource's failure, or the bad health of
	// the service, is about, to be added to AWS's words; "" if those say it, or
	// nobody knows.
	Explain(t *v1alpha1.RevisionTemplate, resource, failure string) string
}

// Image is an image that a template names.
type Image struct {
	// Name of what runs it, and the same for sentences: "container app".
	Name, Of string
	// Ref is the image's reference, in the template.
	Ref *string
}

// ErrUnknownSource is about a template that has no source which is known here.
var ErrUnknownSource = errors.New("spec.template is of a kind that this version of the manager does not know: upgrade it to the version of the CRDs")

// SourceOf is the source of a template. One that a newer CRD has, and this
// version doesn't know, is ErrUnknownSource.
func SourceOf(t *v1alpha1.RevisionTemplate) (Source, error) {
	if len(t.Containers) > 0 {
		return ecsSource{}, nil
	}
	return nil, ErrUnknownSource
}
