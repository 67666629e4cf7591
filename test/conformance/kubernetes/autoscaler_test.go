package kubernetes_test

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onsi/gomega"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// load is an external metric that tests set, as a metrics adapter would serve
// it.
type load struct {
	metrics.MetricsClient // only external metrics are asked for
	value                 atomic.Int64
}

// GetExternalMetric implements metrics.MetricsClient, in thousandths.
func (l *load) GetExternalMetric(string, string, labels.Selector) ([]int64, time.Time, error) {
	return []int64{1000 * l.value.Load()}, time.Now(), nil
}

// autoscale runs Kubernetes' own horizontal pod autoscaler until the test ends.
func autoscale(t *testing.T, l *load) {
	t.Helper()
	kube, err := clientset.NewForConfig(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(kube.Discovery()))
	scales, err := scale.NewForConfig(cluster.Config, mapper, dynamic.LegacyAPIPathResolverFunc, scale.NewDiscoveryScaleKindResolver(kube.Discovery()))
	if err != nil {
		t.Fatal(err)
	}
	const often = 200 * time.Millisecond
	shared := informers.NewSharedInformerFactory(kube, 0)
	ctx, cancel := context.WithCancel(t.Context())
	controller := podautoscaler.NewHorizontalController(ctx, kube.CoreV1(), scales, kube.AutoscalingV2(), mapper, l,
		shared.Autoscaling().V2().HorizontalPodAutoscalers(), shared.Core().V1().Pods(), often, 0, 0.1, time.Minute, time.Minute)
	shared.Start(ctx.Done())
	done := make(chan struct{})
	go func() { defer close(done); controller.Run(ctx, 1) }()
	t.Cleanup(func() { cancel(); <-done; shared.Shutdown() })
}

// autoscaler scales the story's deployment by an external metric.
func (s *story) autoscaler() *autoscalingv2.HorizontalPodAutoscaler {
	hpa := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: s.name}}
	hpa.Spec = autoscalingv2.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: v1alpha1.GroupVersion.String(), Kind: kindDeployment, Name: s.name},
		MinReplicas:    new(int32(1)),
		MaxReplicas:    4,
		Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
			Metric: autoscalingv2.MetricIdentifier{Name: "orders_waiting"},
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: new(resource.MustParse("10"))},
		}}},
	}
	return hpa
}

// TestAutoscaler: Kubernetes' own controller scales a deployment by a metric
// that needs no pods, up and down, which is no new revision.
func TestAutoscaler(t *testing.T) {
	t.Parallel()
	count := 0
	compared(t, "scaled by a HorizontalPodAutoscaler: up, down, to its bounds", &count, "the controller of kube-controller-manager, an external metric")
	s := newStory(t, "autoscaled")
	imd := s.canary("1")
	imd.Spec.DesiredCount = nil // it is the autoscaler's
	s.create(imd)
	s.phase(v1alpha1.PhaseComplete)
	l := &load{}
	l.value.Store(10)
	autoscale(t, l)
	hpa := s.autoscaler()
	s.Expect(cluster.Client.Create(t.Context(), hpa)).To(gomega.Succeed())
	for _, step := range []struct{ load, tasks int64 }{{30, 3}, {1000, 4}, {20, 2}, {0, 1}} {
		l.value.Store(step.load)
		s.until("as many tasks as the load needs", func(status v1alpha1.ImmutableDeploymentStatus) bool {
			return int64(status.RunningCount) == step.tasks && status.Phase == v1alpha1.PhaseComplete
		})
		count++
	}
	active := s.scalingActive(hpa)
	s.Expect(active.Status).To(gomega.Equal(corev1.ConditionTrue), active.Message)
	s.Expect(s.latest()).To(gomega.Equal(int64(1)), "scaling made a revision")

	// Metrics that count pods find none, and the status says so.
	hpa.Spec.Metrics[0].External.Target = autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: new(resource.MustParse("10"))}
	l.value.Store(30)
	s.Expect(cluster.Client.Update(t.Context(), hpa)).To(gomega.Succeed())
	s.Eventually(func() string { return s.scalingActive(hpa).Message }).Should(gomega.ContainSubstring("no pods returned by selector"))
	count++
}

// scalingActive reads the autoscaler again, and whether it works.
func (s *story) scalingActive(hpa *autoscalingv2.HorizontalPodAutoscaler) autoscalingv2.HorizontalPodAutoscalerCondition {
	s.t.Helper()
	s.Expect(cluster.Client.Get(s.t.Context(), client.ObjectKeyFromObject(hpa), hpa)).To(gomega.Succeed())
	for _, c := range hpa.Status.Conditions {
		if c.Type == autoscalingv2.ScalingActive {
			return c
		}
	}
	return autoscalingv2.HorizontalPodAutoscalerCondition{}
}

// latest returns the highest revision number.
func (s *story) latest() int64 {
	s.t.Helper()
	imd, err := typed[v1alpha1.ImmutableDeployment](s.live())
	s.Expect(err).NotTo(gomega.HaveOccurred())
	return imd.Status.LatestRevision
}

// TestHandOver: a count from Git is handed over to an autoscaler as
// docs/gitops.md says, and stays when Git omits it.
func TestHandOver(t *testing.T) {
	t.Parallel()
	count := 0
	compared(t, "kubectl apply --server-side without a count that was handed over", &count, "it stays; else it would be 1")
	s := newStory(t, "handed-over")
	imd := s.canary("1")
	apply := func(desired *int32) {
		imd.Spec.DesiredCount = desired
		kubectl(t, "apply", "--server-side", "--field-manager=git", "-f", s.write(imd))
		count++
	}
	desired := func() string {
		return kubectl(t, "get", "imd", "checkout", "-n", s.namespace, "-o", "jsonpath={.spec.desiredCount}")
	}
	apply(new(int32(2)))
	s.Expect(desired()).To(gomega.Equal("2"))
	own := filepath.Join(t.TempDir(), "count.yaml")
	s.Expect(os.WriteFile(own, []byte("apiVersion: deploy.viridian.dev/v1alpha1\nkind: ImmutableDeployment\n"+
		"metadata: {name: checkout, namespace: handed-over}\nspec: {desiredCount: 2}\n"), 0o600)).To(gomega.Succeed())
	kubectl(t, "apply", "--server-side", "--field-manager=autoscaler", "-f", own)
	apply(nil)
	s.Expect(desired()).To(gomega.Equal("2"))
	kubectl(t, "scale", "imd", "checkout", "-n", s.namespace, "--replicas=3")
	apply(nil)
	s.Expect(desired()).To(gomega.Equal("3"))
}
