package ecs

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/elb"
)

// RevisionVariable is the environment variable whose value a task tells as its
// revision.
const RevisionVariable = "VIRIDIAN_REVISION"

// reply is what a task answers to a request.
type reply struct {
	Revision string `json:"revision,omitempty"`
	Image    string `json:"image"`
	Task     string `json:"task"`
	Service  string `json:"service"`
	Path     string `json:"path"`
	// Environment is that of the container, without its secrets.
	Environment map[string]string `json:"environment,omitempty"`
	Error       string            `json:"error,omitempty"`
}

// Answer is what the task at the address, or at a port of an instance, does with a request, a load
// balancer's health check included.
func (s *Service) Answer(ip string, port int, req *http.Request) elb.Answer {
	t, c := s.serving(ip, port)
	if t == nil {
		return elb.Answer{Refused: true}
	}
	if isHealthCheck(req) {
		return t.answer(c, req, s.healthStatus(t), 0)
	}
	if n := t.behaves.hangShare; n > 0 && s.world.Rand().IntN(100) < n {
		return elb.Answer{Hangs: true}
	}
	if n := t.behaves.resetShare; n > 0 && s.world.Rand().IntN(100) < n {
		return elb.Answer{Broken: true}
	}
	status := http.StatusOK
	if s.world.Rand().IntN(100) < t.behaves.errorShare {
		status = t.behaves.errorStatus
	}
	return t.answer(c, req, status, t.behaves.delay)
}

// serving finds the task and its container that listen at the address.
func (s *Service) serving(ip string, port int) (*task, *container) {
	for _, t := range s.tasks {
		if t.host != ip || !t.serving {
			continue
		}
		if c := t.at(port); c != nil {
			return t, c
		}
	}
	return nil, nil
}

func isHealthCheck(req *http.Request) bool {
	return req.UserAgent() == elb.UserAgent || strings.HasPrefix(req.URL.Path, "/health")
}

// passes tells whether the task passes its health checks now.
func (s *Service) passes(t *task) bool { return s.healthStatus(t) == http.StatusOK }

func (s *Service) healthStatus(t *task) int {
	age := s.unscale(s.world.Now().Sub(t.started))
	switch {
	case t.behaves.unhealthy:
		return http.StatusInternalServerError
	case t.behaves.late && age < lateTime:
		return http.StatusServiceUnavailable
	case t.behaves.flap && age/flapPeriod%2 == 1:
		return http.StatusInternalServerError
	default:
		return http.StatusOK
	}
}

func (t *task) answer(c *container, req *http.Request, status int, delay time.Duration) elb.Answer {
	r := reply{Revision: t.revision(), Image: c.Image, Task: t.id, Service: t.service.name, Path: req.URL.Path, Environment: c.environment()}
	if status >= http.StatusInternalServerError {
		r.Error = http.StatusText(status)
	}
	body, _ := json.Marshal(r) // strings can always be marshalled
	answer := elb.Answer{Status: status, Delay: delay, Body: append(body, '\n'), Header: http.Header{
		"Content-Type": {"application/json"},
		"X-Revision":   {r.Revision},
		"X-Task":       {t.id},
	}}
	if contentType := req.Header.Get("Content-Type"); elb.IsGRPC(contentType) {
		speakGRPC(&answer, contentType, req.URL.Path)
	}
	return answer
}

// Codes of gRPC.
const (
	grpcOK            = "0"
	grpcUnimplemented = "12"
	grpcInternal      = "13"
)

// speakGRPC makes a gRPC answer of one of HTTP: whatever happened, the HTTP status
// is 200. No task has the method that load balancers ask for by default.
func speakGRPC(a *elb.Answer, contentType, path string) {
	code := grpcOK
	switch {
	case a.Status >= http.StatusInternalServerError:
		code = grpcInternal
	case path == "/AWS.ALB/healthcheck":
		code = grpcUnimplemented
	}
	a.Status = http.StatusOK
	a.Header.Set("Content-Type", contentType)
	a.Header.Set(elb.GRPCStatus, code)
}

// revision is told by whichever container knows it.
func (t *task) revision() string {
	for i := range t.definition.ContainerDefinitions {
		for _, v := range t.definition.ContainerDefinitions[i].Environment {
			if v.Name == RevisionVariable {
				return v.Value
			}
		}
	}
	return ""
}
