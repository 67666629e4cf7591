package kubernetes_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// fluxSample is a Kustomization of Flux.
var fluxSample = filepath.Join(root, "config", "flux", "kustomization-shop.yaml")

// fluxOf returns the health according to the healthCheckExprs of the sample.
func fluxOf(state *unstructured.Unstructured) (status.Status, error) {
	body, err := os.ReadFile(fluxSample)
	if err != nil {
		return "", err
	}
	var sample struct {
		Spec struct {
			HealthCheckExprs []kustomize.CustomHealthCheck `json:"healthCheckExprs"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(body, &sample); err != nil {
		return "", err
	}
	for _, check := range sample.Spec.HealthCheckExprs {
		if check.APIVersion != state.GetAPIVersion() || check.Kind != state.GetKind() {
			continue
		}
		evaluator, err := cel.NewStatusEvaluator(&check.HealthCheckExpressions)
		if err != nil {
			return "", err
		}
		result, err := evaluator.Evaluate(context.Background(), state)
		if err != nil {
			return "", err
		}
		return result.Status, nil
	}
	return "", fmt.Errorf("%s has no expressions for %s", fluxSample, state.GetKind())
}

// asFlux maps a status to what Flux's expressions can express: they have no
// state for an object that is being deleted.
func asFlux(s status.Status) status.Status {
	if s == status.TerminatingStatus {
		return status.InProgressStatus
	}
	return s
}
