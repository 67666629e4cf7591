package template

import "strings"

// ServiceOf splits the physical ID of a stack's ECS service, which is its ARN,
// arn:aws:ecs:region:account:service/cluster/name. Anything else is treated as
// a name in the default cluster.
func ServiceOf(arn string) (cluster, service string) {
	parts := strings.Split(arn, "/")
	if len(parts) < 3 {
		return "", arn
	}
	return parts[len(parts)-2], parts[len(parts)-1]
}
