package aws

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// answering returns a provider whose calls all get the same response.
func answering(t *testing.T, status int, body string) cloud.Clients {
	t.Helper()
	return clientsOf(t, newProvider(t, Options{MaxAttempts: 1, HTTPClient: &http.Client{
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: status, Request: r, Body: io.NopCloser(strings.NewReader(body)),
				Header: http.Header{"X-Amzn-Requestid": {"6f1c9a3e-0000-4a4a-8b8b-000000000000"}},
			}, nil
		}),
	}}), cloud.Identity{})
}

func queryError(code, message string) string {
	return fmt.Sprintf(`<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>`+
		`<RequestId>6f1c9a3e-0000-4a4a-8b8b-000000000000</RequestId></ErrorResponse>`, code, message)
}

func jsonError(code, message string) string {
	return fmt.Sprintf(`{"__type":"com.amazonaws.ecs#%s","message":%q}`, code, message)
}

func TestKindOfQueryErrors(t *testing.T) {
	tests := map[string]struct {
		status        int
		code, message string
		want          cloud.Kind
	}{
		"throttled":             {400, "Throttling", "Rate exceeded", cloud.KindThrottled},
		"throttled by requests": {503, "RequestLimitExceeded", "", cloud.KindThrottled},
		"one at a time":         {429, "PriorRequestNotComplete", "", cloud.KindThrottled},
		"429 alone":             {429, "Whatever", "", cloud.KindThrottled},
		"no stack":              {400, "ValidationError", "Stack with id checkout-1 does not exist", cloud.KindNotFound},
		"no stack in brackets":  {400, "ValidationError", "Stack [checkout-1] does not exist", cloud.KindNotFound},
		"no parameter":          {400, "ValidationError", "Parameters: [Image] do not exist in the template", cloud.KindInvalid},
		"no such thing in it":   {400, "ValidationError", "Template error: the key pair 'x' does not exist", cloud.KindInvalid},
		"stack busy":            {400, "ValidationError", "Stack:arn:x is in DELETE_IN_PROGRESS state and can not be updated.", cloud.KindConflict},
		"stack protected":       {400, "ValidationError", "Stack [x] cannot be deleted while TerminationProtection is enabled", cloud.KindConflict},
		"no target group":       {400, "TargetGroupNotFound", "", cloud.KindNotFound},
		"no rule":               {400, "RuleNotFound", "", cloud.KindNotFound},
		"no listener":           {400, "ListenerNotFound", "", cloud.KindNotFound},
		"404 alone":             {404, "Whatever", "", cloud.KindNotFound},
		"stack there":           {400, "AlreadyExistsException", "Stack [x] already exists", cloud.KindConflict},
		"token used":            {400, "TokenAlreadyExistsException", "", cloud.KindConflict},
		"priority used":         {400, "PriorityInUse", "", cloud.KindConflict},
		"target group used":     {400, "ResourceInUse", "", cloud.KindConflict},
		"default rule":          {400, "OperationNotPermitted", "", cloud.KindConflict},
		"operation under way":   {409, "OperationInProgressException", "", cloud.KindConflict},
		"name used":             {400, "DuplicateTargetGroupName", "", cloud.KindConflict},
		"stacks used up":        {400, "LimitExceededException", "", cloud.KindQuota},
		"rules used up":         {400, "TooManyRules", "", cloud.KindQuota},
		"target groups used up": {400, "TooManyTargetGroups", "", cloud.KindQuota},
		"one balancer only":     {400, "TargetGroupAssociationLimit", "", cloud.KindQuota},
		"groups of a balancer":  {400, "TooManyUniqueTargetGroupsPerLoadBalancer", "", cloud.KindQuota},
		"token expired":         {403, "ExpiredToken", "", cloud.KindCredentials},
		"key unknown":           {403, "InvalidClientTokenId", "", cloud.KindCredentials},
		"signature":             {403, "SignatureDoesNotMatch", "", cloud.KindCredentials},
		"no signature":          {403, "MissingAuthenticationToken", "", cloud.KindCredentials},
		"denied":                {403, "AccessDenied", "", cloud.KindDenied},
		"unauthorized":          {403, "UnauthorizedOperation", "", cloud.KindDenied},
		"403 alone":             {403, "Whatever", "", cloud.KindDenied},
		"failure":               {500, "InternalFailure", "", cloud.KindTransient},
		"unavailable":           {503, "ServiceUnavailable", "", cloud.KindTransient},
		"slow request":          {400, "RequestTimeout", "", cloud.KindTransient},
		"500 alone":             {500, "Whatever", "", cloud.KindTransient},
		"template":              {400, "ValidationError", "Template format error: JSON not well-formed", cloud.KindInvalid},
		"capabilities":          {400, "InsufficientCapabilitiesException", "", cloud.KindInvalid},
		"configuration":         {400, "InvalidConfigurationRequest", "", cloud.KindInvalid},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			clients := answering(t, tc.status, queryError(tc.code, tc.message))
			_, err := clients.Stacks.Describe(t.Context(), "checkout-1")
			e := failure(t, err, tc.want)
			want := tc.message
			if want == "" {
				want = fmt.Sprintf("no message, HTTP status %d", tc.status)
			}
			if diff := cmp.Diff([]string{"cloudformation:DescribeStacks", tc.code, want}, []string{e.Op, e.Code, e.Message}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestKindOfJSONErrors(t *testing.T) {
	tests := map[string]struct {
		status int
		code   string
		want   cloud.Kind
	}{
		"throttled":      {400, "ThrottlingException", cloud.KindThrottled},
		"no service":     {400, "ServiceNotFoundException", cloud.KindNotFound},
		"gone service":   {400, "ServiceNotActiveException", cloud.KindNotFound},
		"no cluster":     {400, "ClusterNotFoundException", cloud.KindNotFound},
		"no repository":  {400, "RepositoryNotFoundException", cloud.KindNotFound},
		"no image":       {400, "ImageNotFoundException", cloud.KindNotFound},
		"updating":       {400, "UpdateInProgressException", cloud.KindConflict},
		"used up":        {400, "LimitExceededException", cloud.KindQuota},
		"token expired":  {400, "ExpiredTokenException", cloud.KindCredentials},
		"key unknown":    {400, "UnrecognizedClientException", cloud.KindCredentials},
		"signature":      {400, "InvalidSignatureException", cloud.KindCredentials},
		"denied":         {400, "AccessDeniedException", cloud.KindDenied},
		"server":         {500, "ServerException", cloud.KindTransient},
		"parameter":      {400, "InvalidParameterException", cloud.KindInvalid},
		"client's fault": {400, "ClientException", cloud.KindInvalid},

		"key throttled":       {400, "KmsThrottlingException", cloud.KindThrottled},
		"function wakes":      {502, "ResourceNotReadyException", cloud.KindThrottled},
		"snapshot is made":    {409, "SnapStartNotReadyException", cloud.KindThrottled},
		"interface is made":   {502, "ENINotReadyException", cloud.KindThrottled},
		"CloudWatch":          {500, "InternalServiceFault", cloud.KindTransient},
		"CloudWatch by query": {500, "InternalServiceError", cloud.KindTransient},
		"Lambda":              {500, "ServiceException", cloud.KindTransient},
		"Lambda's EC2":        {502, "EC2UnexpectedException", cloud.KindTransient},
		"no function":         {404, "ResourceNotFoundException", cloud.KindNotFound},
		"no state machine":    {400, "StateMachineDoesNotExist", cloud.KindNotFound},
		"no execution":        {400, "ExecutionDoesNotExist", cloud.KindNotFound},
		"no scan":             {400, "ScanNotFoundException", cloud.KindNotFound},
		"execution there":     {400, "ExecutionAlreadyExists", cloud.KindConflict},
		"repository there":    {400, "RepositoryAlreadyExistsException", cloud.KindConflict},
		"machine is deleted":  {400, "StateMachineDeleting", cloud.KindConflict},
		"function updates":    {409, "ResourceConflictException", cloud.KindConflict},
		"function's runtime":  {502, "InvalidRuntimeException", cloud.KindConflict},
		"function's code":     {502, "InvalidZipFileException", cloud.KindConflict},
		"function's subnet":   {502, "InvalidSubnetIDException", cloud.KindConflict},
		"function's group":    {502, "InvalidSecurityGroupIDException", cloud.KindConflict},
		"function's key":      {502, "KMSNotFoundException", cloud.KindConflict},
		"key is off":          {502, "KMSDisabledException", cloud.KindConflict},
		"key's state":         {502, "KMSInvalidStateException", cloud.KindConflict},
		"machine's key state": {400, "KmsInvalidStateException", cloud.KindConflict},
		"executions used up":  {400, "ExecutionLimitExceeded", cloud.KindQuota},
		"alarms used up":      {400, "LimitExceededFault", cloud.KindQuota},
		"quota":               {402, "ServiceQuotaExceededException", cloud.KindQuota},
		"interfaces used up":  {502, "ENILimitReachedException", cloud.KindQuota},
		"addresses used up":   {502, "SubnetIPAddressLimitReachedException", cloud.KindQuota},
		"function's role":     {502, "EC2AccessDeniedException", cloud.KindDenied},
		"function's key role": {502, "KMSAccessDeniedException", cloud.KindDenied},
		"machine's key role":  {400, "KmsAccessDeniedException", cloud.KindDenied},
		"organization":        {400, "BlockedByOrganizationPolicyException", cloud.KindDenied},
		"name":                {400, "InvalidName", cloud.KindInvalid},
		"machine's kind":      {400, "StateMachineTypeNotSupported", cloud.KindInvalid},
		"parameters":          {400, "InvalidParameterCombinationException", cloud.KindInvalid},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			clients := answering(t, tc.status, jsonError(tc.code, "so it is"))
			_, err := clients.Services.Service(t.Context(), "shop", "checkout")
			e := failure(t, err, tc.want)
			if want := "ecs:DescribeServices: " + tc.code + ": so it is"; e.Error() != want {
				t.Errorf("got  %s\nwant %s", e, want)
			}
		})
	}
}

// A proxy's page isn't a response of AWS.
func TestKindOfForeignAnswers(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		want   cloud.Kind
	}{
		"bad gateway":      {502, "<html><body>Bad Gateway</body></html>", cloud.KindTransient},
		"garbage":          {200, "<html>", cloud.KindTransient},
		"proxy forbids":    {403, "no", cloud.KindDenied},
		"proxy asks login": {401, "", cloud.KindCredentials},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := answering(t, tc.status, tc.body).Stacks.Describe(t.Context(), "checkout-1")
			wantKind(t, err, tc.want)
		})
	}
}

func TestKindWithoutAnswer(t *testing.T) {
	silent := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})}
	tests := map[string]struct {
		timeout         time.Duration // the caller's
		atLeast, atMost time.Duration // how long the call may last
	}{
		"endpoint is silent": {time.Hour, 3 * attemptTimeout, 3*attemptTimeout + 2*maxBackoff},
		"caller gives up":    {time.Second, time.Second, time.Second},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clients := clientsOf(t, newProvider(t, Options{HTTPClient: silent}), cloud.Identity{})
				ctx, cancel := context.WithTimeout(t.Context(), tc.timeout)
				defer cancel()
				begun := time.Now()
				_, err := clients.Stacks.Describe(ctx, "checkout-1")
				e := failure(t, err, cloud.KindTransient)
				if took := time.Since(begun); took < tc.atLeast || took > tc.atMost {
					t.Errorf("the call lasted %s, want %s to %s", took, tc.atLeast, tc.atMost)
				}
				if e.Code != "" || !strings.HasSuffix(e.Message, "context deadline exceeded") {
					t.Errorf("error is %q", e)
				}
			})
		})
	}
}

func TestClean(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"plain": {"Stack [x] already exists", "Stack [x] already exists"},
		"handler": {
			`Resource handler returned message: "Circuit Breaker was triggered." (RequestToken: 8d1f0c3e-7a, HandlerErrorCode: NotStabilized)`,
			`Circuit Breaker was triggered.`,
		},
		"handler with service": {
			`Invalid (Service: Ecs, Status Code: 400, Request ID: 8d1f0c3e, Extended Request ID: null) (SDK Attempt Count: 1)`,
			`Invalid (SDK Attempt Count: 1)`,
		},
		"old handler": {
			`Invalid (Service: AmazonECS; Status Code: 400; Error Code: ClientException; Request ID: 8d1f0c3e; Proxy: null)`,
			`Invalid`,
		},
		"token alone": {"Failed (RequestToken: 8d1f)", "Failed"},
		"sdk":         {"https response error StatusCode: 0, RequestID: , canceled", "canceled"},
		"connection": {
			`Post "https://ecs.eu-west-1.amazonaws.com/": read tcp 10.0.0.7:41234->52.1.2.3:443: connection reset by peer`,
			`Post "https://ecs.eu-west-1.amazonaws.com/": connection reset by peer`,
		},
		"dialling": {
			`Post "https://ecs.eu-west-1.amazonaws.com/": dial tcp 52.1.2.3:443: connect: connection refused`,
			`Post "https://ecs.eu-west-1.amazonaws.com/": connect: connection refused`,
		},
		"lookup": {
			`dial tcp: lookup ecs.example on 10.0.0.10:53: read udp 10.0.0.7:5353->10.0.0.10:53: i/o timeout`,
			`dial tcp: lookup ecs.example on 10.0.0.10:53: i/o timeout`,
		},
		"canonical request": {
			"The request signature we calculated does not match. Consult the documentation.\n\n" +
				"The Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:FwoGZXIvYXdzE'",
			"The request signature we calculated does not match. Consult the documentation.",
		},
		"access key":  {"Credential AKIAIOSFODNN7EXAMPLE is unknown", "Credential AKIA… is unknown"},
		"clock":       {"Signature expired: 20261123T080000Z is now earlier than 20261123T081500Z", "Signature expired"},
		"encoded":     {"Not authorized. Encoded authorization failure message: 4uYk-9x", "Not authorized."},
		"white space": {"a\n\t b ", "a b"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, clean(tc.in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
