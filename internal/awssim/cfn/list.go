package cfn

import (
	"maps"
	"slices"
	"time"
)

type resourceXML struct {
	StackID              string `xml:"StackId"`
	StackName            string
	LogicalResourceID    string `xml:"LogicalResourceId"`
	PhysicalResourceID   string `xml:"PhysicalResourceId,omitempty"`
	ResourceType         string
	Timestamp            time.Time
	ResourceStatus       string
	ResourceStatusReason string `xml:",omitempty"`
	DriftInformation     resourceDriftXML
}

type resourceDriftXML struct {
	StackResourceDriftStatus string
}

type resourcesIn struct {
	StackName          string
	LogicalResourceId  string
	PhysicalResourceId string
}

// begun are the resources that CloudFormation lists: those it has started.
func (st *stack) begun() []*resource {
	var list []*resource
	for _, id := range st.ids() {
		if st.resources[id].status != "" {
			list = append(list, st.resources[id])
		}
	}
	return list
}

func (s *Service) describeStackResources(in resourcesIn) (any, error) {
	if in.PhysicalResourceId != "" {
		return nil, invalid("Looking stacks up by PhysicalResourceId is not simulated")
	}
	st, err := s.known(in.StackName, "Stack with id %s does not exist")
	if err != nil {
		return nil, err
	}
	var out struct {
		StackResources []resourceXML `xml:"StackResources>member"`
	}
	for _, r := range st.begun() {
		if in.LogicalResourceId != "" && in.LogicalResourceId != r.id {
			continue
		}
		out.StackResources = append(out.StackResources, resourceXML{
			StackID: st.id, StackName: st.name, LogicalResourceID: r.id, PhysicalResourceID: r.physicalID,
			ResourceType: r.spec.Type, Timestamp: r.updatedAt, ResourceStatus: r.status,
			ResourceStatusReason: r.reason, DriftInformation: resourceDriftXML{"NOT_CHECKED"},
		})
	}
	return out, nil
}

type resourceSummaryXML struct {
	LogicalResourceID    string `xml:"LogicalResourceId"`
	PhysicalResourceID   string `xml:"PhysicalResourceId,omitempty"`
	ResourceType         string
	LastUpdatedTimestamp time.Time
	ResourceStatus       string
	ResourceStatusReason string `xml:",omitempty"`
	DriftInformation     resourceDriftXML
}

func (s *Service) listStackResources(in namedIn) (any, error) {
	st, err := s.known(in.StackName, "Stack with id %s does not exist")
	if err != nil {
		return nil, err
	}
	resources, next, err := page(st.begun(), func(r *resource) int { return slices.Index(st.ids(), r.id) }, in.NextToken, s.limits.PageSize)
	if err != nil {
		return nil, err
	}
	var out struct {
		StackResourceSummaries []resourceSummaryXML `xml:"StackResourceSummaries>member"`
		NextToken              string               `xml:",omitempty"`
	}
	out.NextToken = next
	for _, r := range resources {
		out.StackResourceSummaries = append(out.StackResourceSummaries, resourceSummaryXML{
			LogicalResourceID: r.id, PhysicalResourceID: r.physicalID, ResourceType: r.spec.Type,
			LastUpdatedTimestamp: r.updatedAt, ResourceStatus: r.status, ResourceStatusReason: r.reason,
			DriftInformation: resourceDriftXML{"NOT_CHECKED"},
		})
	}
	return out, nil
}

type listStacksIn struct {
	StackStatusFilter []string
	NextToken         string
}

type stackSummaryXML struct {
	StackID             string `xml:"StackId"`
	StackName           string
	TemplateDescription string `xml:",omitempty"`
	CreationTime        time.Time
	LastUpdatedTime     *time.Time
	DeletionTime        *time.Time
	StackStatus         string
	StackStatusReason   string `xml:",omitempty"`
	DriftInformation    driftXML
}

// stackStatuses are the values of the status filter.
var stackStatuses = []string{
	createInProgress, createFailed, createComplete, rollbackInProgress, rollbackFailed, rollbackComplete,
	deleteInProgress, deleteFailed, deleteComplete, updateInProgress, updateCleanup, updateComplete,
	"UPDATE_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED",
	"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS",
	"IMPORT_IN_PROGRESS", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_FAILED",
	"IMPORT_ROLLBACK_COMPLETE",
}

func (s *Service) listStacks(in listStacksIn) (any, error) {
	for _, status := range in.StackStatusFilter {
		if !slices.Contains(stackStatuses, status) {
			return nil, constraint("["+status+"]", "stackStatusFilter", "Member must satisfy constraint: [Member must satisfy enum value set]")
		}
	}
	var matching []*stack
	for _, st := range slices.Backward(s.stacks) {
		if len(in.StackStatusFilter) == 0 || slices.Contains(in.StackStatusFilter, st.status) {
			matching = append(matching, st)
		}
	}
	stacks, next, err := page(matching, newestFirst, in.NextToken, s.limits.PageSize)
	if err != nil {
		return nil, err
	}
	var out struct {
		StackSummaries []stackSummaryXML `xml:"StackSummaries>member"`
		NextToken      string            `xml:",omitempty"`
	}
	out.NextToken = next
	for _, st := range stacks {
		out.StackSummaries = append(out.StackSummaries, stackSummaryXML{
			StackID: st.id, StackName: st.name, TemplateDescription: st.description, CreationTime: st.createdAt,
			LastUpdatedTime: optional(st.updatedAt), DeletionTime: optional(st.deletedAt),
			StackStatus: st.status, StackStatusReason: st.reason, DriftInformation: driftXML{"NOT_CHECKED"},
		})
	}
	return out, nil
}

type getTemplateIn struct {
	StackName     string
	TemplateStage string
}

func (s *Service) getTemplate(in getTemplateIn) (any, error) {
	st, err := s.known(in.StackName, "Stack with id %s does not exist")
	if err != nil {
		return nil, err
	}
	return struct {
		TemplateBody    string
		StagesAvailable []string `xml:"StagesAvailable>member"`
	}{st.template.body, []string{"Original", "Processed"}}, nil
}

type validateTemplateIn struct {
	TemplateBody *string
	TemplateURL  *string
}

func (s *Service) validateTemplate(in validateTemplateIn) (any, error) {
	if err := checkTemplateSource(in.TemplateBody, in.TemplateURL); err != nil {
		return nil, err
	}
	t, err := parseTemplate(*in.TemplateBody, s.providers)
	if err != nil {
		return nil, err
	}
	type parameterXML struct {
		ParameterKey string
		DefaultValue *string
		NoEcho       bool
		Description  string `xml:",omitempty"`
	}
	var out struct {
		Parameters  []parameterXML `xml:"Parameters>member"`
		Description string         `xml:",omitempty"`
	}
	out.Description = t.Description
	for _, name := range slices.Sorted(maps.Keys(t.Parameters)) {
		p := t.Parameters[name]
		out.Parameters = append(out.Parameters, parameterXML{name, p.Default, p.NoEcho, p.Description})
	}
	return out, nil
}
