package importer

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
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/viridian-dev/viridian/config/crd"
)

// rules are those of the CRD, as the API server has them.
type rules struct {
	structural *schema.Structural
	schema     validation.SchemaValidator
	cel        *cel.Validator
}

// rulesOfCRD are compiled once.
var rulesOfCRD = sync.OnceValues(func() (*rules, error) {
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(crd.ImmutableDeployments, &definition); err != nil {
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
	return &rules{structural, validator, cel.NewValidator(structural, true, celconfig.PerCallLimit)}, nil
})

// normal is an object with its numbers as the API server has them: integers, where
// they are.
func normal(object any) (map[string]any, error) {
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

// check is what the API server would say to a new object. Rules that compare with
// what was there before have nothing to compare with.
func (r *rules) check(object map[string]any) field.ErrorList {
	object, err := normal(object)
	if err != nil {
		return field.ErrorList{field.InternalError(nil, err)}
	}
	defaulting.Default(object, r.structural)
	errs := validation.ValidateCustomResource(nil, object, r.schema)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, r.structural, object)...)
	if len(errs) > 0 {
		return errs
	}
	errs, _ = r.cel.Validate(context.Background(), nil, r.structural, object, nil, celconfig.RuntimeCELCostBudget)
	return errs
}
