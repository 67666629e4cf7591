package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim"
)

// What processes sign requests with.
const (
	accessKey = "AKIAVIRIDIAN"
	secretKey = "zZ9-the-secret-access-key"
)

// wire is between a process and the account.
type wire struct{ p *process }

// request is the HTTP request of a call to AWS.
type request struct {
	callID
	values url.Values
	body   []byte
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	p := w.p
	if p.dead {
		return nil, errDead
	}
	at, q := p.passOf(r.Context()), read(r)
	verdict := p.gate(at, q.callID, string(q.body))
	if strings.Contains(r.URL.Host, nowhere) && !p.dead {
		p.wait(20 * time.Second)
		return nil, timeout()
	}
	switch {
	case p.dead:
		return nil, errDead
	case r.Context().Err() != nil:
		return nil, r.Context().Err()
	case verdict == dieBefore:
		p.die("before " + q.String())
		return nil, errDead
	case verdict == loseRequest:
		p.wait(p.dice.between(0, 15*time.Second))
		return nil, timeout()
	case verdict == stale:
		if answer, body := p.w.past.answer(q); answer != nil {
			at.learn(q, body)
			return answer, nil
		}
	}
	answer, err := p.w.send(at, r, q, verdict)
	switch verdict { //nolint:exhaustive // the others are over
	case dieAfter:
		p.die("after " + q.String())
		return nil, errDead
	case loseAnswer:
		p.wait(p.dice.between(0, 15*time.Second))
		return nil, timeout()
	}
	return answer, err
}

func timeout() error { return &net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded} }

// gate makes a call wait for its turn, which comes after the duration of a
// call.
func (p *process) gate(at *pass, c callID, body string) verdict {
	if p.dead {
		return proceed
	}
	turn := make(chan verdict)
	p.w.arrive(fmt.Sprintf("%s %s %s %s", p.name, at.about(), c, body), func() {
		latency := p.dice.between(10*time.Millisecond, 100*time.Millisecond)
		if c.api == "kubernetes" {
			latency = p.dice.between(time.Millisecond, 10*time.Millisecond)
		}
		p.w.owe(latency, func() { p.grant(c, turn) })
	})
	return <-turn
}

// grant gives a call its turn, unless its process is suspended.
func (p *process) grant(c callID, turn chan verdict) {
	stopped := time.Until(p.stoppedUntil)
	switch {
	case p.dead:
		turn <- proceed
	case stopped > 0:
		p.w.owe(min(stopped, time.Minute), func() { p.grant(c, turn) }) // it may be resumed early
	default:
		p.w.stats.calls++
		turn <- p.w.faults.verdict(p, c)
	}
}

// wait lets time pass in a call.
func (p *process) wait(d time.Duration) {
	over := make(chan struct{})
	p.w.owe(d, func() { close(over) })
	<-over
}

// reads matches the actions that change nothing.
var reads = regexp.MustCompile(`^(Describe|List|Get|BatchGet|AssumeRole)`)

// read reads a request.
func read(r *http.Request) request {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	q := request{body: body, values: url.Values{}}
	_, operation, cbor := strings.Cut(r.URL.Path, "/operation/")
	if target := r.Header.Get("X-Amz-Target"); cbor {
		q.action = operation
	} else if function, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/2015-03-31/functions/"), "/"); rest == "invocations" {
		q.action, q.about = "Invoke", function
	} else if target != "" {
		members := map[string]any{}
		if err := json.Unmarshal(body, &members); err != nil {
			panic(err)
		}
		for name, value := range members {
			q.values.Set(name, fmt.Sprint(value))
		}
		q.action = target[strings.LastIndex(target, ".")+1:]
	} else {
		if q.values, err = url.ParseQuery(string(body)); err != nil {
			panic(err)
		}
		q.action = q.values.Get("Action")
	}
	host := strings.TrimPrefix(r.URL.Host, "api.") // as ECR's begins
	q.api, _, _ = strings.Cut(host, ".")
	q.writes = !reads.MatchString(q.action)
	for _, name := range []string{"StackName", "RuleArn", "TargetGroupArn", "ListenerArn", "service", "ResourceArns.member.1", "RuleArns.member.1", "name", "executionArn", "ResourceId"} {
		if v := q.values.Get(name); v != "" {
			q.about = v
			break
		}
	}
	return q
}

// send sends a call to the account.
func (w *world) send(at *pass, r *http.Request, q request, verdict verdict) (*http.Response, error) {
	w.stats.aws++
	if q.writes {
		w.past.keep()
		w.observer.before(at, q)
	}
	w.verdict = verdict
	answer, err := w.sim.Transport().RoundTrip(r)
	w.verdict = proceed
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		panic(err)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	ok := answer.StatusCode == http.StatusOK
	w.observer.counted(at, ok && q.writes && verdict != loseAnswer)
	if !q.writes {
		w.log.whisper(at.String(), "%s: %s: %d, %d bytes", at.about(), q, answer.StatusCode, len(body))
		w.past.remember(r, q)
		if ok {
			at.learn(q, body)
		}
		return answer, nil
	}
	w.log.tell(at.String(), "%s: %s%s: %d%s", at.about(), q, details(q), answer.StatusCode, refusalIn(ok, body))
	if ok {
		at.effects++
		w.stats.mutations++
		w.lastWrite = q.String() + " by " + at.about()
		w.observer.checkTurns(at, q)
		w.observer.look()
	}
	return answer, nil
}

// details of a change, for the log.
func details(q request) string {
	switch q.action {
	case "CreateRule", "ModifyRule":
		return " " + routes(q.values)
	case "UpdateService":
		return " desiredCount=" + q.values.Get("desiredCount")
	case "RegisterScalableTarget":
		return fmt.Sprintf(" %s-%s %s", q.values.Get("MinCapacity"), q.values.Get("MaxCapacity"), q.values.Get("SuspendedState"))
	}
	return ""
}

// routes writes the targets in a request.
func routes(values url.Values) string {
	var parts []string
	for _, t := range targetsIn(values) {
		parts = append(parts, fmt.Sprintf("%s:%d", short(t.group), t.weight))
	}
	return strings.Join(parts, " ")
}

// targetsIn reads the forward action in a request.
func targetsIn(values url.Values) []target {
	var out []target
	for i := 1; i < 10; i++ {
		for j := 1; j < 10; j++ {
			prefix := fmt.Sprintf("Actions.member.%d.ForwardConfig.TargetGroups.member.%d.", i, j)
			if group := values.Get(prefix + "TargetGroupArn"); group != "" {
				weight := 0
				if _, err := fmt.Sscan(values.Get(prefix+"Weight"), &weight); err != nil {
					weight = -1
				}
				out = append(out, target{group, weight})
			}
		}
	}
	return out
}

// short is the name in a target group's ARN.
func short(arn string) string {
	if parts := strings.Split(arn, "/"); len(parts) > 1 {
		return parts[1]
	}
	return arn
}

var codePattern = regexp.MustCompile(`<Code>(.*?)</Code>|"__type":"(.*?)"`)

func refusalIn(ok bool, body []byte) string {
	if ok {
		return ""
	}
	return " " + string(codePattern.Find(body))
}

// learn records the health that a pass read.
func (at *pass) learn(q request, body []byte) {
	if q.action == "DescribeTargetHealth" {
		at.healthy[q.values.Get("TargetGroupArn")] = bytes.Count(body, []byte("<State>healthy</State>"))
	}
}

// past keeps responses from before the latest changes, for stale reads.
type past struct {
	w *world
	// recent are the latest reads.
	recent map[string]*http.Request
	order  []string
	kept   map[string]*kept
}

type kept struct {
	answer *http.Response
	body   []byte
	until  time.Time
}

func newPast(w *world) *past {
	return &past{w: w, recent: map[string]*http.Request{}, kept: map[string]*kept{}}
}

// recently is how many different reads are kept up to date.
const recently = 12

func keyOf(q request) string { return q.api + " " + q.action + " " + string(q.body) }

// wanted reports whether reads may be stale at all.
func (x *past) wanted() bool {
	return slices.ContainsFunc(x.w.faults.now(faultCalls), func(f fault) bool { return f.Verdict == stale })
}

// remember records a read, so that its response can be kept before the next
// change.
func (x *past) remember(r *http.Request, q request) {
	if !x.wanted() {
		return
	}
	key := keyOf(q)
	if x.recent[key] == nil {
		x.order = append(x.order, key)
	}
	clone := r.Clone(context.Background())
	clone.Body = io.NopCloser(bytes.NewReader(q.body))
	x.recent[key] = clone
	if len(x.order) > recently {
		delete(x.recent, x.order[0])
		x.order = x.order[1:]
	}
}

// keep repeats all recent reads just before a change.
func (x *past) keep() {
	if !x.wanted() {
		clear(x.kept)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(x.recent)) {
		if k := x.kept[key]; k != nil && time.Now().Before(k.until) {
			continue
		}
		r := x.recent[key]
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer, err := x.w.sim.Transport().RoundTrip(r) //nolint:bodyclose // it is in memory
		r.Body = io.NopCloser(bytes.NewReader(body))
		if err != nil || answer.StatusCode >= http.StatusInternalServerError {
			continue
		}
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			panic(err)
		}
		x.kept[key] = &kept{answer, text, time.Now().Add(x.w.dice.between(time.Second, staleFor))}
	}
}

// staleFor limits how stale a read is.
const staleFor = 10 * time.Second

// answer returns what a read would have returned a moment ago; nil if that is
// unknown, or too long ago.
func (x *past) answer(q request) (*http.Response, []byte) {
	k := x.kept[keyOf(q)]
	if k == nil || !time.Now().Before(k.until) {
		return nil, nil
	}
	x.w.log.tell("aws", "%s shows what was before", q)
	answer := *k.answer
	answer.Body = io.NopCloser(bytes.NewReader(k.body))
	return &answer, k.body
}

// refusals gives the simulator the errors for a call's verdict.
func (w *world) refusals() {
	for v, effect := range map[verdict]awssim.Effect{
		throttle: awssim.Throttle, serverError: awssim.ServerError, denied: awssim.AccessDenied, expired: awssim.ExpiredToken,
	} {
		w.sim.Faults.Add(awssim.Fault{Effect: effect, Match: func(awssim.Call) bool { return w.verdict == v }})
	}
}
