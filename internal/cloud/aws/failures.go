package aws

import (
	"context"
	"regexp"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// Why resources of a stack fail. CloudFormation has the code of its resource
// handlers in the text of a reason, which clean removes, so it is read before.

// kindsByHandler maps the codes with which handlers say that something other than
// the properties of the resource is at fault: the CloudFormation CLI User Guide,
// "Resource type handler error codes". Others depend on the text: a rate that is
// exceeded was seen under GeneralServiceException (aws/aws-cdk#28965), a role
// that can't be assumed under InvalidRequest (go-to-k/cdkd#805).
var kindsByHandler = map[string]cloud.Kind{
	"ServiceLimitExceeded":         cloud.KindQuota,
	"Throttling":                   cloud.KindThrottled,
	"AccessDenied":                 cloud.KindDenied,
	"UnauthorizedTaggingOperation": cloud.KindDenied,
	"InvalidCredentials":           cloud.KindCredentials,
	"ServiceInternalError":         cloud.KindTransient,
	"InternalFailure":              cloud.KindTransient,
	"HandlerInternalFailure":       cloud.KindTransient,
	"NetworkFailure":               cloud.KindTransient,
	"ServiceTimeout":               cloud.KindTransient,
	"AlreadyExists":                cloud.KindConflict,
	"ResourceConflict":             cloud.KindConflict,
}

// kindsByText are what services say, in the order in which they are looked for.
var kindsByText = []struct {
	pattern *regexp.Regexp
	kind    cloud.Kind
}{
	{regexp.MustCompile(`(?i)rate exceeded|throttl|request limit exceeded|too many requests`), cloud.KindThrottled},
	{regexp.MustCompile(`(?i)is not authorized to perform|not authorized to perform this operation|access ?denied|service[- ]linked role|unable to assume IAM role`), cloud.KindDenied},
	{regexp.MustCompile(`(?i)maximum number of .*reached|reached (?:the|your) (?:limit|quota|maximum number)|LimitExceeded|limit (?:has been )?exceeded|quota`), cloud.KindQuota},
	{regexp.MustCompile(`(?i)capacity is unavailable|insufficient capacity|no capacity`), cloud.KindCapacity},
	{regexp.MustCompile(`^Internal Failure$|(?i)internal (?:server |service )?error|service unavailable|unable to execute http request|connect(?:ion)? timed out`), cloud.KindTransient},
	{regexp.MustCompile(`Priority '\d+' is currently in use|identifier '.*' already exists`), cloud.KindConflict},
}

var (
	handlerCode = regexp.MustCompile(`HandlerErrorCode: (\w+)`)
	legacyCode  = regexp.MustCompile(`Error Code: (\w+)`)
	serverError = regexp.MustCompile(`Status Code: 5\d\d\b`)
	// perTemplate are limits of one resource, which no quota of the account
	// changes: only another template keeps them.
	perTemplate = regexp.MustCompile(`(?i)maximum number of (?:tags|containers|conditions?|actions|environment)|TooManyTags|TooManyActions`)
)

// kindOfFailure tells from the raw reason of a resource what is at fault, "" if
// that is the template, or nobody knows.
func kindOfFailure(reason string) cloud.Kind {
	code := firstGroup(handlerCode, reason)
	switch {
	case perTemplate.MatchString(reason):
		return ""
	case kindsByHandler[code] != "":
		return kindsByHandler[code]
	case code == "NotStabilized":
		// Its text is often what the resource itself said.
		if kindOfText(reason) == cloud.KindCapacity {
			return cloud.KindCapacity
		}
		return ""
	}
	if kind := kindOfText(reason); kind != "" {
		return kind
	}
	switch kind := kindOfCode(firstGroup(legacyCode, reason), ""); kind { //nolint:exhaustive // the others may be the template's fault
	case cloud.KindThrottled, cloud.KindTransient, cloud.KindQuota, cloud.KindDenied, cloud.KindCredentials, cloud.KindConflict:
		return kind
	}
	if serverError.MatchString(reason) {
		return cloud.KindTransient
	}
	return ""
}

func kindOfText(text string) cloud.Kind {
	for _, k := range kindsByText {
		if k.pattern.MatchString(text) {
			return k.kind
		}
	}
	return ""
}

func firstGroup(pattern *regexp.Regexp, text string) string {
	if m := pattern.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// FailureEvents asks DescribeEvents where the stack's own events don't have the
// cause: what was found before anything was made, and what hooks say.
func (s *stacks) FailureEvents(ctx context.Context, stackID string) ([]cloud.StackEvent, error) {
	failed, err := s.failedEvents(ctx, stackID)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(failed, explains) {
		return failed, nil
	}
	found, err := s.objections(ctx, stackID)
	switch cloud.KindOf(err) { //nolint:exhaustive // the others are errors
	case cloud.KindInvalid, cloud.KindNotFound: // a region that doesn't have it
		return failed, nil
	}
	return append(found, failed...), err
}

// explains tells whether an event has a cause of its own: that of a resource, and
// not that a hook objected, whose words are elsewhere.
func explains(e cloud.StackEvent) bool {
	return e.PhysicalID != e.StackID && !strings.Contains(e.Reason, creationCancelled) && !strings.Contains(e.Reason, "hook(s)")
}

const creationCancelled = "Resource creation cancelled"

// failedEvents are those of the stack and its resources, oldest first.
func (s *stacks) failedEvents(ctx context.Context, stackID string) ([]cloud.StackEvent, error) {
	var failed []cloud.StackEvent
	pages := cfn.NewDescribeStackEventsPaginator(s.api, &cfn.DescribeStackEventsInput{StackName: &stackID})
	for begin := false; pages.HasMorePages() && !begin; {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap(err)
		}
		for i := range page.StackEvents {
			e := &page.StackEvents[i]
			if strings.HasSuffix(string(e.ResourceStatus), "_FAILED") {
				failed = append(failed, eventFrom(e))
			}
			begin = begin || beginsCreation(e)
		}
	}
	slices.Reverse(failed) // AWS returns the newest first
	return failed, nil
}

// objections are what validations and hooks have against the stack, oldest
// first, without mere warnings.
func (s *stacks) objections(ctx context.Context, stackID string) ([]cloud.StackEvent, error) {
	var found []cloud.StackEvent
	pages := cfn.NewDescribeEventsPaginator(s.api, &cfn.DescribeEventsInput{
		StackName: &stackID, Filters: &types.EventFilter{FailedEvents: new(true)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap(err)
		}
		for i := range page.OperationEvents {
			if e, objects := objectionFrom(&page.OperationEvents[i]); objects {
				found = append(found, e)
			}
		}
	}
	slices.Reverse(found)
	return found, nil
}

// objectionFrom reads an event in which a validation or a hook objects.
func objectionFrom(e *types.OperationEvent) (cloud.StackEvent, bool) {
	out := cloud.StackEvent{
		StackID: awssdk.ToString(e.StackId), LogicalID: awssdk.ToString(e.LogicalResourceId), ResourceType: awssdk.ToString(e.ResourceType),
		Status: string(types.ResourceStatusCreateFailed), Path: awssdk.ToString(e.ValidationPath),
	}
	switch e.EventType { //nolint:exhaustive // the others are told by the stack's own events
	case types.EventTypeValidationError:
		out.Check, out.Reason = awssdk.ToString(e.ValidationName), clean(awssdk.ToString(e.ValidationStatusReason))
		out.Kind = kindOfValidation(out.Check)
		return out, e.ValidationFailureMode != types.HookFailureModeWarn && e.ValidationStatus != types.ValidationStatusSkipped
	case types.EventTypeHookInvocationError:
		out.Check, out.Reason = awssdk.ToString(e.HookType), clean(awssdk.ToString(e.HookStatusReason))
		out.Hook = true
		if e.HookStatus == types.HookStatusHookFailed { // it didn't say no, it said nothing
			out.Kind = cloud.KindTransient
		}
		return out, e.HookFailureMode != types.HookFailureModeWarn
	}
	return out, false
}

// kindOfValidation tells by the name of a validation what is at fault.
func kindOfValidation(name string) cloud.Kind {
	switch {
	case strings.Contains(name, "NAME_CONFLICT"):
		return cloud.KindConflict
	case strings.Contains(name, "QUOTA"):
		return cloud.KindQuota
	}
	return ""
}
