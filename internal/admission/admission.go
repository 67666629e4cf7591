// Package admission owns what the API server says to a new object, without asking
// it: the schemas of the CRDs, their defaults and their CEL rules, by the libraries
// that the API server has. Rules that compare with what was there before have nothing
// to compare with. It is pure.
//
// It imports config/crd, and the libraries by which the API server validates.
package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/config/crd"
)

// Rules are those of a CRD.
type Rules struct {
	structural *schema.Structural
	schema     validation.SchemaValidator
	cel        *cel.Validator
}

// Rules of the kinds that people write. They are compiled once, which takes a
// moment.
var (
	OfDeployment = sync.OnceValues(func() (*Rules, error) { return compile(crd.ImmutableDeployments) })
	OfPolicy     = sync.OnceValues(func() (*Rules, error) { return compile(crd.DeploymentPolicies) })
)

func compile(body []byte) (*Rules, error) {
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(body, &definition); err != nil {
		return nil, fmt.Errorf("read the CRD: %w", err)
	}
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
		definition.Spec.Versions[0].Schema.OpenAPIV3Schema, &internal, nil); err != nil {
		return nil, fmt.Errorf("read the CRD: %w", err)
	}
	structural, err := schema.NewStructural(&internal)
	if err != nil {
		return nil, fmt.Errorf("read the CRD: %w", err)
	}
	validator, _, err := validation.NewSchemaValidator(&internal)
	if err != nil {
		return nil, fmt.Errorf("read the CRD: %w", err)
	}
	return &Rules{structural, validator, cel.NewValidator(structural, true, celconfig.PerCallLimit)}, nil
}

// Normal is an object with its numbers as the API server has them: integers, where
// they are.
func Normal(object any) (map[string]any, error) {
	body, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("write the manifest: %w", err)
	}
	var out map[string]any
	if err := utiljson.Unmarshal(body, &out); err != nil {
		return nil, fmt.Errorf("write the manifest: %w", err)
	}
	return out, nil
}

// Default is a copy of an object with what the API server fills in.
func (r *Rules) Default(object map[string]any) (map[string]any, error) {
	out, err := Normal(object)
	if err != nil {
		return nil, err
	}
	defaulting.Default(out, r.structural)
	return out, nil
}

// Check is what the API server says to a new object.
func (r *Rules) Check(object map[string]any) field.ErrorList {
	object, err := r.Default(object)
	if err != nil {
		return field.ErrorList{field.InternalError(nil, err)}
	}
	errs := validation.ValidateCustomResource(nil, object, r.schema)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, r.structural, object)...)
	if len(errs) > 0 {
		return errs
	}
	errs, _ = r.cel.Validate(context.Background(), nil, r.structural, object, nil, celconfig.RuntimeCELCostBudget)
	return errs
}

// Unknown are the paths of the fields that the kind doesn't have: kubectl refuses
// them, and other clients have them dropped without a word.
func (r *Rules) Unknown(object map[string]any) ([]string, error) {
	pruned, err := Normal(object) // a copy, which loses them
	if err != nil {
		return nil, err
	}
	return pruning.PruneWithOptions(pruned, r.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}), nil
}
