// Package policy holds no code: its test keeps the IAM policies in this
// directory equal to what the controller calls and to what its stacks need. It
// reads them and the source of internal/cloud/aws.
package policy
