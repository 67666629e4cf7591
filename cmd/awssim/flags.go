package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
	"github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/awssim/ssm"
)

// errHelp means that usage was requested and printed.
var errHelp = flag.ErrHelp

var accountPattern = regexp.MustCompile(`^[0-9]{12}$`)

// config holds the values of the flags.
type config struct {
	listen        string
	account       string
	region        string
	speed         float64
	seed          uint64
	dataPlane     bool
	ecrAutoCreate bool
	anyNetwork    bool
	metricDelay   time.Duration
	images        []imageFlag
	listeners     []listenerFlag
	clusters      []string
	instances     []ecs.Instance
	functions     []functionFlag
	stateMachines []string
	subnets       []core.Subnet
	groups        []groupFlag
	roles         []string
	parameters    []ssm.Parameter
	secrets       []string
}

// imageFlag is a repository and a tag in ECR.
type imageFlag struct{ repository, tag string }

// groupFlag is a security group and its VPC.
type groupFlag struct{ vpc, id string }

// listenerFlag is a load balancer's name and one of its ports.
type listenerFlag struct {
	loadBalancer string
	port         int
}

func (l listenerFlag) String() string { return fmt.Sprintf("%s:%d", l.loadBalancer, l.port) }

// parseFlags parses the flags. If it fails, it prints the error and the usage
// to stderr.
func parseFlags(args []string, stderr io.Writer) (config, error) {
	var cfg config
	fs := flag.NewFlagSet("awssim", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&cfg.listen, "listen", "127.0.0.1:4566", "`address` of the endpoint; port 0 takes any free one")
	fs.StringVar(&cfg.account, "account", "111122223333", "12-digit account `ID`")
	fs.StringVar(&cfg.region, "region", "eu-west-1", "the account's only `region`")
	fs.Float64Var(&cfg.speed, "speed", 1, "divide AWS's own delays by this `factor`")
	fs.Uint64Var(&cfg.seed, "seed", 1, "seed of every choice, `N`")
	fs.BoolVar(&cfg.dataPlane, "data-plane", true, "make each listener a local HTTP port that routes to simulated tasks")
	fs.BoolVar(&cfg.ecrAutoCreate, "ecr-auto-create", false, "make every ECR tag exist that is looked for")
	fs.BoolVar(&cfg.anyNetwork, "any-network", false, "let load balancers be in networks that the account doesn't have")
	fs.DurationVar(&cfg.metricDelay, "metric-delay", 0, "how long until metrics are visible, `duration` on the clock; 0 is AWS's minute, divided by the speed, and below 0 is none")
	fs.Func("image", "push `repository:tag` to ECR (repeatable)", cfg.addImage)
	fs.Func("listener", "make a load balancer and a listener, `name:port` (repeatable)", cfg.addListener)
	fs.Func("cluster", "make an ECS cluster `name` (repeatable)", cfg.addCluster)
	fs.Func("instance", "register a container instance, `cluster=zone` or cluster/provider=zone, with a cluster that --cluster makes (repeatable)", cfg.addInstance)
	fs.Func("function", "make a Lambda function for lifecycle hooks, `name=behaviour`: "+behaviourNames()+" (repeatable)", cfg.addFunction)
	fs.Func("state-machine", "make a Step Functions state machine `name` whose executions succeed (repeatable)", cfg.addStateMachine)
	fs.Func("subnet", "make a subnet, `vpc-…/subnet-…=zone`, and its VPC (repeatable)", cfg.addSubnet)
	fs.Func("security-group", "make a security group, `vpc-…/sg-…`, and its VPC (repeatable)", cfg.addSecurityGroup)
	fs.Func("parameter", "put a String into Systems Manager, `name=value` (repeatable)", cfg.addParameter)
	fs.Func("secret", "make a secret `name` in Secrets Manager, or name-XXXXXX with the end of its ARN, with a made up username and password (repeatable)", cfg.addSecret)
	fs.Func("role", "make an IAM role `name` for ECS tasks (repeatable)", cfg.addRole)
	if err := fs.Parse(args); err != nil {
		return cfg, err
	}
	if err := cfg.check(fs.Args()); err != nil {
		fmt.Fprintln(stderr, err)
		fs.Usage()
		return cfg, err
	}
	return cfg, nil
}

func (c *config) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case c.speed <= 0:
		return errors.New("speed must be above 0")
	case !accountPattern.MatchString(c.account):
		return fmt.Errorf("account %q is not 12 digits", c.account)
	case c.region == "":
		return errors.New("region must not be empty")
	default:
		return nil
	}
}

func (c *config) addImage(text string) error {
	repository, tag, ok := strings.Cut(text, ":")
	if !ok || repository == "" || tag == "" {
		return errors.New("want repository:tag")
	}
	c.images = append(c.images, imageFlag{repository, tag})
	return nil
}

func (c *config) addListener(text string) error {
	name, portText, ok := strings.Cut(text, ":")
	port, err := strconv.Atoi(portText)
	if !ok || name == "" || err != nil {
		return errors.New("want name:port")
	}
	c.listeners = append(c.listeners, listenerFlag{name, port})
	return nil
}

func (c *config) addCluster(name string) error {
	c.clusters = append(c.clusters, name)
	return nil
}

func (c *config) addInstance(text string) error {
	where, zone, _ := strings.Cut(text, "=")
	cluster, provider, _ := strings.Cut(where, "/")
	if cluster == "" || zone == "" {
		return errors.New("want cluster=zone or cluster/provider=zone")
	}
	c.instances = append(c.instances, ecs.Instance{Cluster: cluster, CapacityProvider: provider, Zone: zone})
	return nil
}

func (c *config) addSubnet(text string) error {
	where, zone, _ := strings.Cut(text, "=")
	vpc, id, _ := strings.Cut(where, "/")
	if !strings.HasPrefix(vpc, "vpc-") || !strings.HasPrefix(id, "subnet-") || zone == "" {
		return errors.New("want vpc-…/subnet-…=zone")
	}
	c.subnets = append(c.subnets, core.Subnet{ID: id, VPCID: vpc, Zone: zone})
	return nil
}

func (c *config) addSecurityGroup(text string) error {
	vpc, id, _ := strings.Cut(text, "/")
	if !strings.HasPrefix(vpc, "vpc-") || !strings.HasPrefix(id, "sg-") {
		return errors.New("want vpc-…/sg-…")
	}
	c.groups = append(c.groups, groupFlag{vpc, id})
	return nil
}

func (c *config) addRole(name string) error {
	c.roles = append(c.roles, name)
	return nil
}

func (c *config) addParameter(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" || value == "" {
		return errors.New("want name=value")
	}
	c.parameters = append(c.parameters, ssm.Parameter{Name: name, Value: value})
	return nil
}

func (c *config) addSecret(name string) error {
	c.secrets = append(c.secrets, name)
	return nil
}

func (c *config) addStateMachine(name string) error {
	c.stateMachines = append(c.stateMachines, name)
	return nil
}

func (c *config) addFunction(text string) error {
	name, behaviour, ok := strings.Cut(text, "=")
	if !ok || name == "" || behaviours()[behaviour] == nil {
		return errors.New("want name=behaviour, which is one of " + behaviourNames())
	}
	c.functions = append(c.functions, functionFlag{name, behaviour})
	return nil
}
