// Package kubernetes checks what Viridian writes with third-party tools for
// Kubernetes: the status library of Flux, Flux's health checks, Argo CD's way
// of running Lua, and the real kubectl.
//
// Its tests run the manager's binary with config/default on a real
// kube-apiserver and against the simulated AWS. They import the API and
// internal/awssim, and none of the code that runs in the manager.
package kubernetes
