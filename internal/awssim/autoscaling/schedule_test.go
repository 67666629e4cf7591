package autoscaling

import (
	"testing"
	"time"
)

// TestSchedules: cron expressions are those of the user guide, "Schedule recurring
// scaling actions using cron expressions".
func TestSchedules(t *testing.T) {
	begun := time.Date(2026, 11, 30, 21, 10, 20, 0, time.UTC) // a Monday
	tests := map[string]struct {
		schedule, zone string
		// next are the first times, in UTC.
		next []string
	}{
		"once":             {"at(2026-12-01T07:00:00)", "", []string{"2026-12-01T07:00:00"}},
		"once in Berlin":   {"at(2026-12-01T07:00:00)", "Europe/Berlin", []string{"2026-12-01T06:00:00"}},
		"over":             {"at(2026-11-30T21:00:00)", "", nil},
		"rate":             {"rate(1 minute)", "", []string{"2026-11-30T21:11:20", "2026-11-30T21:12:20"}},
		"rate of days":     {"rate(2 days)", "", []string{"2026-12-02T21:10:20", "2026-12-04T21:10:20"}},
		"working days":     {"cron(0 7 ? * MON-FRI *)", "", []string{"2026-12-01T07:00:00", "2026-12-02T07:00:00", "2026-12-03T07:00:00", "2026-12-04T07:00:00", "2026-12-07T07:00:00"}},
		"numbers of days":  {"cron(0 7 ? * 1,7 *)", "", []string{"2026-12-05T07:00:00", "2026-12-06T07:00:00", "2026-12-12T07:00:00"}},
		"each ten minutes": {"cron(0/10 * ? * * *)", "", []string{"2026-11-30T21:20:00", "2026-11-30T21:30:00"}},
		"a range of hours": {"cron(30 22-23 1 * ? *)", "", []string{"2026-12-01T22:30:00", "2026-12-01T23:30:00", "2027-01-01T22:30:00"}},
		"a month":          {"cron(0 0 29 FEB ? *)", "", []string{"2028-02-29T00:00:00"}},
		"a year":           {"cron(0 0 1 1 ? 2027)", "", []string{"2027-01-01T00:00:00", ""}},
		"summer time":      {"cron(0 7 28,29 3 ? 2027)", "Europe/Berlin", []string{"2027-03-28T05:00:00", "2027-03-29T05:00:00"}},
		"India":            {"cron(0 7 * * ? *)", "Asia/Kolkata", []string{"2026-12-01T01:30:00", "2026-12-02T01:30:00"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			zone, err := time.LoadLocation(tc.zone)
			if err != nil {
				t.Fatal(err)
			}
			when, err := parseSchedule(tc.schedule, zone)
			if err != nil {
				t.Fatal(err)
			}
			after := begun
			for i, want := range tc.next {
				got := when.next(after, begun)
				if want == "" != got.IsZero() || want != "" && got.UTC().Format("2006-01-02T15:04:05") != want {
					t.Errorf("time %d is %v, want %q", i, got.UTC(), want)
				}
				after = got
			}
			if len(tc.next) == 0 && !when.next(after, begun).IsZero() {
				t.Errorf("it comes at %v", when.next(after, begun))
			}
		})
	}
}

func TestBadSchedules(t *testing.T) {
	for _, text := range []string{
		"", "7:00", "at(2026-13-01T07:00:00)", "at(2026-12-01)", "rate(0 minutes)", "rate(1 minutes)", "rate(2 minute)", "rate(5 seconds)",
		"cron(0 7 ? * MON-FRI)", "cron(0 7 * * MON-FRI *)", "cron(0 7 ? * ? *)", "cron(60 7 ? * * *)", "cron(0 24 ? * * *)",
		"cron(0 7 0 * ? *)", "cron(0 7 ? 13 * *)", "cron(0 7 ? * 8 *)", "cron(0 7 ? * FRI-MON *)", "cron(0/0 7 ? * * *)", "cron(0 7 L * ? *)",
	} {
		if when, err := parseSchedule(text, time.UTC); err == nil {
			t.Errorf("%q is taken as %v", text, when)
		}
	}
}
