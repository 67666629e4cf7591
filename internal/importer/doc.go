// Package importer turns what runs as an Amazon ECS service today into an
// ImmutableDeployment: task definitions and services as the AWS CLI prints them,
// CloudFormation templates, ecspresso's files, Copilot's manifests, and the
// AppSpec files of CodeDeploy. It says of everything that it can't carry over where
// it is and why.
//
// All inputs are brought into the terms of the ECS API first, as a tree of nodes
// that know their line. Most fields have the same name here, so they are copied by
// the JSON names of the API's types; a field that the API gets later is imported
// without a change. What nobody has read in the end is reported. The rules of the
// CRD decide what can stay.
//
// It is pure: bytes in, manifests and findings out. It imports api/v1alpha1
// and internal/admission.
package importer
