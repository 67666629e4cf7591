package ecs

// Shortage says why AWS has nothing to run tasks of a service on, in ECS's words;
// "" if it has. If placed is true the tasks stop before they start, else ECS only
// tells in an event that it can't place them.
type Shortage func(service string) (reason string, placed bool)

// SetShortage has AWS lack what tasks run on; nil ends that. It is asked with the
// world's lock held.
func (s *Service) SetShortage(f Shortage) { s.shortage = f }

func (s *Service) lack(svc *service) (reason string, placed bool) {
	if s.shortage == nil {
		return "", false
	}
	return s.shortage(svc.name)
}

// Cut says why tasks of a service can't reach what they start from, in ECS's words;
// "" if they can.
type Cut func(service string) (reason string)

// SetCut has the network keep tasks from what they start from; nil ends that. Tasks
// that run go on. It is asked with the world's lock held.
func (s *Service) SetCut(f Cut) { s.cut = f }

func (s *Service) severed(svc *service) string {
	if s.cut == nil {
		return ""
	}
	return s.cut(svc.name)
}

// Cuts are what ECS says of tasks that the network keeps from what they start from,
// by what that is: the words of its guide to stopped tasks ("There is a connection
// issue …"), with those of its agent as users have reported them.
var Cuts = map[string]string{
	"registry": "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: failed to do request: " +
		"Get \"https://registry/v2/checkout/blobs/1\": dial tcp 10.0.0.9:443: i/o timeout",
	"registry auth": "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: " +
		"There is a connection issue between the task and Amazon ECR. Check your task network configuration. operation error ECR: GetAuthorizationToken, " +
		"exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , request send failed, Post \"https://ecr/\": dial tcp 10.0.0.9:443: i/o timeout",
	"secret": "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: " +
		"There is a connection issue between the task and AWS Secrets Manager. Check your task network configuration. failed to fetch secret from secrets manager: " +
		"operation error Secrets Manager: GetSecretValue, https response error StatusCode: 0, RequestID: , canceled, context deadline exceeded",
	"logs": "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. " +
		"There is a connection issue between the task and Amazon CloudWatch. Check your network configuration. : signal: killed",
}
