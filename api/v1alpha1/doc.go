// Package v1alpha1 holds the kinds of the API group deploy.viridian.dev and
// every constant that other software may rely on: conditions, reasons, phases,
// annotations and finalizers.
//
// It imports k8s.io/apimachinery only, so that clients can vendor it cheaply.
//
// +kubebuilder:object:generate=true
// +groupName=deploy.viridian.dev
package v1alpha1
