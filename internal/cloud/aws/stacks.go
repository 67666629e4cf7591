package aws

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// stacks implements cloud.Stacks.
type stacks struct {
	api cloudFormationAPI

	mu     sync.Mutex
	list   []cloud.StackSummary
	listed time.Time
}

// listLasts is how long a list of stacks is reused: an account may have 2,000,
// which takes 20 calls.
const listLasts = 30 * time.Second

// Create sends OnFailure DO_NOTHING: a rollback or deletion by CloudFormation
// would remove the failed resources, and with them ECS's reasons, before they
// can be read. The caller deletes failed stacks. RetainExceptOnCreate is for
// stacks that a person rolls back manually: it leaves nothing behind. In express
// mode the first is said by DisableRollback, as OnFailure is refused, and nobody
// can roll back.
func (s *stacks) Create(ctx context.Context, in cloud.CreateStack) (string, error) {
	request := &cfn.CreateStackInput{
		StackName:          &in.Name,
		TemplateBody:       &in.TemplateBody,
		Parameters:         stackParameters(in.Parameters),
		Tags:               stackTags(in.Tags),
		ClientRequestToken: optional(in.Token),

		EnableTerminationProtection: &in.TerminationProtection,
	}
	if in.Express {
		request.DeploymentConfig = &types.DeploymentConfig{Mode: types.DeploymentConfigModeExpress, DisableRollback: new(true)}
	} else {
		request.OnFailure, request.RetainExceptOnCreate = types.OnFailureDoNothing, new(true)
	}
	out, err := s.api.CreateStack(ctx, request)
	if err != nil {
		return "", wrap(err)
	}
	return awssdk.ToString(out.StackId), nil
}

func (s *stacks) Describe(ctx context.Context, nameOrID string) (cloud.Stack, error) {
	out, err := s.api.DescribeStacks(ctx, &cfn.DescribeStacksInput{StackName: &nameOrID})
	if err != nil {
		return cloud.Stack{}, wrap(err)
	}
	if len(out.Stacks) == 0 {
		return cloud.Stack{}, notFound("cloudformation:DescribeStacks", "", "Stack "+nameOrID+" does not exist")
	}
	return stackFrom(&out.Stacks[0]), nil
}

// List returns a recent list, if there is one. Callers don't wait for each
// other, so two may list at once.
func (s *stacks) List(ctx context.Context) ([]cloud.StackSummary, error) {
	s.mu.Lock()
	kept, fresh := s.list, !s.listed.IsZero() && time.Since(s.listed) < listLasts
	s.mu.Unlock()
	if fresh {
		return kept, nil
	}
	out, err := s.readList(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list, s.listed = out, time.Now()
	return out, nil
}

func (s *stacks) readList(ctx context.Context) ([]cloud.StackSummary, error) {
	var out []cloud.StackSummary
	pages := cfn.NewListStacksPaginator(s.api, &cfn.ListStacksInput{StackStatusFilter: notDeleted()})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap(err)
		}
		for _, summary := range page.StackSummaries {
			out = append(out, cloud.StackSummary{
				ID: awssdk.ToString(summary.StackId), Name: awssdk.ToString(summary.StackName), Status: cloud.StackStatus(summary.StackStatus),
			})
		}
	}
	return out, nil
}

// notDeleted returns all statuses except DELETE_COMPLETE: without a filter, the
// list also has the stacks deleted in the last 90 days.
func notDeleted() []types.StackStatus {
	return slices.DeleteFunc(types.StackStatus("").Values(), func(status types.StackStatus) bool {
		return status == types.StackStatusDeleteComplete
	})
}

func (s *stacks) Template(ctx context.Context, stackID string) (string, error) {
	out, err := s.api.GetTemplate(ctx, &cfn.GetTemplateInput{StackName: &stackID, TemplateStage: types.TemplateStageOriginal})
	if err != nil {
		return "", wrap(err)
	}
	return awssdk.ToString(out.TemplateBody), nil
}

// beginsCreation reports whether this is the oldest event to read.
func beginsCreation(e *types.StackEvent) bool {
	return e.ResourceStatus == types.ResourceStatusCreateInProgress &&
		awssdk.ToString(e.PhysicalResourceId) == awssdk.ToString(e.StackId) &&
		awssdk.ToString(e.ResourceStatusReason) == "User Initiated"
}

// Resources omits those without a physical ID, whose creation never began, and
// deleted ones.
func (s *stacks) Resources(ctx context.Context, stackID string) (map[string]string, error) {
	list, err := s.resources(ctx, stackID)
	if err != nil {
		return nil, err
	}
	physical := map[string]string{}
	for i := range list {
		id := awssdk.ToString(list[i].PhysicalResourceId)
		if id != "" && list[i].ResourceStatus != types.ResourceStatusDeleteComplete {
			physical[awssdk.ToString(list[i].LogicalResourceId)] = id
		}
	}
	return physical, nil
}

func (s *stacks) Undeletable(ctx context.Context, stackID string) ([]cloud.StackResource, error) {
	return s.resourcesIn(ctx, stackID, types.ResourceStatusDeleteFailed)
}

func (s *stacks) Retained(ctx context.Context, stackID string) ([]cloud.StackResource, error) {
	return s.resourcesIn(ctx, stackID, types.ResourceStatusDeleteSkipped)
}

// resourcesIn returns the resources with a status, sorted by logical ID.
func (s *stacks) resourcesIn(ctx context.Context, stackID string, status types.ResourceStatus) ([]cloud.StackResource, error) {
	list, err := s.resources(ctx, stackID)
	if err != nil {
		return nil, err
	}
	var out []cloud.StackResource
	for i := range list {
		if list[i].ResourceStatus == status {
			out = append(out, resourceFrom(&list[i]))
		}
	}
	slices.SortFunc(out, func(a, b cloud.StackResource) int { return cmp.Compare(a.LogicalID, b.LogicalID) })
	return out, nil
}

func (s *stacks) resources(ctx context.Context, stackID string) ([]types.StackResourceSummary, error) {
	var list []types.StackResourceSummary
	pages := cfn.NewListStackResourcesPaginator(s.api, &cfn.ListStackResourcesInput{StackName: &stackID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap(err)
		}
		list = append(list, page.StackResourceSummaries...)
	}
	return list, nil
}

func (s *stacks) Protect(ctx context.Context, stackID string, on bool) error {
	_, err := s.api.UpdateTerminationProtection(ctx, &cfn.UpdateTerminationProtectionInput{
		StackName: &stackID, EnableTerminationProtection: &on,
	})
	return wrap(err)
}

func (s *stacks) Delete(ctx context.Context, in cloud.DeleteStack) error {
	if !arn.IsARN(in.StackID) {
		return invalid("a stack is deleted by its ID, not by a name such as " + in.StackID)
	}
	request := &cfn.DeleteStackInput{
		StackName:          &in.StackID,
		ClientRequestToken: optional(in.Token),
		RetainResources:    in.RetainResources,
		DeletionMode:       deletionMode(in.Force),
	}
	if in.Standard {
		request.DeploymentConfig = &types.DeploymentConfig{Mode: types.DeploymentConfigModeStandard}
	}
	_, err := s.api.DeleteStack(ctx, request)
	return unlessGone(wrap(err))
}

func deletionMode(force bool) types.DeletionMode {
	if force {
		return types.DeletionModeForceDeleteStack
	}
	return types.DeletionModeStandard
}

func stackFrom(s *types.Stack) cloud.Stack {
	out := cloud.Stack{
		ID:           awssdk.ToString(s.StackId),
		Name:         awssdk.ToString(s.StackName),
		Status:       cloud.StackStatus(s.StackStatus),
		StatusReason: clean(awssdk.ToString(s.StackStatusReason)),
		StatusKind:   kindOfFailure(awssdk.ToString(s.StackStatusReason)),
		Parameters:   map[string]string{},
		Outputs:      map[string]string{},
		Tags:         map[string]string{},

		TerminationProtection: awssdk.ToBool(s.EnableTerminationProtection),

		Express: s.DeploymentConfig != nil && s.DeploymentConfig.Mode == types.DeploymentConfigModeExpress,
	}
	for _, p := range s.Parameters {
		out.Parameters[awssdk.ToString(p.ParameterKey)] = awssdk.ToString(p.ParameterValue)
	}
	for _, o := range s.Outputs {
		out.Outputs[awssdk.ToString(o.OutputKey)] = awssdk.ToString(o.OutputValue)
	}
	for _, t := range s.Tags {
		out.Tags[awssdk.ToString(t.Key)] = awssdk.ToString(t.Value)
	}
	return out
}

func resourceFrom(r *types.StackResourceSummary) cloud.StackResource {
	return cloud.StackResource{
		LogicalID:  awssdk.ToString(r.LogicalResourceId),
		PhysicalID: awssdk.ToString(r.PhysicalResourceId),
		Type:       awssdk.ToString(r.ResourceType),
		Reason:     clean(awssdk.ToString(r.ResourceStatusReason)),
	}
}

func eventFrom(e *types.StackEvent) cloud.StackEvent {
	return cloud.StackEvent{
		StackID:      awssdk.ToString(e.StackId),
		LogicalID:    awssdk.ToString(e.LogicalResourceId),
		PhysicalID:   awssdk.ToString(e.PhysicalResourceId),
		ResourceType: awssdk.ToString(e.ResourceType),
		Status:       string(e.ResourceStatus),
		Reason:       clean(awssdk.ToString(e.ResourceStatusReason)),
		Kind:         kindOfFailure(awssdk.ToString(e.ResourceStatusReason)),
	}
}

// stackParameters are sorted, so that equal requests have equal bodies.
func stackParameters(in map[string]string) []types.Parameter {
	var out []types.Parameter
	for _, key := range slices.Sorted(maps.Keys(in)) {
		out = append(out, types.Parameter{ParameterKey: new(key), ParameterValue: new(in[key])})
	}
	return out
}

func stackTags(in map[string]string) []types.Tag {
	var out []types.Tag
	for _, key := range slices.Sorted(maps.Keys(in)) {
		out = append(out, types.Tag{Key: new(key), Value: new(in[key])})
	}
	return out
}

// optional returns nil for "".
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// unlessGone treats "not found" as success of a deletion.
func unlessGone(err error) error {
	if cloud.IsNotFound(err) {
		return nil
	}
	return err
}
