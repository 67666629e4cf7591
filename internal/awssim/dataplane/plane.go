package dataplane

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/core"
	"github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

// Tasks is what answers behind the load balancers: ECS.
type Tasks interface {
	elb.Backend
	OnEndpoint(opened, closed func(ecs.Endpoint))
}

// Options adjust the data plane.
type Options struct {
	// Sockets makes listeners and tasks listen on local ports.
	Sockets bool
	// Port chooses a listener's local port; 0, or no function, takes any free
	// one.
	Port func(elb.ListenerInfo) int
}

// Plane is the data plane of an account. Its methods take the world's lock
// themselves and must be called without it.
type Plane struct {
	world *core.World
	lb    *elb.Service
	tasks Tasks
	opts  Options

	// Guarded by the world's lock.
	endpoints map[string]*responder
	listeners map[string]*door
	turns     map[string]int
	stats     map[string]*series
	onOutcome func(Outcome)

	transport *http.Transport
	running   context.Context
	stop      context.CancelFunc

	mu     sync.Mutex
	closed bool
	work   sync.WaitGroup
}

// New connects load balancers and tasks. It is called before there are any, or
// with the world's lock held.
func New(world *core.World, lb *elb.Service, tasks Tasks, opts Options) *Plane {
	p := &Plane{
		world: world, lb: lb, tasks: tasks, opts: opts,
		endpoints: map[string]*responder{},
		listeners: map[string]*door{},
		turns:     map[string]int{},
		stats:     map[string]*series{},
		onOutcome: func(Outcome) {},
		transport: &http.Transport{MaxIdleConnsPerHost: 16, DisableCompression: true},
	}
	p.running, p.stop = context.WithCancel(context.Background())
	tasks.OnEndpoint(p.taskUp, p.taskDown)
	lb.OnListenerChange(p.openDoor, p.closeDoor)
	for _, l := range lb.Listeners() {
		p.openDoor(l)
	}
	return p
}

// begin counts a piece of work that Close waits for; false if it is too late.
func (p *Plane) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.work.Add(1)
	return true
}

// Close stops listening, cuts off requests under way and waits for them.
func (p *Plane) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.stop()
	p.world.Lock()
	for _, d := range p.listeners {
		d.close()
	}
	for _, r := range p.endpoints {
		r.close()
	}
	p.world.Unlock()
	p.work.Wait()
	p.transport.CloseIdleConnections()
}

// Response is what a client gets.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// TargetGroupARN and Target tell who answered, or should have; they are
	// empty when the load balancer answered by itself.
	TargetGroupARN string
	Target         string
}

// gatewayTimeout is a load balancer's default idle timeout.
const gatewayTimeout = 60 * time.Second

// idleTimeout is how long an answer that never comes is waited for: unlike the
// time that answers take, it is scaled.
func (p *Plane) idleTimeout() time.Duration { return p.world.Scale(gatewayTimeout) }

// Route takes a request that arrives at the listener to a target and back. It
// takes as long as the answer does.
func (p *Plane) Route(listenerARN string, req *http.Request) Response {
	if !p.begin() {
		return Response{}
	}
	defer p.work.Done()
	start := time.Now()
	way := p.decide(listenerARN, req)
	if way.own != nil {
		p.record(Outcome{LoadBalancer: way.balancer, TargetGroup: way.group, Status: way.own.Status})
		return *way.own
	}
	req, ok := transformed(req, way.transforms)
	if !ok {
		p.record(Outcome{LoadBalancer: way.balancer, TargetGroup: way.group, Status: http.StatusInternalServerError})
		return errorPage(http.StatusInternalServerError)
	}
	answer := p.exchange(req, way.target)
	response, fromTarget := p.respond(way, answer)
	p.record(Outcome{
		LoadBalancer: way.balancer, TargetGroup: way.group, Status: response.Status, Chosen: true,
		Refused: answer.Refused, FromTarget: fromTarget, Took: time.Since(start),
	})
	return response
}

// respond turns a target's answer, or its absence, into the client's.
func (p *Plane) respond(way decision, answer elb.Answer) (response Response, fromTarget bool) {
	switch {
	case answer.Refused || answer.Broken:
		response = errorPage(http.StatusBadGateway)
	case answer.Delay > gatewayTimeout:
		response = errorPage(http.StatusGatewayTimeout)
	default:
		response, fromTarget = Response{Status: answer.Status, Header: answer.Header.Clone(), Body: answer.Body}, true
		if response.Header == nil {
			response.Header = http.Header{}
		}
	}
	response.TargetGroupARN, response.Target = way.group, way.target
	way.setCookies(&response)
	return response, fromTarget
}

// exchange asks the target, over its socket if it has one.
func (p *Plane) exchange(req *http.Request, target string) elb.Answer {
	p.world.Lock()
	r := p.endpoints[target]
	p.world.Unlock()
	if r == nil {
		return elb.Answer{Refused: true}
	}
	if r.server != nil {
		return p.forward(req, r)
	}
	answer := r.answer(req)
	if answer.Hangs {
		if !p.pause(req.Context(), r, p.idleTimeout()) {
			return elb.Answer{Broken: true}
		}
		return elb.Answer{Delay: gatewayTimeout + 1}
	}
	if !p.pause(req.Context(), r, min(answer.Delay, gatewayTimeout)) {
		return elb.Answer{Broken: true}
	}
	return answer
}

// pause waits for d unless the request, the task or the plane ends before.
func (p *Plane) pause(ctx context.Context, r *responder, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return r.gone.Err() == nil
	case <-ctx.Done():
	case <-r.gone.Done():
	}
	return false
}

// Addr is where a listener can be reached: host and port. The error says why
// it can't.
func (p *Plane) Addr(listenerARN string) (string, error) {
	p.world.Lock()
	defer p.world.Unlock()
	d := p.listeners[listenerARN]
	if d == nil {
		return "", errNoListener
	}
	return d.addr, d.err
}

func address(ip string, port int) string { return net.JoinHostPort(ip, strconv.Itoa(port)) }
