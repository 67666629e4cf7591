// Package mainjob runs the manager's binary through its main job with moto, a
// third-party simulation of AWS: stacks, rules, weights, completion and
// deletion, with a real kube-apiserver.
//
// If moto differs from AWS in a way that blocks a rollout, its own
// configuration or API makes up for it, here and never in the product:
//
//   - moto runs no tasks. MOTO_ECS_SERVICE_RUNNING gives each service as many
//     as are desired.
//   - moto registers no targets for a service. The test registers them, as ECS
//     does; moto reports every target as healthy.
//   - moto wants a VPC, subnets and a security group that exist, which the test
//     makes, and knows one account, which MOTO_ACCOUNT_ID names after the
//     images' registry.
//   - moto's server doesn't speak the protocol in which the SDK for Go calls
//     CloudWatch (Smithy's RPC v2 with CBOR), and nobody sends requests that it
//     could have metrics of. The deployments here aren't judged by any.
//   - moto's DeleteStack forgets to delete target groups, listener rules and
//     what is of ECS. The test looks for what the controller itself has made.
//
// Other differences need nothing: stacks are complete immediately, a service is
// created whether or not its target group has a load balancer, and rules lack
// the redundant members TargetGroupArn and Values.
//
// The tests are skipped unless CONFORMANCE_PYTHON names a Python that has moto:
// test/conformance/aws/run sets it.
package mainjob
