// Package cfn simulates AWS CloudFormation: it parses templates, resolves
// intrinsic functions, and creates and deletes stacks resource by resource with
// the events, states and reasons that AWS reports.
//
// The resources themselves belong to core.Provider implementations. It imports
// the standard library, sigs.k8s.io/yaml and internal/awssim/core only.
package cfn
