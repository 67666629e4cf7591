package main

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/test/traffic"
)

func TestLedgerCountsBetweenTwoTimes(t *testing.T) {
	start := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	var l ledger
	for _, a := range []answer{
		{at: at(0), revision: 1},
		{at: at(1), revision: 1},
		{at: at(1), revision: 2},
		{at: at(2), revision: 2, failure: "500 Internal Server Error"},
		{at: at(3), failure: "503 Service Unavailable"},
		{at: at(4), revision: 2},
	} {
		l.add(a)
	}
	got := l.between(at(1), at(4))
	want := tally{
		total: 4, failed: 2, byRevision: map[int64]int{0: 1, 1: 1, 2: 2},
		failures: map[string]int{"500 Internal Server Error": 1, "503 Service Unavailable": 1},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(tally{})); diff != "" {
		t.Error(diff)
	}
	if got := got.share(2); got != 50 {
		t.Errorf("revision 2 has %v %%", got)
	}
	if diff := cmp.Diff([]int64{1, 2}, got.revisions()); diff != "" {
		t.Error(diff)
	}
	if got := (tally{}).share(1); got != 0 {
		t.Errorf("without answers the share is %v", got)
	}
}

func TestLedgerForgetsOldAnswers(t *testing.T) {
	start := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	var l ledger
	for minute := range 60 {
		l.add(answer{at: start.Add(time.Duration(minute) * time.Minute), revision: 1})
	}
	if got, most := len(l.answers), int(keepAnswers.Minutes())+2; got > most {
		t.Errorf("%d answers are kept, more than %d", got, most)
	}
}

func TestJudge(t *testing.T) {
	tests := map[string]struct {
		code     int
		told     string
		err      error
		revision int64
		failure  string
	}{
		"a good answer":         {200, "2", nil, 2, ""},
		"a failing revision":    {500, "2", nil, 2, "500 Internal Server Error"},
		"no rule":               {404, "", nil, 0, "404 Not Found"},
		"someone else":          {200, "", nil, 0, "no X-Revision in the answer"},
		"an answer cut in half": {200, "2", errors.New("unexpected EOF"), 2, "unexpected EOF"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			header := http.Header{revisionHeader: {tc.told}}
			revision, failure := judge(traffic.Answer{Status: tc.code, Header: header, Err: tc.err})
			if revision != tc.revision || failure != tc.failure {
				t.Errorf("got revision %d and %q", revision, failure)
			}
		})
	}
}
