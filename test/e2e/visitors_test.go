package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/onsi/gomega"

	"github.com/viridian-dev/viridian/test/traffic"
)

const (
	// visitorCount visitors send a request each every visitorPause: 80 a second.
	visitorCount = 4
	visitorPause = 50 * time.Millisecond
	// visitorPatience is longer than a busy machine takes to respond.
	visitorPatience = 30 * time.Second
)

// visitors send requests to the load balancer over the network, whatever
// happens to the cluster.
type visitors struct {
	// tags of images by their digests.
	tags map[string]string
	stop context.CancelFunc
	done chan struct{}

	mu sync.Mutex
	// answers counts the answers by the tag of the image that gave them, latest
	// is the last tag.
	answers map[string]int
	latest  string
	// failures are the first failures, failed is how many there were.
	failures []string
	failed   int
}

// visit sends visitors to a page. Any result that isn't an answer of an image
// with one of the tags fails the test.
func (w *world) visit(host, page string, tags map[string]string) *visitors {
	w.t.Helper()
	url, err := w.sim.ListenerURL(w.listener)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	v := &visitors{tags: tags, done: make(chan struct{}), answers: map[string]int{}}
	users := &traffic.Users{
		URL: url + page, Host: host, Count: visitorCount, Pause: visitorPause, Patience: visitorPatience, Record: v.note,
	}
	var ctx context.Context
	ctx, v.stop = context.WithCancel(w.t.Context())
	go func() {
		defer close(v.done)
		users.Run(ctx)
	}()
	w.t.Cleanup(func() {
		v.leave()
		w.t.Logf("answers by tag: %v, failed: %d", v.answers, v.failed)
		if v.failed > 0 {
			w.t.Errorf("%d requests failed, these first: %q", v.failed, v.failures)
		}
	})
	return v
}

// leave ends the visit.
func (v *visitors) leave() {
	v.stop()
	<-v.done
}

// tagOf is the tag of the image that answered.
func (v *visitors) tagOf(got traffic.Answer) (string, error) {
	if got.Err != nil {
		return "", got.Err
	}
	if got.Status != http.StatusOK {
		return "", fmt.Errorf("answer %d", got.Status)
	}
	var answer struct{ Image string }
	if err := json.Unmarshal(got.Body, &answer); err != nil {
		return "", err
	}
	_, digest, _ := strings.Cut(answer.Image, "@")
	if tag := v.tags[digest]; tag != "" {
		return tag, nil
	}
	return "", fmt.Errorf("answer of %q", answer.Image)
}

func (v *visitors) note(got traffic.Answer) {
	tag, err := v.tagOf(got)
	v.mu.Lock()
	defer v.mu.Unlock()
	if err == nil {
		v.answers[tag]++
		v.latest = tag
		return
	}
	if v.failed++; v.failed <= 10 {
		v.failures = append(v.failures, time.Now().Format("15:04:05.000 ")+err.Error())
	}
}

// seen returns how many answers the image with the tag gave.
func (v *visitors) seen(tag string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.answers[tag]
}

// last returns the tag of the image that gave the latest answer.
func (v *visitors) last() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.latest
}
