// Package rbac holds no code: its test keeps what the roles of people allow equal
// to what docs/security.md says of them. It reads the manifests in people.
package rbac
