package cfn

import (
	"maps"
	"reflect"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

type updateStackIn struct {
	StackName           string
	TemplateBody        *string
	TemplateURL         *string
	UsePreviousTemplate bool
	Parameters          []parameterIn
	Capabilities        []string
	ClientRequestToken  string
	RoleARN             string
	Tags                []core.Tag
}

// updateStack changes parameters, tags, outputs and metadata. Changing a
// resource's properties is not simulated and is refused: the simulator never
// claims to have done what it did not.
func (s *Service) updateStack(in updateStackIn) (any, error) {
	if err := checkCommon(in.ClientRequestToken, in.RoleARN, in.Capabilities); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	st := s.find(in.StackName)
	if st == nil || st.status == deleteComplete {
		return nil, invalid("Stack [%s] does not exist", in.StackName)
	}
	if st.status != createComplete && st.status != updateComplete {
		return nil, invalid("Stack:%s is in %s state and can not be updated.", st.id, st.status)
	}
	body := st.template.body
	if !in.UsePreviousTemplate {
		if err := checkTemplateSource(in.TemplateBody, in.TemplateURL); err != nil {
			return nil, err
		}
		body = *in.TemplateBody
	}
	if err := st.applyUpdate(in, body); err != nil {
		return nil, err
	}
	return stackIDOut{StackID: st.id}, nil
}

func (st *stack) applyUpdate(in updateStackIn, body string) error {
	t, err := parseTemplate(body, st.svc.providers)
	if err != nil {
		return err
	}
	values, err := t.bindParameters(in.Parameters, st.values)
	if err != nil {
		return err
	}
	sc, edges, err := st.plan(t, values)
	if err != nil {
		return err
	}
	if err := st.refusePropertyChanges(t, sc, edges); err != nil {
		return err
	}
	sameTags := in.Tags == nil || reflect.DeepEqual(in.Tags, st.tags)
	if body == st.template.body && maps.Equal(values, st.values) && sameTags {
		return invalid("No updates are to be performed.")
	}
	if in.Tags != nil {
		st.tags = in.Tags
	}
	st.template, st.values, st.scope, st.edges, st.description = t, values, sc, edges, t.Description
	st.token = in.ClientRequestToken
	st.updatedAt = st.now()
	st.setStatus(updateInProgress, userInitiated)
	st.next(st.finishUpdate)
	return nil
}

func (st *stack) refusePropertyChanges(t *template, sc *scope, edges map[string][]string) error {
	if len(edges) != len(st.edges) {
		return invalid("Adding or removing resources by UpdateStack is not simulated")
	}
	for id := range edges {
		r := st.resources[id]
		if r == nil || r.spec.Type != t.Resources[id].Type {
			return invalid("Adding or removing resources by UpdateStack is not simulated: %s", id)
		}
		before, err := st.scope.resolve(r.spec.Properties)
		if err != nil {
			return err
		}
		after, err := sc.resolve(t.Resources[id].Properties)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(before, after) {
			return invalid("Changing properties by UpdateStack is not simulated: %s", id)
		}
	}
	return nil
}

func (st *stack) finishUpdate() {
	for id, r := range st.resources {
		r.spec = st.template.Resources[id]
	}
	outputs, err := st.resolveOutputs()
	if err != nil {
		st.setStatus("UPDATE_ROLLBACK_COMPLETE", message(err))
		return
	}
	st.outputs = outputs
	st.setStatus(updateCleanup, "")
	st.next(func() { st.setStatus(updateComplete, "") })
}

type terminationProtectionIn struct {
	StackName                   string
	EnableTerminationProtection bool
}

func (s *Service) updateTerminationProtection(in terminationProtectionIn) (any, error) {
	st := s.find(in.StackName)
	if st == nil || st.status == deleteComplete {
		return nil, invalid("Stack [%s] does not exist", in.StackName)
	}
	if st.status == deleteInProgress {
		return nil, invalid("Stack [%s] is in %s state and its termination protection cannot be changed", st.name, st.status)
	}
	st.terminationProtection = in.EnableTerminationProtection
	return stackIDOut{StackID: st.id}, nil
}
