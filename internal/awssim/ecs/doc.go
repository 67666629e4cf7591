// Package ecs owns the simulated Amazon ECS, on Fargate and on instances of EC2:
// clusters, container instances, task definitions, services with their scheduler,
// tasks with their life, the CloudFormation resource types of them, and what tasks
// answer to requests.
//
// What a task does is decided by words in its image's tag. A word is what
// stands between characters that are neither letters nor digits, so that
// "2.1.0-crash" holds the word "crash". An image that is pinned by digest has
// the tags which Options.TagResolver finds. The variable SIMULATE in a container's
// environment is read in the same way, since a value can break what an image
// doesn't. A task with several containers
// shows the faults of all.
//
//	crash      its container starts and exits with code 1, again and again
//	nopull     its image can't be pulled
//	noterm     its containers ignore SIGTERM, and are killed after their stopTimeout
//	unhealthy  it answers health checks with 500, for ever
//	flap       it passes health checks for two minutes, fails for two, and so on
//	late       it answers health checks with 503 for its first three minutes
//	errN       it answers N per cent of requests with 500 (err20); N from 500
//	           to 599 is the status of all answers (err500). Health checks pass
//	hangN      it answers N per cent of requests not at all: the load balancer
//	           does, with 504, when its idle timeout is over. Health checks pass
//	resetN     it resets the connection of N per cent of requests, for which the
//	           load balancer answers 502. Health checks pass
//	slow       it answers requests after 2 s
//	slowN      it answers requests after N ms
//	cpuN       its CPU utilization is N per cent instead of about 20
//	memN       its memory utilization is N per cent instead of about 30
//
// Everything else is a good image. Health checks are requests from the load
// balancer's checker and those to paths which begin with /health.
//
// Delays of the control plane are scaled by the world's speed; those of
// requests are not, but for the idle timeout of those that hang.
//
// It imports the standard library, core and elb.
package ecs
