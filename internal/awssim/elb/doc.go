// Package elb owns the simulated Elastic Load Balancing v2: its query API,
// target health, and the CloudFormation resource types of load balancers.
//
// The control plane and the data plane are kept apart as on AWS: DescribeRules
// tells at once what was written, while LiveRules, which routes requests,
// follows after the propagation delay.
//
// It imports the standard library and core. What answers at a target's address
// comes in through Backend, what watches target health through OnHealthChange,
// so that it knows neither ECS nor the data plane.
package elb
