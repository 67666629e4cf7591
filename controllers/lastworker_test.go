package controllers_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim"
)

// A worker's stack that was about to go stays if the one that took its place is
// gone by then: nothing else would do the work.
func TestLastWorkerIsKept(t *testing.T) {
	w := newWorld(t)
	m := w.start()
	imd := w.serving(worker)
	denied := w.sim.Faults.Add(awssim.Fault{Action: "DeleteStack", Effect: awssim.AccessDenied})
	w.roll(imd, "2")
	w.ready("checkout-1", v1alpha1.ReasonAccessDenied)
	m.stop()
	denied()
	_, err := w.others.cfn.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: aws.String(w.revision("checkout-2").Spec.StackName)})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Eventually(func() []string { return w.stacksOf("2") }).Should(gomega.Equal([]string{"DELETE_COMPLETE"}))
	w.start()
	w.ready("checkout-1", v1alpha1.ReasonStackInUse)
	w.Expect(w.stacksOf("1")).To(gomega.Equal([]string{"CREATE_COMPLETE"}))
	w.roll(imd, "3")
	w.alone(imd, "checkout-3")
	w.removed("checkout-1")
}
