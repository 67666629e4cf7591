package controllers_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/controllers"
)

// What a manager needs besides the cache, in bytes: by itself, and for each
// worker that works on an object, as a multiple of its JSON.
const (
	withoutObjects = 64 << 20
	timesJSON      = 4
	// workers are those of both kinds by default, as flags.go has it.
	workers = 2 * 16
)

// many is how many objects of each kind the shipped limit is to be enough for.
const many = 1000

// largestTemplate is a template with all that the API server admits.
func largestTemplate() v1alpha1.RevisionTemplate {
	const budget, image, logs, container, variables = 51200, 500, 900, 255, 100
	t := v1alpha1.RevisionTemplate{
		CPU: "256", Memory: "512", Cluster: strings.Repeat("c", 255),
		ExecutionRoleARN: "arn:aws:iam::111122223333:role/" + strings.Repeat("r", 2000), TaskRoleARN: "arn:aws:iam::111122223333:role/" + strings.Repeat("r", 2000),
		Network: v1alpha1.Network{
			VPCID: "vpc-0a1b2c3d", SubnetIDs: []string{"subnet-0a1b2c3d", "subnet-1a2b3c4d"}, LoadBalancerSecurityGroupIDs: []string{"sg-0a1b2c3d"},
		},
		Target: v1alpha1.Target{ContainerPort: 1},
	}
	for i := range 40 {
		t.Tags = append(t.Tags, v1alpha1.Tag{Key: fmt.Sprintf("%0128d", i), Value: strings.Repeat("v", 256)})
	}
	for i := range 10 {
		c := v1alpha1.Container{Name: fmt.Sprintf("%0*d", container, i), Image: strings.Repeat("i", image-2) + ":1"}
		for port := range 20 {
			c.PortMappings = append(c.PortMappings, v1alpha1.PortMapping{ContainerPort: int32(port + 1), HostPort: new(int32(port + 1)), Protocol: "tcp"})
		}
		for v := range variables {
			c.Environment = append(c.Environment, v1alpha1.KeyValue{Name: fmt.Sprintf("V%03d", v), Value: strings.Repeat("x", (budget/10-image-logs)/variables-4)})
		}
		c.LogConfiguration = &v1alpha1.LogConfiguration{LogDriver: "awslogs", Options: map[string]v1alpha1.OptionValue{
			"awslogs-group": v1alpha1.OptionValue(strings.Repeat("g", 512)), "awslogs-region": "eu-west-1", "awslogs-stream-prefix": v1alpha1.OptionValue(strings.Repeat("p", 256)),
		}}
		t.Containers = append(t.Containers, c)
	}
	return t
}

// ordinary are a deployment and a revision as most are.
func ordinary() (*v1alpha1.ImmutableDeployment, *v1alpha1.ImmutableRevision) {
	imd := (&world{listener: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"}).deployment("1")
	imd.Status.Totals, imd.Status.Weight = &v1alpha1.Totals{Changes: 1}, new(int32(100))
	imr := &v1alpha1.ImmutableRevision{ObjectMeta: metav1.ObjectMeta{Name: "checkout-1", Labels: map[string]string{v1alpha1.LabelDeployment: "checkout"}}}
	imr.Spec = v1alpha1.ImmutableRevisionSpec{Revision: 1, StackName: "viridian-shop-checkout-1", StackState: v1alpha1.StackPresent, Frozen: v1alpha1.FrozenRevision{
		TemplateHash: strings.Repeat("0", 64), TemplateBody: strings.Repeat("b", 8000), Template: imd.Spec.Template, PreviewToken: strings.Repeat("t", 26),
		ListenerARN: imd.Spec.Traffic.LoadBalancer.ListenerARN, Images: []v1alpha1.FrozenImage{{Container: "app", Image: image("1"), Digest: "sha256:" + strings.Repeat("0", 64)}},
	}}
	imr.Status.Outputs = &v1alpha1.StackOutputs{Cluster: "shop", ServiceName: "checkout-1", TargetGroupARN: imr.Spec.Frozen.ListenerARN, PreviewRuleARN: imr.Spec.Frozen.ListenerARN}
	for range 10 {
		imr.Status.Verdicts = append(imr.Status.Verdicts, v1alpha1.Verdict{Source: v1alpha1.SourceMetric, Name: "errors", Result: v1alpha1.ResultPass, Message: strings.Repeat("m", 80), Since: metav1.Now()})
		imr.Status.Traffic = append(imr.Status.Traffic, v1alpha1.TrafficPoint{At: metav1.Now()})
	}
	return imd, imr
}

// largest are a deployment and a revision with as much as they may have.
func largest(t testing.TB) (*v1alpha1.ImmutableDeployment, *v1alpha1.ImmutableRevision) {
	t.Helper()
	imd, imr := ordinary()
	imd.Annotations, imd.Labels = map[string]string{}, map[string]string{}
	for i := range 255 { // which may have 256 KiB in all
		imd.Annotations[fmt.Sprintf("viridian.dev/%03d", i)] = strings.Repeat("a", 1000)
	}
	for i := range 200 {
		imd.Labels[fmt.Sprintf("l%03d", i)] = strings.Repeat("l", 63)
	}
	imd.Spec.Template = largestTemplate()
	for i := range 10 {
		imd.Spec.Gates = append(imd.Spec.Gates, v1alpha1.Gate{
			Name: fmt.Sprintf("g%d", i), At: v1alpha1.AfterStep,
			Webhook: &v1alpha1.WebhookGate{URL: "https://example.com/" + strings.Repeat("u", 2000), CABundle: strings.Repeat("c", 6553)},
		})
	}
	imd.Status = controllers.FullDeploymentStatus(t)
	imr.Spec.StackName = strings.Repeat("s", 128)
	frozen := &imr.Spec.Frozen
	frozen.TemplateBody, frozen.ListenerARN, frozen.PreviewToken, frozen.Template, frozen.Images = strings.Repeat("b", 51200), strings.Repeat("a", 2048), strings.Repeat("t", 128), largestTemplate(), nil
	frozen.AWS = v1alpha1.AWS{RoleARN: "arn:aws:iam::111122223333:role/" + strings.Repeat("r", 2000), ExternalID: strings.Repeat("e", 1224)}
	for i := range 10 {
		frozen.Images = append(frozen.Images, v1alpha1.FrozenImage{Container: fmt.Sprintf("%0255d", i), Image: strings.Repeat("i", 1024), Digest: strings.Repeat("d", 128)})
	}
	frozen.Configuration = &v1alpha1.FrozenConfiguration{State: v1alpha1.ConfigurationFrozen, SHA256: strings.Repeat("0", 64)}
	for i := range 600 {
		frozen.Configuration.Entries = append(frozen.Configuration.Entries, v1alpha1.FrozenReference{
			Container: fmt.Sprintf("%0255d", i%10), Name: fmt.Sprintf("V%03d", i), In: v1alpha1.InEnvironment, Source: strings.Repeat("s", 40), Pinned: true,
		})
	}
	imr.Status = controllers.FullRevisionStatus(t)
	return imd, imr
}

// admit has the API server store an object with its status, and returns its JSON.
func admit[T client.Object](t testing.TB, object T) []byte {
	t.Helper()
	c, err := client.New(apiServer, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := c.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	object.SetNamespace(ns.Name)
	whole := object.DeepCopyObject().(T)
	if err := c.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	whole.SetResourceVersion(object.GetResourceVersion())
	if err := c.Status().Update(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// decode makes an object of its JSON, as a client does, with a name of its own.
func decode(t testing.TB, kind string, body []byte, n int) client.Object {
	t.Helper()
	var object client.Object = &v1alpha1.ImmutableDeployment{}
	if kind == "revision" {
		object = &v1alpha1.ImmutableRevision{}
	}
	if err := json.Unmarshal(body, object); err != nil {
		t.Fatal(err)
	}
	object.SetName(fmt.Sprintf("%s-%d", object.GetName(), n))
	return object
}

// kept is how many bytes of the heap an object takes in an informer's cache, by
// the average of some.
func kept(t testing.TB, kind string, body []byte) int64 {
	t.Helper()
	const some = 50
	store := toolscache.NewIndexer(toolscache.MetaNamespaceKeyFunc, toolscache.Indexers{toolscache.NamespaceIndex: toolscache.MetaNamespaceIndexFunc})
	before := heap()
	for n := range some {
		object, err := controllers.Slim(decode(t, kind, body, n))
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Add(object); err != nil {
			t.Fatal(err)
		}
	}
	taken := heap() - before
	runtime.KeepAlive(store)
	return taken / some
}

// heap is how many bytes are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers let go of
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// shipped are the memory limit of the manager's container, and what its garbage
// collector is told.
func shipped(t *testing.T) (limit, told int64) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "config", "manager", "deployment.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var d appsv1.Deployment
	if err := yaml.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	c := d.Spec.Template.Spec.Containers[0]
	for _, e := range c.Env {
		if e.Name == "GOMEMLIMIT" {
			q := resource.MustParse(strings.TrimSuffix(e.Value, "B"))
			told = q.Value()
		}
	}
	return c.Resources.Limits.Memory().Value(), told
}

// A thousand of the largest objects of each kind fit into the memory that the
// manager is given, and the garbage collector knows how much that is.
func TestMemoryIsEnough(t *testing.T) {
	limit, told := shipped(t)
	if told > limit*9/10 || told < limit*8/10 {
		t.Errorf("GOMEMLIMIT is %d, want a little less than the limit of %d, since not all memory is Go's", told, limit)
	}
	imd, imr := largest(t)
	var cached, most int64
	for kind, body := range map[string][]byte{"deployment": admit(t, imd), "revision": admit(t, imr)} {
		each := kept(t, kind, body)
		t.Logf("the largest %s has %d bytes of JSON, and takes %d in the cache", kind, len(body), each)
		cached, most = cached+many*each, max(most, int64(len(body)))
	}
	working := workers * timesJSON * most
	if sum := withoutObjects + cached + working; sum > told {
		t.Errorf("%d objects of each kind take %d bytes, and %d while all workers are at one: %d with the rest, of %d", many, cached, working, sum, told)
	}
}

// BenchmarkCache tells how many bytes an object takes in the cache, and how many
// its JSON has.
func BenchmarkCache(b *testing.B) {
	for size, of := range map[string]func() (*v1alpha1.ImmutableDeployment, *v1alpha1.ImmutableRevision){
		"ordinary": ordinary,
		"largest":  func() (*v1alpha1.ImmutableDeployment, *v1alpha1.ImmutableRevision) { return largest(b) },
	} {
		imd, imr := of()
		for kind, body := range map[string][]byte{"deployment": admit(b, imd), "revision": admit(b, imr)} {
			b.Run(size+" "+kind, func(b *testing.B) {
				var each int64
				for b.Loop() {
					each = kept(b, kind, body)
				}
				b.ReportMetric(float64(each), "B/object")
				b.ReportMetric(float64(len(body)), "B/JSON")
			})
		}
	}
}
