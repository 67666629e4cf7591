// Package awssim is a simulated AWS account in one region: CloudFormation, ECS,
// Application Auto Scaling, Elastic Load Balancing, ECR, Lambda, Step Functions,
// CloudWatch and STS on the wire, behind one endpoint that any AWS SDK can talk to.
//
// Time is plain time.Now and timers, divided by a speed factor: a simulation
// runs as slow as AWS, fast for a demonstration, or virtual inside a
// testing/synctest bubble. Every choice follows from a seed. The package owns
// the front end (routing, authentication, faults, the record of calls) and the
// wiring; each service lives in a package below it. It imports the standard
// library, a codec for CBOR and those packages only.
package awssim
