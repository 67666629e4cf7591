package view

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Event is what is told of an event of Kubernetes.
type Event struct {
	Object  string      `json:"object"`
	Type    string      `json:"type"`
	Reason  string      `json:"reason"`
	Message string      `json:"message"`
	First   metav1.Time `json:"first"`
	Last    metav1.Time `json:"last"`
	Count   int32       `json:"count"`
}

// EventsOf says what is told of events, the oldest first.
func EventsOf(events []corev1.Event) []Event {
	out := make([]Event, 0, len(events))
	for i := range events {
		out = append(out, eventOf(&events[i]))
	}
	slices.SortStableFunc(out, func(a, b Event) int { return a.Last.Compare(b.Last.Time) })
	return out
}

// eventOf reads an event: recorders of events.k8s.io and of the core API fill in
// other fields.
func eventOf(e *corev1.Event) Event {
	out := Event{Object: e.InvolvedObject.Name, Type: e.Type, Reason: e.Reason, Message: e.Message, First: e.FirstTimestamp, Last: e.LastTimestamp, Count: max(e.Count, 1)}
	if out.First.IsZero() {
		out.First = metav1.NewTime(e.EventTime.Time)
	}
	if out.Last.IsZero() {
		out.Last = out.First
	}
	if e.Series != nil {
		out.Count, out.Last = e.Series.Count, metav1.NewTime(e.Series.LastObservedTime.Time)
	}
	return out
}

// Events shows events, with their messages in full.
func (s *Screen) Events(events []Event) string {
	if len(events) == 0 {
		return "No events: Kubernetes keeps them for an hour, unless it is set up otherwise.\n"
	}
	rows := [][]string{{"AGE", "OBJECT", "TYPE", "REASON", "COUNT"}}
	for i := range events {
		e := &events[i]
		rows = append(rows, []string{s.age(&e.Last), e.Object, e.Type, e.Reason, strconv.Itoa(int(e.Count))})
	}
	lines := table(rows)
	var out strings.Builder
	out.WriteString(s.paint(bold, lines[0]) + "\n")
	for i := range events {
		style := plain
		if events[i].Type != corev1.EventTypeNormal {
			style = yellow
		}
		out.WriteString(s.paint(style, lines[i+1]) + "\n")
		for _, line := range s.wrap(events[i].Message, 4) {
			out.WriteString("    " + line + "\n")
		}
	}
	return out.String()
}
