package core

import (
	"fmt"
	"net/http"
	"net/url"
)

// APIError is a refusal as AWS words it: the code that SDKs switch on, the
// message and the HTTP status (4xx is the sender's fault, 5xx the receiver's).
type APIError struct {
	Status  int
	Code    string
	Message string
	// Members are what the error has besides, such as Reason in Lambda's
	// TooManyRequestsException. Only the REST-JSON protocol shows them.
	Members map[string]string
}

func (e *APIError) Error() string { return e.Code + ": " + e.Message }

// Errorf is a refusal with HTTP status 400.
func Errorf(code, format string, args ...any) *APIError {
	return &APIError{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

// QueryFunc handles one action of a query-protocol service (CloudFormation,
// ELBv2, STS). It runs with the world's lock held. The result is marshalled by
// encoding/xml inside <ActionResult>; nil makes an empty result.
type QueryFunc func(in url.Values) (result any, err error)

// JSONFunc handles one action of a JSON-protocol service (ECS, ECR). It runs
// with the world's lock held. The result is marshalled by encoding/json.
type JSONFunc func(body []byte) (result any, err error)

// RPCFunc handles one operation of a service that speaks Smithy's RPC protocol
// (CloudWatch). It runs with the world's lock held. decode fills the struct
// that it is given from the request and refuses members without a field. The
// result is encoded by field names; nil makes an empty result.
type RPCFunc func(decode func(in any) error) (result any, err error)

// QueryService is a service that speaks the AWS query protocol.
type QueryService interface {
	// SigningName is the service in the request's credential scope.
	SigningName() string
	// Namespace is the xmlns of its responses.
	Namespace() string
	// Query lists the actions it knows.
	Query() map[string]QueryFunc
}

// JSONService is a service that speaks the AWS JSON 1.1 protocol.
type JSONService interface {
	// SigningName is the service in the request's credential scope.
	SigningName() string
	// TargetPrefix is what stands before the dot in X-Amz-Target.
	TargetPrefix() string
	// JSON lists the actions it knows.
	JSON() map[string]JSONFunc
}

// RPCService is a service that speaks Smithy's RPC protocol with CBOR bodies.
type RPCService interface {
	// SigningName is the service in the request's credential scope.
	SigningName() string
	// Shape is the service's name in the path of its requests.
	Shape() string
	// RPC lists the operations it knows.
	RPC() map[string]RPCFunc
}

// Tag is a key and value on a resource.
type Tag struct {
	Key   string
	Value string
}

// StackRef tells a provider for which stack and logical resource it works.
type StackRef struct {
	StackName string
	StackID   string
	LogicalID string
	// Tags are the stack's tags with the aws:cloudformation ones; AWS
	// propagates them to the resources that can be tagged.
	Tags []Tag
	// Started tells CloudFormation the physical ID of a resource that exists
	// but isn't stable yet (an ECS service which starts its tasks), so that
	// ListStackResources shows it and a rollback can delete it. Calling it is
	// optional; it is never nil.
	Started func(physicalID string)
	// Express has the resource done once its service has taken the call, without
	// waiting for what follows from it.
	Express bool
}

// Created is what CloudFormation keeps of a created resource.
type Created struct {
	// PhysicalID is what Ref returns.
	PhysicalID string
	// Attributes are what Fn::GetAtt returns, by name.
	Attributes map[string]any
}

// Provider creates and deletes one CloudFormation resource type. All calls come
// with the world's lock held. done is called exactly once, with the lock held,
// either before the call returns or from a timer later; an error's text becomes
// the resource's status reason, so it reads as AWS's does.
type Provider interface {
	// Type is the resource type, such as AWS::ECS::Service.
	Type() string
	// Validate refuses unknown properties, missing ones and values of the
	// wrong shape, before the stack is created. Values that hold an
	// unresolved intrinsic function arrive as map[string]any with one key
	// "Ref" or "Fn::…" and must be accepted anywhere.
	Validate(properties map[string]any) error
	// Create makes the resource from resolved properties. An error may come
	// with a PhysicalID when the resource was made but failed later; it is
	// deleted then like any other.
	Create(ref StackRef, properties map[string]any, done func(Created, error))
	// Delete removes it. A resource that is already gone is deleted.
	// Delete is called too for a resource whose Create has not called done
	// yet (the stack is rolled back or deleted); Create's done is then
	// never used, so the provider stops its work. physicalID is "" if Create
	// hadn't reported one.
	Delete(ref StackRef, physicalID string, done func(error))
}

// Named is implemented by providers of resources whose name, if the template
// gives one, CloudFormation looks up before anything is made: those whose primary
// identifier is a property that can be set.
type Named interface {
	// Taken returns the name that properties give, and whether a resource has
	// it. Values that hold an unresolved intrinsic function are no names.
	Taken(properties map[string]any) (name string, taken bool)
}

// ProviderSet is implemented by services which provide CloudFormation
// resources.
type ProviderSet interface {
	Providers() []Provider
}
