// Package namespaced holds no code: its test keeps what a manager of chosen
// namespaces may do equal to what the manager of a cluster may, as far as that is
// in a namespace. It reads the manifests here and in config/rbac.
package namespaced
