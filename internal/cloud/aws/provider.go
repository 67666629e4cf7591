package aws

import (
	"cmp"
	"container/list"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// maxIdentities limits the cached clients: identities come from what users
// write. The least recently used one is evicted.
const maxIdentities = 256

// regionName matches a region's name, which becomes part of a host name to
// which signed requests are sent.
var regionName = regexp.MustCompile(`^[a-z]{2,12}(-[a-z0-9]{1,16}){1,5}$`)

// NoCallLimit is the Options.CallRate of those who don't share an account.
const NoCallLimit = -1

// Options of a Provider. The zero value is for production: everything comes
// from the SDK's default chain (environment, shared files, IRSA, Pod Identity,
// instance metadata; AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE>).
type Options struct {
	// Region for identities without one; "" is the default chain's.
	Region string
	// StaticCredentials replace the credentials of the default chain.
	StaticCredentials *StaticCredentials
	// BaseEndpoint replaces the endpoints of all services; "" is AWS's own.
	BaseEndpoint string
	// HTTPClient sends the requests; nil is one that honours the environment's
	// proxies and CA bundle. Without a Timeout it is given one.
	HTTPClient *http.Client
	// MaxAttempts of a call, including the first; 0 means 3.
	MaxAttempts int
	// CallRate is the share of the calls that AWS allows an account in a region
	// that may be made, such as 0.5; 0 means 1. See NoCallLimit.
	CallRate float64
	// Metrics is where the metrics are registered; nil means nowhere.
	Metrics prometheus.Registerer
	// Logger gets the SDK's warnings; the zero value drops them.
	Logger logr.Logger
	// BatchWindow is how often alarms and metrics are read, for all callers; 0
	// means 10 s. It is measured with the machine's clock.
	BatchWindow time.Duration
	// ConfigurationWindow is how often parameters and secrets are read that are
	// watched, for all callers; 0 means 5 min. It is measured with the machine's
	// clock.
	ConfigurationWindow time.Duration
	// MetricPeriod of the metrics' points: 1, 5, 10, 20, 30 or a multiple of
	// 60 seconds; 0 is 60 s.
	MetricPeriod time.Duration
	// Now is the time in AWS, which is used to read metrics; nil means
	// time.Now.
	Now func() time.Time
}

// withDefaults fills in omitted options.
func (o Options) withDefaults() (Options, error) {
	if shortest := min(o.BatchWindow, o.ConfigurationWindow); shortest < 0 {
		return o, fmt.Errorf("batch window %s: it must not be negative", shortest)
	}
	o.BatchWindow = cmp.Or(o.BatchWindow, defaultBatchWindow)
	o.ConfigurationWindow = cmp.Or(o.ConfigurationWindow, defaultConfigurationWindow)
	o.MetricPeriod = cmp.Or(o.MetricPeriod, defaultMetricPeriod)
	o.CallRate = cmp.Or(o.CallRate, 1)
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, checkMetricPeriod(o.MetricPeriod)
}

// StaticCredentials are access keys.
type StaticCredentials struct {
	AccessKeyID     string
	SecretAccessKey string
	// SessionToken of temporary credentials; "" for others.
	SessionToken string
}

// Provider gives the SDK's clients by identity.
type Provider struct {
	base    awssdk.Config
	options Options
	// patient is base's HTTP client without timeouts.
	patient awssdk.HTTPClient
	budgets *budgets

	mu      sync.Mutex
	clients map[cloud.Identity]*list.Element
	// recent holds the identities' entries, the most recently used first.
	recent *list.List
}

var _ cloud.Provider = (*Provider)(nil)

type entry struct {
	id      cloud.Identity
	clients cloud.Clients
}

// NewProvider loads the default configuration. Neither NewProvider nor For
// calls AWS; credentials are retrieved by the first call that needs them.
func NewProvider(ctx context.Context, o Options) (*Provider, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	base, err := loadConfig(ctx, o)
	if err != nil {
		return nil, err
	}
	b, err := newBudgets(o.CallRate, o.Metrics)
	if err != nil {
		return nil, fmt.Errorf("register AWS metrics: %w", err)
	}
	return &Provider{
		base: base, options: o, patient: patientHTTPClient(base.HTTPClient), budgets: b,
		clients: map[cloud.Identity]*list.Element{}, recent: list.New(),
	}, nil
}

// For returns the clients of an identity, the same ones each time. If the
// region is invalid, the error is KindInvalid.
func (p *Provider) For(_ context.Context, id cloud.Identity) (cloud.Clients, error) {
	if id.Region == "" {
		id.Region = p.base.Region
	}
	if err := checkRegion(id.Region); err != nil {
		return cloud.Clients{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.clients[id]; ok {
		p.recent.MoveToFront(e)
		return e.Value.(*entry).clients, nil
	}
	learn := p.budgets.note
	if id.RoleARN != "" {
		learn = func(string) {} // the role's ARN says it
	}
	c := p.newClients(configFor(p.base, id, p.budgets), learn)
	p.clients[id] = p.recent.PushFront(&entry{id: id, clients: c})
	if p.recent.Len() > maxIdentities {
		oldest := p.recent.Remove(p.recent.Back()).(*entry)
		delete(p.clients, oldest.id)
	}
	return c, nil
}

func checkRegion(region string) error {
	switch {
	case region == "":
		return invalid("no region: set spec.aws.region or AWS_REGION")
	case !regionName.MatchString(region):
		return invalid(fmt.Sprintf("%q is no region: set spec.aws.region to one such as eu-west-1", region))
	}
	return nil
}

// newClients makes the clients of an identity. learn is told its account.
func (p *Provider) newClients(cfg awssdk.Config, learn func(account string)) cloud.Clients {
	watch, autoscaling := cloudwatch.NewFromConfig(cfg), applicationautoscaling.NewFromConfig(cfg)
	return cloud.Clients{
		Stacks:   &stacks{api: cloudformation.NewFromConfig(cfg)},
		Traffic:  &traffic{api: elb.NewFromConfig(cfg)},
		Services: &services{api: ecs.NewFromConfig(cfg)},
		Network:  &network{api: ec2.NewFromConfig(cfg)},
		Roles:    &roles{api: iam.NewFromConfig(cfg)},
		Images: &images{client: byRegion(func(region string) ecrAPI {
			return ecr.NewFromConfig(cfg, func(o *ecr.Options) { o.Region = region })
		})},
		Alarms: alarmsByTenant{newByTenant(func() *alarms { return newAlarms(watch, p.options.BatchWindow, p.options.Now) })},
		Metrics: metricsByTenant{newByTenant(func() *metricData {
			return newMetricData(watch, p.options.BatchWindow, p.options.MetricPeriod, p.options.Now)
		})},
		Scaling:    scalingByTenant{newByTenant(func() *scaling { return newScaling(autoscaling, p.options.BatchWindow) })},
		Parameters: p.newParameters(cfg),
		Secrets:    p.newSecrets(cfg),
		Functions: &functions{client: byRegion(func(region string) lambdaAPI {
			return lambda.NewFromConfig(cfg, func(o *lambda.Options) {
				o.Region = region
				// A call is made once, and takes as long as its caller allows.
				o.HTTPClient, o.Retryer, o.RetryMaxAttempts = brief{p.patient}, awssdk.NopRetryer{}, 0
			})
		})},
		Workflows: &workflows{client: byRegion(func(region string) statesAPI {
			return sfn.NewFromConfig(cfg, func(o *sfn.Options) { o.Region = region })
		})},
		Callers: &callers{api: sts.NewFromConfig(cfg), credentials: cfg.Credentials, region: cfg.Region, learn: learn},
	}
}

func (p *Provider) newParameters(cfg awssdk.Config) cloud.Parameters {
	client := byRegion(func(region string) ssmAPI {
		return ssm.NewFromConfig(cfg, func(o *ssm.Options) { o.Region = region })
	})
	return parametersByTenant{newByTenant(func() *parameters { return newParameters(client, cfg.Region, p.options.ConfigurationWindow) })}
}

func (p *Provider) newSecrets(cfg awssdk.Config) cloud.Secrets {
	client := byRegion(func(region string) secretsAPI {
		return secretsmanager.NewFromConfig(cfg, func(o *secretsmanager.Options) { o.Region = region })
	})
	return secretsByTenant{newByTenant(func() *secrets { return newSecrets(client, p.options.ConfigurationWindow) })}
}

// maxRegions limits the clients cached by region: regions come from what users
// write.
const maxRegions = 64

// byRegion caches a region's client, so that its connections are reused.
func byRegion[C any](client func(region string) C) func(region string) C {
	var mu sync.Mutex
	kept := map[string]C{}
	return func(region string) C {
		mu.Lock()
		defer mu.Unlock()
		c, ok := kept[region]
		if !ok {
			if len(kept) == maxRegions {
				clear(kept)
			}
			c = client(region)
			kept[region] = c
		}
		return c
	}
}
