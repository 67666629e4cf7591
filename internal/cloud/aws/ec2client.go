package aws

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/ec2query"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	ec2ID      = "EC2"
	ec2Name    = "ec2"
	ec2Version = "2016-11-15"
	// ec2AnswerMax limits an answer, whose size follows from the number of IDs.
	ec2AnswerMax = 4 << 20
)

// ec2Client makes the two calls to EC2 with the SDK's own parts: retries,
// signatures, credentials, metrics. The SDK's module for EC2 is 700,000 lines,
// seven times as many as that for ECS, which everybody who builds the manager
// would have to compile.
type ec2Client struct {
	cfg     awssdk.Config
	retryer awssdk.Retryer
	signer  *v4.Signer
}

func newEC2Client(cfg awssdk.Config) *ec2Client {
	return &ec2Client{cfg: cfg, retryer: cfg.Retryer(), signer: v4.NewSigner()}
}

// ec2Subnet is a subnet in an answer.
type ec2Subnet struct {
	ID    string `xml:"subnetId"`
	VPCID string `xml:"vpcId"`
	Zone  string `xml:"availabilityZone"`
}

// ec2SecurityGroup is a security group in an answer.
type ec2SecurityGroup struct {
	ID    string `xml:"groupId"`
	VPCID string `xml:"vpcId"`
}

// DescribeSubnets describes those that exist: a filter, unlike a list of IDs,
// isn't refused for one that doesn't.
func (c *ec2Client) DescribeSubnets(ctx context.Context, ids []string) ([]ec2Subnet, error) {
	var out struct {
		Subnets []ec2Subnet `xml:"subnetSet>item"`
	}
	err := c.call(ctx, "DescribeSubnets", filtered("subnet-id", ids), &out)
	return out.Subnets, err
}

// DescribeSecurityGroups describes those that exist.
func (c *ec2Client) DescribeSecurityGroups(ctx context.Context, ids []string) ([]ec2SecurityGroup, error) {
	var out struct {
		Groups []ec2SecurityGroup `xml:"securityGroupInfo>item"`
	}
	err := c.call(ctx, "DescribeSecurityGroups", filtered("group-id", ids), &out)
	return out.Groups, err
}

func filtered(name string, values []string) url.Values {
	form := url.Values{"Filter.1.Name": {name}}
	for i, value := range values {
		form.Set(fmt.Sprintf("Filter.1.Value.%d", i+1), value)
	}
	return form
}

// call makes a call and decodes its answer.
func (c *ec2Client) call(ctx context.Context, operation string, form url.Values, out any) error {
	form.Set("Action", operation)
	form.Set("Version", ec2Version)
	stack := middleware.NewStack(operation, smithyhttp.NewStackRequest)
	if err := c.assemble(stack, operation, form.Encode(), out); err != nil {
		return fmt.Errorf("assemble %s: %w", operation, err)
	}
	handler := middleware.DecorateHandler(smithyhttp.NewClientHandlerWithOptions(c.cfg.HTTPClient), stack)
	if _, _, err := handler.Handle(ctx, struct{}{}); err != nil {
		return &smithy.OperationError{ServiceID: ec2ID, OperationName: operation, Err: err}
	}
	return nil
}

// assemble builds the steps of a call, in the order in which the SDK has them.
func (c *ec2Client) assemble(stack *middleware.Stack, operation, body string, out any) error {
	agent := awsmiddleware.NewRequestUserAgent()
	agent.AddSDKAgentKey(awsmiddleware.APIMetadata, ec2Name)
	if c.cfg.AppID != "" {
		agent.AddSDKAgentKey(awsmiddleware.ApplicationIdentifier, c.cfg.AppID)
	}
	metadata := awsmiddleware.RegisterServiceMetadata{
		Region: c.cfg.Region, ServiceID: ec2ID, SigningName: ec2Name, OperationName: operation,
	}
	for _, add := range []func() error{
		func() error { return stack.Initialize.Add(&metadata, middleware.Before) },
		func() error { return stack.Serialize.Add(c.serialize(body), middleware.After) },
		func() error { return stack.Build.Add(agent, middleware.After) },
		func() error {
			return stack.Finalize.Add(retry.NewAttemptMiddleware(c.retryer, smithyhttp.RequestCloner), middleware.Before)
		},
		func() error { return stack.Finalize.Add(c.sign(body), middleware.After) },
		func() error { return stack.Deserialize.Add(deserialize(out), middleware.After) },
		func() error { return awsmiddleware.AddRequestIDRetrieverMiddleware(stack) },
		func() error { return awshttp.AddResponseErrorMiddleware(stack) },
	} {
		if err := add(); err != nil {
			return err
		}
	}
	for _, option := range c.cfg.APIOptions {
		if err := option(stack); err != nil {
			return err
		}
	}
	return nil
}

func (c *ec2Client) serialize(body string) middleware.SerializeMiddleware {
	return middleware.SerializeMiddlewareFunc("OperationSerializer",
		func(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (middleware.SerializeOutput, middleware.Metadata, error) {
			fail := func(err error) (middleware.SerializeOutput, middleware.Metadata, error) {
				return middleware.SerializeOutput{}, middleware.Metadata{}, &smithy.SerializationError{Err: err}
			}
			endpoint, err := ec2Endpoint(ctx, c.cfg)
			if err != nil {
				return fail(err)
			}
			request := in.Request.(*smithyhttp.Request)
			if request.URL, err = url.Parse(endpoint); err != nil {
				return fail(err)
			}
			if request.URL.Path == "" {
				request.URL.Path = "/"
			}
			request.Method = http.MethodPost
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if in.Request, err = request.SetStream(strings.NewReader(body)); err != nil {
				return fail(err)
			}
			return next.HandleSerialize(ctx, in)
		})
}

// sign signs each attempt.
func (c *ec2Client) sign(body string) middleware.FinalizeMiddleware {
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	return middleware.FinalizeMiddlewareFunc("Signing",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			credentials, err := c.cfg.Credentials.Retrieve(ctx)
			if err == nil {
				err = c.signer.SignHTTP(ctx, credentials, in.Request.(*smithyhttp.Request).Request, hash, ec2Name, c.cfg.Region, time.Now())
			}
			if err != nil {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, &v4.SigningError{Err: err}
			}
			return next.HandleFinalize(ctx, in)
		})
}

// deserialize reads an answer into out, or the error in it.
func deserialize(out any) middleware.DeserializeMiddleware {
	return middleware.DeserializeMiddlewareFunc("OperationDeserializer",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			result, metadata, err := next.HandleDeserialize(ctx, in)
			if err != nil {
				return result, metadata, err
			}
			response := result.RawResponse.(*smithyhttp.Response)
			defer smithyhttp.CloseResponseBody(ctx, response, false, nil)
			body, err := io.ReadAll(io.LimitReader(response.Body, ec2AnswerMax))
			switch {
			case err != nil:
				return result, metadata, &smithy.DeserializationError{Err: err}
			case response.StatusCode >= http.StatusMultipleChoices:
				return result, metadata, ec2Error(response.StatusCode, body)
			}
			if err := xml.Unmarshal(body, out); err != nil {
				return result, metadata, &smithy.DeserializationError{Err: err, Snapshot: body[:min(len(body), 1024)]}
			}
			return result, metadata, nil
		})
}

// ec2Error is the error in an answer; of an unreadable one only the status is
// known.
func ec2Error(status int, body []byte) error {
	said, err := ec2query.GetErrorResponseComponents(bytes.NewReader(body))
	if err != nil || said.Code == "" {
		said.Code, said.Message = "UnknownError", http.StatusText(status)
	}
	fault := smithy.FaultClient
	if status >= http.StatusInternalServerError {
		fault = smithy.FaultServer
	}
	return &smithy.GenericAPIError{Code: said.Code, Message: said.Message, Fault: fault}
}

// ec2Endpoint is where EC2 is called: at the endpoint that is configured, or
// beside Elastic Load Balancing, whose host names differ from EC2's by the first
// word only in all partitions, with FIPS and dual-stack too.
func ec2Endpoint(ctx context.Context, cfg awssdk.Config) (string, error) {
	if endpoint, err := configuredEndpoint(ctx, cfg); err != nil || endpoint != "" {
		return endpoint, err
	}
	options := elb.NewFromConfig(cfg).Options().EndpointOptions
	found, err := elb.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, elb.EndpointParameters{
		Region:       &cfg.Region,
		UseDualStack: new(options.UseDualStackEndpoint == awssdk.DualStackEndpointStateEnabled),
		UseFIPS:      new(options.UseFIPSEndpoint == awssdk.FIPSEndpointStateEnabled),
	})
	if err != nil {
		return "", err
	}
	const neighbour = "elasticloadbalancing"
	host, ok := strings.CutPrefix(found.URI.Host, neighbour)
	if !ok {
		return "", fmt.Errorf("no endpoint of EC2 is known: that of Elastic Load Balancing is %s", found.URI.Host)
	}
	found.URI.Host = ec2Name + host
	return found.URI.String(), nil
}

// configuredEndpoint is what the environment, a shared file or Options say; "" if
// nothing does. The order is that of the SDK's clients.
func configuredEndpoint(ctx context.Context, cfg awssdk.Config) (string, error) {
	_, all := os.LookupEnv("AWS_ENDPOINT_URL")
	_, one := os.LookupEnv("AWS_ENDPOINT_URL_EC2")
	for _, source := range cfg.ConfigSources {
		provider, ok := source.(interface {
			GetServiceBaseEndpoint(ctx context.Context, sdkID string) (string, bool, error)
		})
		if !ok || all && !one {
			continue
		}
		if endpoint, found, err := provider.GetServiceBaseEndpoint(ctx, ec2ID); err != nil || found {
			return endpoint, err
		}
	}
	return awssdk.ToString(cfg.BaseEndpoint), nil
}
