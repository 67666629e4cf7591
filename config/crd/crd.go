// Package crd holds the custom resource definitions, for tools that validate
// manifests as the API server does.
package crd

import _ "embed"

// ImmutableDeployments is the CustomResourceDefinition of ImmutableDeployment, in
// YAML.
//
//go:embed bases/deploy.viridian.dev_immutabledeployments.yaml
var ImmutableDeployments []byte

// DeploymentPolicies is the CustomResourceDefinition of DeploymentPolicy, in YAML.
//
//go:embed bases/deploy.viridian.dev_deploymentpolicies.yaml
var DeploymentPolicies []byte
