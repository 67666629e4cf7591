package ecs

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// behaviour is what a task's images make it do.
type behaviour struct {
	crash, noPull, unhealthy, flap, late bool
	// noTerm ignores SIGTERM.
	noTerm bool
	// errorShare is the percentage of requests answered with errorStatus.
	errorShare, errorStatus int
	// hangShare is the percentage of requests that get no answer within the
	// load balancer's idle timeout, and resetShare of those whose connection
	// the task resets. Health checks don't count.
	hangShare, resetShare int
	// delay is how long an answer takes.
	delay time.Duration
	// cpuLevel and memoryLevel are a task's load in per cent; nil is a usual
	// one.
	cpuLevel, memoryLevel *int
}

const (
	flapPeriod = 2 * time.Minute
	lateTime   = 3 * time.Minute
	slowDelay  = 2 * time.Second
)

// behaviourOf reads the tags of all images of a task definition.
func (s *Service) behaviourOf(d *taskDefinition) behaviour {
	b := behaviour{errorStatus: 500}
	for i := range d.ContainerDefinitions {
		for _, text := range append(s.tagsOf(d.ContainerDefinitions[i].Image), simulated(&d.ContainerDefinitions[i])...) {
			for _, word := range words(text) {
				b.learn(word)
			}
		}
	}
	return b
}

// simulated is the value of the variable SIMULATE of a container's environment, which
// is read as a tag is.
func simulated(c *container) []string {
	for _, v := range c.Environment {
		if v.Name == "SIMULATE" {
			return []string{v.Value}
		}
	}
	return nil
}

// tagsOf lists an image's tag and those which its digest has.
func (s *Service) tagsOf(image string) []string {
	name, digest, _ := strings.Cut(image, "@")
	repository, tag := name, ""
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
		repository, tag = name[:i], name[i+1:]
	}
	tags := []string{tag}
	if digest == "" || s.opts.TagResolver == nil {
		return tags
	}
	return append(tags, s.opts.TagResolver(withoutRegistry(repository), digest)...)
}

// withoutRegistry drops a host: a first part with a dot, a port or the name
// localhost.
func withoutRegistry(repository string) string {
	host, rest, found := strings.Cut(repository, "/")
	if found && (strings.ContainsAny(host, ".:") || host == "localhost") {
		return rest
	}
	return repository
}

func words(tag string) []string {
	return strings.FieldsFunc(strings.ToLower(tag), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func (b *behaviour) learn(word string) {
	switch word {
	case "crash":
		b.crash = true
	case "nopull":
		b.noPull = true
	case "noterm":
		b.noTerm = true
	case "unhealthy":
		b.unhealthy = true
	case "flap":
		b.flap = true
	case "late":
		b.late = true
	case "slow":
		b.delay = slowDelay
	}
	b.learnNumber(word)
}

// learnNumber reads the words which end in a number.
func (b *behaviour) learnNumber(word string) {
	if n, ok := numbered(word, "slow"); ok {
		b.delay = time.Duration(n) * time.Millisecond
	}
	if n, ok := numbered(word, "err"); ok {
		b.fail(n)
	}
	if n, ok := numbered(word, "hang"); ok && n <= 100 {
		b.hangShare = n
	}
	if n, ok := numbered(word, "reset"); ok && n <= 100 {
		b.resetShare = n
	}
	if n, ok := numbered(word, "cpu"); ok && n <= 100 {
		b.cpuLevel = &n
	}
	if n, ok := numbered(word, "mem"); ok && n <= 100 {
		b.memoryLevel = &n
	}
}

// The load of a task whose image says nothing else, in per cent.
const (
	usualCPU    = 20
	usualMemory = 30
)

func (b *behaviour) cpu(task string) float64 { return level(b.cpuLevel, usualCPU, task) }

func (b *behaviour) memory(task string) float64 { return level(b.memoryLevel, usualMemory, task) }

// level is the one that the image wants or about the usual one, a bit different
// for each task.
func level(wanted *int, usual float64, task string) float64 {
	if wanted != nil {
		return float64(*wanted)
	}
	digits, err := strconv.ParseUint(task[:4], 16, 16)
	if err != nil {
		return usual
	}
	return usual - 2 + 4*float64(digits)/0xffff
}

// fail answers n per cent with 500 or, for a status of the 500s, everything
// with it.
func (b *behaviour) fail(n int) {
	switch {
	case n <= 100:
		b.errorShare = n
	case n >= 500 && n <= 599:
		b.errorShare, b.errorStatus = 100, n
	}
}

// numbered reads the number in a word such as err20.
func numbered(word, prefix string) (int, bool) {
	digits, ok := strings.CutPrefix(word, prefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n >= 0
}
