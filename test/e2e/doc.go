// Package e2e tests what is shipped, as it is shipped: the manifests of config/
// on a real kube-apiserver, and the manager's binary as a process of its own,
// with no more permissions than they grant, against the simulated AWS over
// HTTP. The cluster is also lost and restored, by etcd's own tools.
//
// Its tests import the API, internal/awssim, test/testcluster and test/traffic,
// and none of the code that runs in the manager.
package e2e
