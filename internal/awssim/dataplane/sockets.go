package dataplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

var errNoListener = errors.New("there is no such listener, or sockets are off")

// door is a listener's local port.
type door struct {
	addr   string
	err    error
	server *http.Server
}

func (d *door) close() {
	if d.server != nil {
		_ = d.server.Close() // it only closes connections
	}
}

// responder is a task's address and, with sockets, its local port.
type responder struct {
	plane    *Plane
	endpoint ecs.Endpoint
	addr     string
	server   *http.Server
	// gone ends when the task stops.
	gone context.Context
	stop context.CancelFunc
}

func (r *responder) close() {
	r.stop()
	if r.server != nil {
		_ = r.server.Close() // it only closes connections
	}
}

// answer asks the task.
func (r *responder) answer(req *http.Request) elb.Answer {
	r.plane.world.Lock()
	defer r.plane.world.Unlock()
	return r.plane.tasks.Answer(r.endpoint.IP, r.endpoint.Port, req)
}

const headerTimeout = 10 * time.Second

// listen serves on a local port. The lock is held.
func (p *Plane) listen(port int, handler http.Handler) (*http.Server, string, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)) //nolint:noctx // a local listener doesn't block
	if err != nil {
		return nil, "", err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		BaseContext:       func(net.Listener) context.Context { return p.running },
	}
	if !p.begin() {
		_ = l.Close()
		return nil, "", net.ErrClosed
	}
	go func() {
		defer p.work.Done()
		_ = server.Serve(l) // returns once it is closed
	}()
	return server, l.Addr().String(), nil
}

func (p *Plane) openDoor(info elb.ListenerInfo) {
	if !p.opts.Sockets {
		return
	}
	port := 0
	if p.opts.Port != nil {
		port = p.opts.Port(info)
	}
	d := &door{}
	d.server, d.addr, d.err = p.listen(port, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		write(w, p.Route(info.ARN, req))
	}))
	p.listeners[info.ARN] = d
}

func (p *Plane) closeDoor(listenerARN string) {
	if d := p.listeners[listenerARN]; d != nil {
		d.close()
		delete(p.listeners, listenerARN)
	}
}

func write(w http.ResponseWriter, response Response) {
	if response.Status == 0 { // the plane is closing
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), response.Header)
	w.WriteHeader(response.Status)
	_, _ = w.Write(response.Body) // a client that left can't be told
}

func (p *Plane) taskUp(e ecs.Endpoint) {
	r := &responder{plane: p, endpoint: e}
	r.gone, r.stop = context.WithCancel(p.running)
	if p.opts.Sockets {
		var err error
		if r.server, r.addr, err = p.listen(0, r); err != nil {
			r.stop()
			return // nothing listens there: its requests get 502
		}
	}
	p.endpoints[address(e.IP, e.Port)] = r
}

func (p *Plane) taskDown(e ecs.Endpoint) {
	key := address(e.IP, e.Port)
	if r := p.endpoints[key]; r != nil {
		r.close()
		delete(p.endpoints, key)
	}
}

// ServeHTTP is the task's own HTTP server.
func (r *responder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if !r.plane.begin() {
		panic(http.ErrAbortHandler)
	}
	defer r.plane.work.Done()
	answer := r.answer(req)
	if answer.Hangs {
		answer = elb.Answer{Status: http.StatusNoContent, Delay: r.plane.idleTimeout(), Header: http.Header{hangHeader: {"true"}}}
	}
	if answer.Refused || answer.Broken || !r.plane.pause(req.Context(), r, answer.Delay) {
		panic(http.ErrAbortHandler)
	}
	write(w, Response{Status: answer.Status, Header: answer.Header, Body: answer.Body})
}

// hangHeader marks what a task sends instead of nothing, once the idle timeout is
// over in a world that may be faster than its requests.
const hangHeader = "X-Awssim-Hangs"

// forward sends the request over the task's socket.
func (p *Plane) forward(req *http.Request, r *responder) elb.Answer {
	ctx, cancel := context.WithTimeout(req.Context(), gatewayTimeout)
	defer cancel()
	out := req.Clone(ctx)
	out.RequestURI, out.URL.Scheme, out.URL.Host = "", "http", r.addr
	out.Header.Set("X-Forwarded-Proto", "http")
	if host, _, err := net.SplitHostPort(req.RemoteAddr); err == nil {
		out.Header.Set("X-Forwarded-For", host)
	}
	res, err := p.transport.RoundTrip(out)
	if err != nil {
		return failed(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return failed(ctx, err)
	}
	if res.Header.Get(hangHeader) != "" {
		return elb.Answer{Delay: gatewayTimeout + 1}
	}
	res.Header.Del("Date") // the listener sets its own
	return elb.Answer{Status: res.StatusCode, Header: res.Header, Body: body}
}

// failed is the absence of an answer: none in time, no connection, or one that
// broke.
func failed(ctx context.Context, err error) elb.Answer {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return elb.Answer{Delay: gatewayTimeout + 1}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return elb.Answer{Refused: true}
	}
	return elb.Answer{Broken: true}
}
