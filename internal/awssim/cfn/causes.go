package cfn

import "fmt"

// Reason is why a resource's creation or deletion fails, in the words of
// CloudFormation's handlers: a service's message, with the code of the handler
// contract (Throttling, AccessDenied, ServiceLimitExceeded, …). Where the code is
// "", it is told without one, as by older handlers.
func Reason(code, message string) string {
	const request = "f9914d5c-6d2b-44f6-99a4-f94fb4b1a0e8"
	if code == "" {
		return message
	}
	return fmt.Sprintf("Resource handler returned message: %q (RequestToken: %s, HandlerErrorCode: %s)", message, request, code)
}

// Causes are reasons for which resources fail on AWS although their template is
// sound, by what the cause is. The words are those of reports: aws/aws-cdk#28965
// (rate exceeded under a general code), aws/copilot-cli#4532 (a listener's
// priority), stelligent/mu#324 (the same from an older handler), AWS's Knowledge
// Center ("How do I troubleshoot missing permission errors in CloudFormation?"),
// and the message reference of the ECS Developer Guide.
var Causes = map[string]string{
	"quota": Reason("ServiceLimitExceeded",
		"The maximum number of rules per security group has been reached. (Service: Ec2, Status Code: 400, Request ID: 0f6b9b3c)"),
	"quota by another code": Reason("GeneralServiceException",
		"Error occurred during operation 'You've reached the limit on the number of unique target groups per load balancer across all listeners (Service: ElasticLoadBalancingV2, Status Code: 400, Request ID: 0f6b9b3c)'."),
	"quota without a code": "The maximum number of rules on load balancer 'shop' has been reached (Service: AmazonElasticLoadBalancingV2; Status Code: 400; Error Code: TooManyRules; Request ID: 0f6b9b3c)",
	"throttled":            Reason("Throttling", "Rate exceeded (Service: Ecs, Status Code: 400, Request ID: 0f6b9b3c)"),
	"throttled by another code": Reason("GeneralServiceException",
		"Error occurred during operation 'AWS::ElasticLoadBalancingV2::ListenerRuleRate exceeded (Service: ElasticLoadBalancingV2, Status Code: 400, Request ID: 0f6b9b3c)'."),
	"denied": Reason("AccessDenied",
		"User: arn:aws:sts::111122223333:assumed-role/viridian/1 is not authorized to perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/ecs-execution because no identity-based policy allows the iam:PassRole action (Service: Ecs, Status Code: 400, Request ID: 0f6b9b3c)"),
	"denied without saying what": Reason("AccessDenied", "Access denied for operation 'AWS::ECS::Service'."),
	"internal error":             Reason("ServiceInternalError", "Internal error (Service: Ecs, Status Code: 500, Request ID: 0f6b9b3c)"),
	"internal failure":           "Internal Failure",
	"network":                    Reason("NetworkFailure", "Unable to execute HTTP request: Connect to ecs timed out"),
	"no capacity":                Reason("NotStabilized", "Capacity is unavailable at this time. Please try again later or in a different availability zone."),
	"taken":                      Reason("AlreadyExists", "Resource of type 'AWS::ElasticLoadBalancingV2::ListenerRule' with identifier 'One or more priorities not found (Service: ElasticLoadBalancingV2, Status Code: 400, Request ID: 0f6b9b3c, Extended Request ID: null)' already exists."),
}
