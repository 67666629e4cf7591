// Package policy holds no code: its tests keep the IAM policies in this
// directory equal to what the controller calls and to what its stacks need, and
// try the calls with the narrower examples, as IAM would decide them. They read
// the policies, their README and the source of internal/cloud/aws, and import
// internal/wildcard.
package policy
