package gate

import (
	"fmt"
	"strings"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/command"
	"github.com/viridian-dev/viridian/internal/ownership"
	"github.com/viridian-dev/viridian/internal/refusal"
)

// errUnknownKind refuses a gate that has no kind that is known here.
var errUnknownKind = refusal.New(v1alpha1.ReasonGateUnavailable, "it is of a kind that this version of the manager does not know",
	"Upgrade the manager to the version of the CRDs, or take the gate out of spec.gates")

// unknownPoint refuses a gate that would never be called.
func unknownPoint(gate *v1alpha1.Gate) error {
	return refusal.New(v1alpha1.ReasonGateUnavailable,
		fmt.Sprintf("Gate %s is at %s, a point that this version of the manager does not know", gate.Name, gate.At),
		"Upgrade the manager to the version of the CRDs, or take the gate out of spec.gates")
}

// unavailable refuses to go on without a gate that can't be called.
func unavailable(gate, why, remedy string) error {
	return refusal.New(v1alpha1.ReasonGateUnavailable, fmt.Sprintf("Gate %s can't be called: %s", gate, why), remedy)
}

// secretForbidden refuses to sign with a key that the controller may not read.
func secretForbidden(namespace, name string) error {
	return refusal.New(v1alpha1.ReasonGateUnavailable, fmt.Sprintf("the controller may not read the Secret %s", name),
		fmt.Sprintf("An administrator allows it by: kubectl create rolebinding viridian-webhook-secrets -n %s --clusterrole=viridian-webhook-secrets --serviceaccount=viridian-system:viridian-manager", namespace))
}

// secretMissing refuses to sign with a key that isn't there.
func secretMissing(namespace, name string) error {
	return refusal.New(v1alpha1.ReasonGateUnavailable, fmt.Sprintf("the Secret %s does not exist", name),
		"Create it: "+command.CreateSecret(namespace, name, signingKey))
}

// secretWithoutKey refuses to sign with a Secret that holds no key.
func secretWithoutKey(name string) error {
	return refusal.New(v1alpha1.ReasonGateUnavailable, fmt.Sprintf("the Secret %s has no key %s, or one that begins with whsec_ and is not base64", name, signingKey), "Add it")
}

// secretOfOtherHosts refuses to sign for a host that the Secret doesn't name.
func secretOfOtherHosts(namespace, name, host, hosts string) error {
	return refusal.New(v1alpha1.ReasonGateUnavailable, fmt.Sprintf("the Secret %s signs requests to %q only, not to %s", name, hosts, host),
		"Correct spec.gates, or have whoever owns the Secret allow it: "+
			command.AnnotateSecret(namespace, name, v1alpha1.AnnotationWebhookHosts, strings.Join(append(ownership.SplitList(hosts), host), ",")))
}
