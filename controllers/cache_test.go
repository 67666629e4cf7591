package controllers

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// slim is what the cache has of an object.
func slim[T client.Object](t *testing.T, object T) T {
	t.Helper()
	kept, err := Slim(object.DeepCopyObject())
	if err != nil {
		t.Fatal(err)
	}
	return kept.(T)
}

// applied is the metadata of an object that people apply.
func applied() metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: "shop", Name: "checkout", UID: "1", ResourceVersion: "2", Generation: 3,
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
		Labels:        map[string]string{v1alpha1.LabelDeployment: "checkout", v1alpha1.LabelTemplateHash: "0", "team": "shop"},
		Annotations:   map[string]string{corev1.LastAppliedConfigAnnotation: "{}", v1alpha1.AnnotationPromote: "checkout-2/1"},
		Finalizers:    []string{v1alpha1.Finalizer, "others"}, OwnerReferences: []metav1.OwnerReference{{UID: "4"}},
	}
}

var container = v1alpha1.Container{
	Name: "app", Image: "checkout:1", PortMappings: []v1alpha1.PortMapping{{ContainerPort: 8080}},
	Environment: []v1alpha1.KeyValue{{Name: "A", Value: "b"}}, Command: []string{"run"},
	LogConfiguration: &v1alpha1.LogConfiguration{LogDriver: "awslogs", Options: map[string]v1alpha1.OptionValue{"awslogs-group": "/ecs/shop", "mode": "blocking"}},
}

// Of a deployment the cache has the priority that it wants on a listener, its rule,
// whether it has work, what tells a change, and what metrics are made of.
func TestSlimDeployment(t *testing.T) {
	full := &v1alpha1.ImmutableDeployment{ObjectMeta: applied()}
	full.Spec.Template.Containers = []v1alpha1.Container{container}
	full.Spec.Traffic.LoadBalancer = v1alpha1.LoadBalancer{ListenerARN: "arn", Priority: new(int32(7)), Conditions: []v1alpha1.RuleCondition{{Field: "host-header"}}}
	full.Status = v1alpha1.ImmutableDeploymentStatus{
		Phase: v1alpha1.PhaseComplete, ObservedGeneration: 3, History: []v1alpha1.HistoryEntry{{ID: "a"}},
		BlockedBy: &v1alpha1.BlockedBy{Reason: "Why", Message: "long", Remedy: "longer"},
		Traffic:   &v1alpha1.TrafficStatus{RuleARN: "rule", Writers: []string{"me"}},
		Weight:    new(int32(25)), Totals: &v1alpha1.Totals{Changes: 4},
	}
	full.Spec.Strategy = v1alpha1.Strategy{Type: v1alpha1.StrategyCanary, Canary: &v1alpha1.Canary{}}
	got := slim(t, full)
	want := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: "checkout", UID: "1", ResourceVersion: "2", Generation: 3, Annotations: got.Annotations,
	}}
	want.Spec.Traffic.LoadBalancer = v1alpha1.LoadBalancer{ListenerARN: "arn", Priority: new(int32(7))}
	want.Status = v1alpha1.ImmutableDeploymentStatus{
		Phase: v1alpha1.PhaseComplete, ObservedGeneration: 3,
		BlockedBy: &v1alpha1.BlockedBy{Reason: "Why"}, Traffic: &v1alpha1.TrafficStatus{RuleARN: "rule"},
		Weight: new(int32(25)), Totals: &v1alpha1.Totals{Changes: 4},
	}
	want.Spec.Strategy.Type = v1alpha1.StrategyCanary
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in the cache (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(got, slim(t, got)); diff != "" {
		t.Errorf("twice (-once +twice):\n%s", diff)
	}
}

// A request by annotation is an event, and what kubectl apply notes is none.
func TestAnnotationsInTheCache(t *testing.T) {
	with := func(pairs ...string) *v1alpha1.ImmutableDeployment {
		imd := &v1alpha1.ImmutableDeployment{}
		imd.Annotations = map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			imd.Annotations[pairs[i]] = pairs[i+1]
		}
		return slim(t, imd)
	}
	const last = corev1.LastAppliedConfigAnnotation
	for name, c := range map[string]struct {
		before, after []string
		concerns      bool
	}{
		"added":        {nil, []string{v1alpha1.AnnotationAbort, "x"}, true},
		"changed":      {[]string{v1alpha1.AnnotationAbort, "x"}, []string{v1alpha1.AnnotationAbort, "y"}, true},
		"taken away":   {[]string{v1alpha1.AnnotationAbort, "x", "a", "b"}, []string{"a", "b"}, true},
		"moved":        {[]string{"a", "b c"}, []string{"a b", "c"}, true},
		"the same":     {[]string{"a", "b", "c", "d"}, []string{"c", "d", "a", "b"}, false},
		"applied":      {nil, []string{last, "{}"}, false},
		"applied anew": {[]string{last, "{}", "a", "b"}, []string{last, "{x}", "a", "b"}, false},
	} {
		if got := DeploymentPredicate().Update(event.UpdateEvent{ObjectOld: with(c.before...), ObjectNew: with(c.after...)}); got != c.concerns {
			t.Errorf("%s: %t, want %t", name, got, c.concerns)
		}
	}
	if got := len(with("a", strings.Repeat("x", 1000)).Annotations[digestAnnotation]); got != 64 {
		t.Errorf("%d characters of annotations", got)
	}
}

// Of a revision it lacks what its stack is made from.
func TestSlimRevision(t *testing.T) {
	full := &v1alpha1.ImmutableRevision{ObjectMeta: applied()}
	full.Spec = v1alpha1.ImmutableRevisionSpec{Revision: 2, StackName: "s", Frozen: v1alpha1.FrozenRevision{
		TemplateHash: "0", TemplateBody: "{}", PreviewToken: "t", ListenerARN: "arn", AWS: v1alpha1.AWS{Region: "eu-west-1"},
		Images: []v1alpha1.FrozenImage{{Container: "app", Image: "checkout:1"}},
		Template: v1alpha1.RevisionTemplate{Cluster: "shop", Containers: []v1alpha1.Container{container}, Tags: []v1alpha1.Tag{{Key: "a", Value: "b"}}, Volumes: []v1alpha1.Volume{{Name: "data"}}, Patches: []v1alpha1.Patch{{Op: "remove"}}, Scaling: &v1alpha1.AutoScaling{
			Targets: []v1alpha1.TargetTracking{{Metric: v1alpha1.ScalingCPU}}, Schedules: []v1alpha1.ScheduledScaling{{Name: "morning", Schedule: "rate(1 day)"}, {Name: "evening"}},
		}, Target: v1alpha1.Target{ContainerPort: 8080}},
	}}
	full.Status = v1alpha1.ImmutableRevisionStatus{Phase: v1alpha1.RevisionCreated, Verdicts: []v1alpha1.Verdict{{Name: "v"}}, Retained: []v1alpha1.RetainedResource{{LogicalID: "r"}}}
	want := full.DeepCopy()
	want.ManagedFields, want.Annotations, want.Status.Retained = nil, nil, nil
	delete(want.Labels, "team")
	want.Spec.Frozen.TemplateBody, want.Spec.Frozen.Template.Tags, want.Spec.Frozen.Template.Volumes, want.Spec.Frozen.Template.Patches = "", nil, nil, nil
	want.Spec.Frozen.Template.Scaling = &v1alpha1.AutoScaling{Schedules: []v1alpha1.ScheduledScaling{{Name: "morning"}}}
	want.Spec.Frozen.Template.Containers[0] = v1alpha1.Container{Name: "app", Image: "checkout:1", PortMappings: container.PortMappings,
		LogConfiguration: &v1alpha1.LogConfiguration{LogDriver: "awslogs", Options: map[string]v1alpha1.OptionValue{"awslogs-group": "/ecs/shop"}}}
	got := slim(t, full)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in the cache (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(got, slim(t, got)); diff != "" {
		t.Errorf("twice (-once +twice):\n%s", diff)
	}
}

// Of others it lacks what is noted for those who apply them.
func TestSlimOthers(t *testing.T) {
	policy := &v1alpha1.DeploymentPolicy{ObjectMeta: applied()}
	policy.Spec.Listeners = []v1alpha1.AllowedListener{{}}
	want := policy.DeepCopy()
	want.ManagedFields = nil
	delete(want.Annotations, corev1.LastAppliedConfigAnnotation)
	if diff := cmp.Diff(want, slim(t, policy)); diff != "" {
		t.Errorf("in the cache (-want +got):\n%s", diff)
	}
	gone := toolscache.DeletedFinalStateUnknown{Key: "shop/checkout"}
	if got, err := Slim(gone); err != nil || got != any(gone) {
		t.Errorf("%v, %v", got, err)
	}
}

// pages is an API server with so many deployments, which fails in the third list
// if broken.
type pages struct {
	total, largest, asked int
	broken                error
	options               metav1.ListOptions
}

func (p *pages) ListWithContext(_ context.Context, options metav1.ListOptions) (runtime.Object, error) {
	p.asked++
	if p.options = options; p.asked == 3 && p.broken != nil {
		return nil, p.broken
	}
	var first int
	_, _ = fmt.Sscan(options.Continue, &first)
	list := &v1alpha1.ImmutableDeploymentList{ListMeta: metav1.ListMeta{ResourceVersion: "9"}}
	for i := first; i < min(first+int(options.Limit), p.total); i++ {
		imd := v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("d%03d", i), Generation: 1}}
		imd.Spec.Template.Containers = []v1alpha1.Container{container}
		list.Items = append(list.Items, imd)
	}
	if next := first + len(list.Items); next < p.total {
		list.Continue, list.RemainingItemCount = fmt.Sprint(next), new(int64(p.total-next))
	}
	p.largest = max(p.largest, len(list.Items))
	return list, nil
}

// A list is read in pages, whatever the informer asks for, and is whole.
func TestListInPages(t *testing.T) {
	for _, total := range []int{0, 1, pageLength, pageLength + 1, 3*pageLength + 2} {
		server := &pages{total: total}
		list, err := listSlim(t.Context(), server, metav1.ListOptions{ResourceVersion: "0", ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan, Limit: 500, LabelSelector: "a=b"})
		if err != nil {
			t.Fatal(err)
		}
		got := list.(*v1alpha1.ImmutableDeploymentList)
		if got.Continue != "" || got.RemainingItemCount != nil || got.ResourceVersion != "9" || len(got.Items) != total {
			t.Errorf("%d of %d, %+v", len(got.Items), total, got.ListMeta)
		}
		for i, imd := range got.Items {
			if imd.Name != fmt.Sprintf("d%03d", i) || len(imd.Spec.Template.Containers) > 0 {
				t.Errorf("object %d is %+v", i, imd)
			}
		}
		if o := server.options; server.largest > pageLength || o.ResourceVersion != "" || o.ResourceVersionMatch != "" || o.LabelSelector != "a=b" {
			t.Errorf("a page of %d by %+v", server.largest, o)
		}
	}
	gone := errors.New("the continue token has expired")
	if _, err := listSlim(t.Context(), &pages{total: 99, broken: gone}, metav1.ListOptions{}); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

// The cache lacks much of what objects have, so this is everybody who reads it.
// Whoever joins them has to see to it that Slim keeps what is read.
func TestReadersOfTheCache(t *testing.T) {
	want := []string{
		"awaiting: r.Client.List", "cachedRevisions: cached.List", "claimed: r.Client.List", "measured: o.Client.List", "measured: o.Client.List", "otherNamespaces: o.Client.List",
		"revisionsOf: cachedRevisions", "rulesOf: o.Client.List",
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				got = append(got, readsOf(f)...)
			}
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("readers of the cache (-want +got):\n%s", diff)
	}
}

// readsOf are the calls in a function that read the cache.
func readsOf(f *ast.FuncDecl) (out []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		callee := spelt(call.Fun)
		reads := strings.HasSuffix(callee, ".Client.List") || strings.HasSuffix(callee, ".Client.Get") || strings.HasPrefix(callee, "cached")
		for _, argument := range call.Args {
			reads = reads || strings.HasSuffix(spelt(argument), ".Client") // whoever is handed the client
		}
		if reads {
			out = append(out, f.Name.Name+": "+callee)
		}
		return true
	})
	return out
}

// spelt is a name with what it is selected from.
func spelt(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return spelt(e.X) + "." + e.Sel.Name
	}
	return ""
}
