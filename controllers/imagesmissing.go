package controllers

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/command"
	"github.com/viridian-dev/viridian/internal/stack"
	"github.com/viridian-dev/viridian/internal/template"
)

// imagesEvery is how often it is asked whether the images of a revision with a
// stack are still there: rarely, since it costs a call for each, and often
// enough to hear of it before a night in which tasks have to be replaced.
const imagesEvery = time.Hour

// looks remembers when the images of revisions were looked for. It may be lost:
// then they are looked for a little later.
type looks struct {
	mu sync.Mutex
	at map[types.UID]time.Time
}

// looksMax limits what is remembered; then it is forgotten.
const looksMax = 10_000

// due tells whether it is time to look, and remembers that it was done. The first
// time it isn't: the images were pulled just now, or another process looked.
func (l *looks) due(uid types.UID, every time.Duration, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, seen := l.at[uid]
	if seen && now.Sub(last) < every {
		return false
	}
	if l.at == nil || len(l.at) >= looksMax {
		l.at = map[types.UID]time.Time{}
	}
	l.at[uid] = now
	return seen
}

// noteImages tells of images of a revision with a stack that Amazon ECR doesn't
// have any more, such as those that a lifecycle policy expired: none of its tasks
// can be started again. What can't be asked leaves what was told.
func (r *RevisionReconciler) noteImages(ctx context.Context, imr *v1alpha1.ImmutableRevision, view revisionView, d stack.Decision, next *v1alpha1.ImmutableRevisionStatus) {
	set := conditionSetter{&next.Conditions, imr.Generation, r.Now()}
	if d.Phase != v1alpha1.RevisionCreated || view.facts.Retained {
		set.while(v1alpha1.ConditionImagesMissing, false, "", "")
		return
	}
	frozen := &imr.Spec.Frozen.Template
	source, err := template.SourceOf(frozen)
	if err != nil || !r.looked.due(imr.UID, cmp.Or(r.Timing.Images, imagesEvery), r.Now()) {
		return
	}
	var missing []string
	look := ""
	for _, image := range source.Images(frozen) {
		there, err := view.clients.Images.Exists(ctx, *image.Ref)
		if err != nil {
			return
		}
		if !there {
			missing, look = append(missing, fmt.Sprintf("%s of %s", *image.Ref, image.Of)), cmp.Or(look, command.ListImages(*image.Ref))
		}
	}
	set.while(v1alpha1.ConditionImagesMissing, len(missing) > 0, v1alpha1.ReasonImageNotFound, imagesMissing(missing, look))
}

// imagesMissing says what it means that images are gone, and how to look for them.
func imagesMissing(images []string, look string) string {
	return fmt.Sprintf("Amazon ECR doesn't have %s any more: tasks that run go on, but none can be started. "+
		"Push the same image again or roll out another one, and let the repository's lifecycle policy keep more images. The newest ones there: %s",
		strings.Join(images, ", "), look)
}
