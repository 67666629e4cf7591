// Package e2e tests the product as it is released: the manifests of config/ on
// a real kube-apiserver, and the manager's binary as a separate process, with
// only the permissions that the manifests grant, against the simulated AWS over
// HTTP. The cluster is also lost and restored with etcd's own tools.
//
// Its tests import the API, internal/awssim, test/testcluster and test/traffic,
// and none of the code that runs in the manager.
package e2e
