package elb

import (
	"slices"
	"strings"

	"github.com/viridian-dev/viridian/internal/awssim/core"
)

type listener struct {
	arn          string
	lb           *loadBalancer
	port         int
	protocol     string
	sslPolicy    string
	certificates []certificate
	tags         []Tag

	// rules are the control plane's, the default rule among them.
	rules []*rule
	// written counts changes to rules; live is the newest state which has
	// reached the data plane, number liveVersion.
	written     int
	liveVersion int
	live        []Rule
}

type certificate struct {
	CertificateArn string
	IsDefault      *bool `xml:",omitempty"`
}

type createListenerInput struct {
	LoadBalancerArn string
	Protocol        string
	Port            *int
	SslPolicy       string
	Certificates    []certificate
	DefaultActions  []Action
	Tags            []Tag
}

type listenerOut struct {
	ListenerArn     string
	LoadBalancerArn string
	Port            int
	Protocol        string
	SslPolicy       string        `xml:",omitempty"`
	Certificates    []certificate `xml:"Certificates>member,omitempty"`
	DefaultActions  []Action      `xml:"DefaultActions>member"`
}

type listenersOut struct {
	Listeners  []listenerOut `xml:"Listeners>member"`
	NextMarker string        `xml:",omitempty"`
}

// ListenerInfo tells the data plane of a listener.
type ListenerInfo struct {
	// ARN names the listener.
	ARN string
	// LoadBalancerARN names its load balancer.
	LoadBalancerARN string
	// Port is the one that the load balancer was asked to listen on.
	Port int
	// HTTPS is whether clients speak TLS to it.
	HTTPS bool
}

func (l *listener) info() ListenerInfo {
	return ListenerInfo{ARN: l.arn, LoadBalancerARN: l.lb.arn, Port: l.port, HTTPS: l.protocol == "HTTPS"}
}

// Listeners lists the listeners in the order of their creation.
func (s *Service) Listeners() []ListenerInfo {
	var infos []ListenerInfo
	for _, lb := range s.balancers {
		for _, l := range lb.listeners {
			infos = append(infos, l.info())
		}
	}
	return infos
}

// NewListener makes an HTTP listener that answers 404 by default, and its load
// balancer if there is none of that name. It is a short cut for tests and
// demonstrations.
func (s *Service) NewListener(loadBalancerName string, port int) (listenerARN string, err error) {
	i := slices.IndexFunc(s.balancers, func(lb *loadBalancer) bool { return lb.name == loadBalancerName })
	if i < 0 {
		_, err := s.addLoadBalancer(createLoadBalancerInput{
			Name: loadBalancerName, Subnets: s.opts.Subnets, SecurityGroups: s.opts.SecurityGroups,
		})
		if err != nil {
			return "", err
		}
		i = len(s.balancers) - 1
	}
	l, err := s.addListener(createListenerInput{
		LoadBalancerArn: s.balancers[i].arn,
		Protocol:        "HTTP",
		Port:            &port,
		DefaultActions: []Action{{Type: "fixed-response", FixedResponseConfig: &FixedResponseConfig{
			StatusCode: "404", ContentType: "text/plain", MessageBody: "no rule takes this request",
		}}},
	})
	if err != nil {
		return "", err
	}
	return l.arn, nil
}

func (s *Service) createListener(in createListenerInput) (any, error) {
	l, err := s.addListener(in)
	if err != nil {
		return nil, err
	}
	return listenersOut{Listeners: []listenerOut{l.out()}}, nil
}

func (s *Service) addListener(in createListenerInput) (*listener, error) {
	lb, err := s.loadBalancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if err := checkListener(lb, in); err != nil {
		return nil, err
	}
	id := strings.Replace(lb.arn, ":loadbalancer/", ":listener/", 1) + "/" + s.world.HexID(16)
	l := &listener{
		arn: id, lb: lb, port: *in.Port, protocol: in.Protocol,
		sslPolicy: in.SslPolicy, certificates: in.Certificates, tags: in.Tags,
	}
	if l.protocol == "HTTPS" && l.sslPolicy == "" {
		l.sslPolicy = "ELBSecurityPolicy-2016-08"
	}
	actions, err := s.checkActions(l, in.DefaultActions, nil)
	if err != nil {
		return nil, err
	}
	l.rules = []*rule{{listener: l, Rule: Rule{
		RuleArn: l.ruleARN(s.world), Priority: "default", Actions: actions, IsDefault: true,
	}}}
	lb.listeners = append(lb.listeners, l)
	l.live = l.snapshot() // a new listener serves nobody yet: nothing to wait for
	s.resumeChecks(targetGroups(actions))
	s.onListen(l.info())
	return l, nil
}

func checkListener(lb *loadBalancer, in createListenerInput) error {
	if in.Port == nil || *in.Port < 1 || *in.Port > 65535 {
		return core.Errorf("ValidationError", "A listener port between 1 and 65535 must be specified")
	}
	if in.Protocol != "HTTP" && in.Protocol != "HTTPS" {
		return core.Errorf("UnsupportedProtocol", "Protocol '%s' is not supported by this load balancer: use HTTP or HTTPS", in.Protocol)
	}
	if in.Protocol == "HTTPS" && len(in.Certificates) == 0 {
		return core.Errorf("ValidationError", "A certificate must be specified for HTTPS listeners")
	}
	if slices.ContainsFunc(lb.listeners, func(l *listener) bool { return l.port == *in.Port }) {
		return core.Errorf("DuplicateListener", "A listener already exists on this port for this load balancer '%s'", lb.arn)
	}
	if len(lb.listeners) >= maxListeners {
		return core.Errorf("TooManyListeners", "The maximum number of listeners has been reached on load balancer '%s': %d", lb.arn, maxListeners)
	}
	return checkTags(in.Tags)
}

func (l *listener) ruleARN(w *core.World) string {
	return strings.Replace(l.arn, ":listener/", ":listener-rule/", 1) + "/" + w.HexID(16)
}

func (l *listener) defaultRule() *rule {
	return l.rules[slices.IndexFunc(l.rules, func(r *rule) bool { return r.IsDefault })]
}

func (l *listener) out() listenerOut {
	return listenerOut{
		ListenerArn: l.arn, LoadBalancerArn: l.lb.arn, Port: l.port, Protocol: l.protocol,
		SslPolicy: l.sslPolicy, Certificates: l.certificates, DefaultActions: shown(l.defaultRule().Actions),
	}
}

type describeListenersInput struct {
	LoadBalancerArn string
	ListenerArns    []string
	Marker          string
	PageSize        *int
}

func (s *Service) describeListeners(in describeListenersInput) (any, error) {
	found, err := s.selectListeners(in)
	if err != nil {
		return nil, err
	}
	page, next, err := paginate(found, in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	out := listenersOut{NextMarker: next}
	for _, l := range page {
		out.Listeners = append(out.Listeners, l.out())
	}
	return out, nil
}

func (s *Service) selectListeners(in describeListenersInput) ([]*listener, error) {
	if (in.LoadBalancerArn == "") == (len(in.ListenerArns) == 0) {
		return nil, core.Errorf("ValidationError", "You must specify either listener ARNs or a load balancer ARN")
	}
	if in.LoadBalancerArn != "" {
		lb, err := s.loadBalancer(in.LoadBalancerArn)
		if err != nil {
			return nil, err
		}
		return lb.listeners, nil
	}
	var found []*listener
	for _, arn := range in.ListenerArns {
		l, err := s.listener(arn)
		if err != nil {
			return nil, err
		}
		found = append(found, l)
	}
	return found, nil
}

// listener finds by ARN.
func (s *Service) listener(arn string) (*listener, error) {
	for _, lb := range s.balancers {
		for _, l := range lb.listeners {
			if l.arn == arn {
				return l, nil
			}
		}
	}
	return nil, core.Errorf("ListenerNotFound", "One or more listeners not found")
}

type deleteListenerInput struct{ ListenerArn string }

func (s *Service) deleteListener(in deleteListenerInput) (any, error) {
	l, err := s.listener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	s.removeListener(l)
	return nil, nil
}

func (s *Service) removeListener(l *listener) {
	l.lb.listeners = slices.DeleteFunc(l.lb.listeners, func(o *listener) bool { return o == l })
	s.onHangUp(l.arn)
}
