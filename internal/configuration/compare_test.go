package configuration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/cloud"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// comparison is that of a revision that holds what was there.
func comparison(t *testing.T) *Comparison {
	t.Helper()
	template := shop()
	_, held := freeze(t, template, v1alpha1.SecretsAuto, all())
	return &Comparison{Revision: "shop-1", Held: held, Template: &template, Policy: v1alpha1.SecretsAuto, Now: noon}
}

// find is the entry of a variable.
func find(t *testing.T, s *v1alpha1.ConfigurationStatus, name string) v1alpha1.ConfigurationReference {
	t.Helper()
	for _, r := range s.Entries {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no %s in %+v", name, s.Entries)
	return v1alpha1.ConfigurationReference{}
}

func TestCompareNothingNew(t *testing.T) {
	s := Compare(comparison(t), all())
	if s.Revision != "shop-1" || s.Changed != "" || len(s.Entries) != 5 {
		t.Errorf("%+v", s)
	}
	for _, r := range s.Entries {
		if r.Changed || r.Problem != "" || r.Since != nil || r.Held == "" || r.Held != r.Current {
			t.Errorf("%+v", r)
		}
	}
	if v := Judge(s, "shop", "shop", false, false); !v.Current || v.Reason != v1alpha1.ReasonConfigurationCurrent {
		t.Errorf("%+v", v)
	}
	if s := Compare(&Comparison{Revision: "shop-1"}, all()); s != nil {
		t.Errorf("of nothing there is %+v", s)
	}
}

// What counts as a change, and what doesn't.
func TestCompareChanges(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*Answers)
		variable string
		changed  bool
	}{
		"value": {func(a *Answers) { a.Parameters["/shop/production/features"] = cloud.Parameter{Value: "c", Version: 4} }, "FEATURES", true},
		"written the same": {func(a *Answers) {
			a.Parameters["/shop/production/features"] = cloud.Parameter{Value: "a,b", Version: 4}
		}, "FEATURES", false},
		"made anew": {func(a *Answers) { a.Parameters["/shop/production/features"] = cloud.Parameter{Value: "c", Version: 3} }, "FEATURES", true},
		"secure parameter": {func(a *Answers) {
			a.Parameters["/shared/token"] = cloud.Parameter{Secure: true, Version: 8, ModifiedAt: noon.Add(time.Hour)}
		}, "TOKEN", true},
		"secure parameter, created again": {func(a *Answers) {
			a.Parameters["/shared/token"] = cloud.Parameter{Secure: true, Version: 7, ModifiedAt: noon.Add(time.Hour)}
		}, "TOKEN", true},
		"pinned secret":      {func(a *Answers) { a.Secrets[db] = staged(v2, v1) }, "DB", true},
		"rotation":           {func(a *Answers) { a.Secrets[rotated] = staged(v2, v1) }, "ROTATED", false},
		"pending, no change": {func(a *Answers) { a.Secrets[db].Stages[v2] = []string{"AWSPENDING"} }, "DB", false},
	} {
		t.Run(name, func(t *testing.T) {
			compared, answers := comparison(t), all()
			c.change(answers)
			s := Compare(compared, answers)
			r := find(t, s, c.variable)
			if r.Changed != c.changed || (s.Changed != "") != c.changed || (r.Since != nil) != c.changed || r.Problem != "" {
				t.Errorf("changed: %q, %+v", s.Changed, r)
			}
			if _, next := freeze(t, shop(), v1alpha1.SecretsAuto, answers); c.changed && s.Changed != next.SHA256 {
				t.Errorf("a new revision would hold %s, not %s", next.SHA256, s.Changed)
			}
			if c.changed && s.Entries[0].Name != c.variable {
				t.Errorf("%s is not told first", c.variable)
			}
			v := Judge(s, "shop", "web", false, false)
			says := strings.Contains(v.Message, "kubectl patch imd web -n shop") && strings.Contains(v.Message, c.variable+" of container app")
			if v.Current == c.changed || c.changed && !says {
				t.Errorf("%+v", v)
			}
		})
	}
}

// A parameter that was created again says so, as its version doesn't. Of a revision that
// was made before times were written down, the version has to do.
func TestCompareCreatedAgain(t *testing.T) {
	c, answers := comparison(t), all()
	answers.Parameters["/shared/token"] = cloud.Parameter{Secure: true, Version: 7, ModifiedAt: noon.Add(time.Hour)}
	if v := Judge(Compare(c, answers), "shop", "shop", false, false); !strings.Contains(v.Message, "TOKEN of container app (/shared/token: created again, in version 7)") {
		t.Errorf("%+v", v)
	}
	for i := range c.Held.Entries {
		c.Held.Entries[i].ModifiedAt = nil
	}
	if s := Compare(c, answers); s.Changed != "" {
		t.Errorf("changed: %+v", s)
	}
}

// What could not be read when the revision was made is compared with what was read
// first afterwards, and a change of it is one.
func TestCompareFirstSeen(t *testing.T) {
	template, answers := shop(), all()
	delete(answers.Parameters, "/shared/token")
	answers.Unread = map[string]bool{"/shared/token": true}
	_, held := freeze(t, template, v1alpha1.SecretsAuto, answers)
	c := &Comparison{Revision: "shop-1", Held: held, Template: &template, Policy: v1alpha1.SecretsAuto, Now: noon}
	c.Before = Compare(c, answers)
	if r := find(t, c.Before, "TOKEN"); r.Held != "" || r.Kind != "" {
		t.Errorf("unread: %+v", r)
	}
	c.Before = Compare(c, all())
	if r := find(t, c.Before, "TOKEN"); r.Changed || r.Held != "7" || !r.HeldLater || r.Kind != v1alpha1.KindSecureParameter || c.Before.Changed != "" {
		t.Errorf("read for the first time: %q, %+v", c.Before.Changed, r)
	}
	c.Before = Compare(c, answers) // once it can't be read again
	for name, p := range map[string]cloud.Parameter{
		"written again": {Secure: true, Version: 8, ModifiedAt: noon.Add(time.Hour)},
		"created again": {Secure: true, Version: 7, ModifiedAt: noon.Add(time.Hour)},
	} {
		now := all()
		now.Parameters["/shared/token"] = p
		s := Compare(c, now)
		if r := find(t, s, "TOKEN"); !r.Changed || r.Held != "7" || s.Changed == "" {
			t.Errorf("%s: %q, %+v", name, s.Changed, r)
		}
		if v := Judge(s, "shop", "shop", true, false); name == "written again" && !strings.Contains(v.Message, "version 7 when it was first read, now 8") {
			t.Errorf("%s: %s", name, v.Message)
		}
	}
	if s := Compare(c, all()); find(t, s, "TOKEN").Changed {
		t.Error("what is as it was first seen has changed")
	}
}

// Those that were first seen later are shown before those that are held: status is
// where they are kept.
func TestCompareKeepsFirstSeen(t *testing.T) {
	s := &v1alpha1.ConfigurationStatus{Entries: make([]v1alpha1.ConfigurationReference, shown+1)}
	s.Entries[shown].HeldLater = true
	if shorten(s); !s.Entries[0].HeldLater {
		t.Error("it is left out")
	}
}

// staged is a secret with a current and a previous version.
func staged(current, previous string) cloud.Secret {
	return cloud.Secret{Stages: map[string][]string{current: {cloud.StageCurrent}, previous: {"AWSPREVIOUS"}}}
}

// The time of a change stays while it is the same, and what can't be looked at is
// as it was.
func TestCompareSince(t *testing.T) {
	compared, answers := comparison(t), all()
	answers.Parameters["/shop/production/features"] = cloud.Parameter{Value: "c", Version: 4}
	compared.Before = Compare(compared, answers)
	compared.Now = noon.Add(time.Hour)
	answers.Parameters["/shop/production/features"] = cloud.Parameter{Value: "d", Version: 5}
	next := Compare(compared, answers)
	if r := find(t, next, "FEATURES"); !r.Since.Time.Equal(noon) || r.Current != "5" {
		t.Errorf("%+v", r)
	}
	delete(answers.Parameters, "/shop/production/features")
	answers.Unread = map[string]bool{"/shop/production/features": true}
	compared.Before, compared.Now = next, noon.Add(2*time.Hour)
	if r := find(t, Compare(compared, answers), "FEATURES"); !r.Changed || r.Problem != "" || !r.Since.Time.Equal(noon) {
		t.Errorf("what nobody could look at is %+v", r)
	}
	compared.Revision = "shop-2"
	if r := find(t, Compare(compared, answers), "FEATURES"); r.Changed || r.Since != nil {
		t.Errorf("another revision has what was found of this one: %+v", r)
	}
}

// What keeps tasks, or a new revision, from getting a value. Nothing is rolled out
// then.
func TestCompareProblems(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*Answers)
		variable string
		problem  string
		remedy   string
	}{
		"no parameter": {func(a *Answers) { delete(a.Parameters, "/shop/production/features") }, "FEATURES", "tasks keep the value, but no new revision can be made",
			"Create it: aws ssm put-parameter --name /shop/production/features --type String --value … --region eu-west-1; or correct spec.template.containers[app].environment[FEATURES].valueFrom.ssm"},
		"no secure parameter": {func(a *Answers) { delete(a.Parameters, "/shared/token") }, "TOKEN", "no task can start",
			"Create it: aws ssm put-parameter --name /shared/token --type SecureString --value … --region eu-west-1; or correct spec.template.containers[app].secrets[TOKEN].valueFrom"},
		"secure now": {func(a *Answers) { a.Parameters["/shop/production/features"] = cloud.Parameter{Secure: true} }, "FEATURES", "is a SecureString now",
			"Take FEATURES out of environment of container app"},
		"no secret":      {func(a *Answers) { delete(a.Secrets, rotated) }, "ROTATED", "does not exist", "aws secretsmanager list-secrets"},
		"deleted secret": {func(a *Answers) { a.Secrets[db] = cloud.Secret{DeletedAt: noon} }, "DB", "scheduled for deletion", "Take that back: aws secretsmanager restore-secret --secret-id " + db},
	} {
		t.Run(name, func(t *testing.T) {
			compared, answers := comparison(t), all()
			answers.Parameters["/shop/production/splunk"] = cloud.Parameter{Secure: true, Version: 2}
			c.change(answers)
			s := Compare(compared, answers)
			r := find(t, s, c.variable)
			if !strings.Contains(r.Problem, c.problem) || !strings.Contains(r.Remedy, c.remedy) || r.Since == nil || len(r.Problem) > problemLength {
				t.Errorf("%+v", r)
			}
			if s.Changed != "" {
				t.Error("it is to be rolled out, though no revision can be made")
			}
			if v := Judge(s, "shop", "shop", false, false); v.Current || v.Reason != v1alpha1.ReasonConfigurationGone || !strings.Contains(v.Message, r.Problem+". "+r.Remedy) {
				t.Errorf("%+v", v)
			}
		})
	}
}

// While no revision can be made, what was given up stays so: once the parameter is back
// with that value, it is no other one. What wasn't tried yet isn't asked for then.
func TestCompareGoneAfterGivingUp(t *testing.T) {
	bad := all()
	bad.Parameters["/shop/production/features"] = cloud.Parameter{Value: "bad", Version: 4}
	for name, gone := range map[string]string{"itself": "/shop/production/features", "another one": "/shared/token"} {
		for _, tried := range []bool{true, false} {
			c, now := comparison(t), all()
			c.Before = Compare(c, bad)
			found := c.Before.Changed
			if tried {
				c.GivenUp = []string{"others", found}
			}
			now.Parameters["/shop/production/features"] = bad.Parameters["/shop/production/features"]
			delete(now.Parameters, gone)
			c.Before = Compare(c, now)
			if got := c.Before.Changed; (got == found) != tried || got != found && got != "" {
				t.Errorf("%s is gone, tried %t: %q, want %q", name, tried, got, found)
			}
			if back := Compare(c, bad); back.Changed != found {
				t.Errorf("%s is back, tried %t: %q, want %q", name, tried, back.Changed, found)
			}
			if good := Compare(c, all()); good.Changed != "" {
				t.Errorf("%s is back with the old value, tried %t: %q", name, tried, good.Changed)
			}
		}
	}
}

// What was given up before isn't rolled out, and the condition says why.
func TestJudgeGivenUp(t *testing.T) {
	bad := all()
	bad.Parameters["/shop/production/features"] = cloud.Parameter{Value: "bad", Version: 4}
	const says = "A rollout of these values was given up"
	for rollsOut, want := range map[bool]bool{true: true, false: false} {
		if v := Judge(Compare(comparison(t), bad), "shop", "shop", rollsOut, true); strings.Contains(v.Message, says) != want || v.Current {
			t.Errorf("rolled out %t: %s", rollsOut, v.Message)
		}
	}
	if v := Judge(Compare(comparison(t), bad), "shop", "shop", true, false); strings.Contains(v.Message, says) {
		t.Error(v.Message)
	}
}

// A version that lost its label can be replaced by a new revision, which pins
// another one.
func TestCompareDeprecatedVersion(t *testing.T) {
	answers := all()
	answers.Secrets[db] = cloud.Secret{Stages: map[string][]string{v2: {cloud.StageCurrent}}}
	s := Compare(comparison(t), answers)
	if r := find(t, s, "DB"); r.Problem == "" || !r.Changed || s.Changed == "" {
		t.Errorf("changed %q, %+v", s.Changed, r)
	}
}

// Of a secret that was pinned, and has become rotated, people are warned: the version
// stops working. One that was rotated before was pinned on purpose.
func TestCompareRotatedSince(t *testing.T) {
	const user = ":::" + v1
	template := shop()
	template.Containers[0].Secrets = append(template.Containers[0].Secrets, v1alpha1.Secret{Name: "CHOSEN", ValueFrom: db + user})
	_, held := freeze(t, template, v1alpha1.SecretsPin, all())
	c := &Comparison{Revision: "shop-1", Held: held, Template: &template, Policy: v1alpha1.SecretsPin, Now: noon}
	answers := all()
	for _, r := range Compare(c, answers).Entries {
		if r.Warning != "" {
			t.Errorf("nothing has changed: %+v", r)
		}
	}
	secret := answers.Secrets[db]
	secret.Rotated = true
	answers.Secrets[db] = secret
	s := Compare(c, answers)
	for _, r := range s.Entries {
		if warned := r.Warning != ""; warned != (r.Name == "DB") || r.Changed || len(r.Warning) > problemLength {
			t.Errorf("%+v", r)
		}
	}
	if s.Entries[0].Name != "DB" {
		t.Errorf("%s is told first", s.Entries[0].Name)
	}
	c.Before = s
	delete(answers.Secrets, db)
	answers.Unread = map[string]bool{db: true}
	if r := find(t, Compare(c, answers), "DB"); r.Warning == "" {
		t.Error("the warning is forgotten since nobody could look")
	}
}

// Status is bounded, and shows first what matters.
func TestCompareMany(t *testing.T) {
	var template v1alpha1.RevisionTemplate
	answers := &Answers{Parameters: map[string]cloud.Parameter{}}
	for i := range 60 {
		name := fmt.Sprintf("/p/%02d", i)
		answers.Parameters[name] = cloud.Parameter{Value: "a", Version: 1}
		template.Containers = append(template.Containers, v1alpha1.Container{Name: fmt.Sprint(i), Environment: []v1alpha1.KeyValue{{Name: "V", ValueFrom: &v1alpha1.ValueSource{SSM: name}}}})
	}
	_, held := freeze(t, template, v1alpha1.SecretsAuto, answers)
	for i := range 10 {
		answers.Parameters[fmt.Sprintf("/p/%02d", 50+i)] = cloud.Parameter{Value: "b", Version: 2}
	}
	s := Compare(&Comparison{Revision: "a", Held: held, Template: &template, Now: noon}, answers)
	if len(s.Entries) != shown || s.Omitted != 60-shown || !s.Entries[9].Changed || s.Entries[10].Changed {
		t.Errorf("%d and %d more", len(s.Entries), s.Omitted)
	}
	if v := Judge(s, "a", "b", true, false); !strings.Contains(v.Message, "and 5 more") || strings.Contains(v.Message, "kubectl") {
		t.Errorf("%+v", v)
	}
}

// No sentence, and nothing that is kept, has a value of a secret: there is none to
// have. What is held of a plain parameter is the hash of its value.
func TestNoValues(t *testing.T) {
	answers := all()
	answers.Parameters["/shop/production/features"] = cloud.Parameter{Value: "planted-value", Version: 3}
	_, held := freeze(t, shop(), v1alpha1.SecretsAuto, answers)
	if text := fmt.Sprintf("%+v", held); strings.Contains(text, "planted-value") {
		t.Error(text)
	}
}

// Of what no revision of the template in spec could have, there is no command that
// rolls it out: another template serves, or one can't be made now.
func TestJudgeGivesNoCommandThatDoesSomethingElse(t *testing.T) {
	c := comparison(t)
	c.Template = nil
	now := all()
	now.Parameters["/shop/production/features"] = cloud.Parameter{Value: "c", Version: 4}
	if v := Judge(Compare(c, now), "shop", "shop", false, false); v.Reason != v1alpha1.ReasonConfigurationChanged || strings.Contains(v.Message, "kubectl") {
		t.Errorf("%+v", v)
	}
}

// What can't be read any more is no other change than the one that was found.
func TestCompareUnreadKeepsTheChange(t *testing.T) {
	c := comparison(t)
	now := all()
	for _, name := range []string{"/shop/production/features", "/shared/token"} {
		p := now.Parameters[name]
		p.Value, p.Version = p.Value+"x", p.Version+1
		now.Parameters[name] = p
	}
	c.Before = Compare(c, now)
	delete(now.Parameters, "/shared/token")
	now.Unread = map[string]bool{"/shared/token": true}
	s := Compare(c, now)
	if s.Changed == "" || s.Changed != c.Before.Changed {
		t.Errorf("found %q before and %q now", c.Before.Changed, s.Changed)
	}
	c.Before = s
	p := now.Parameters["/shop/production/features"]
	p.Value, p.Version = p.Value+"y", p.Version+1
	now.Parameters["/shop/production/features"] = p
	if again := Compare(c, now); again.Changed == s.Changed {
		t.Error("another value is no news")
	}
}

// Of what nobody could look at, it isn't said that it is current.
func TestJudgeSaysWhatItDoesNotKnow(t *testing.T) {
	c, now := comparison(t), all()
	delete(now.Parameters, "/shared/token")
	now.Unread = map[string]bool{"/shared/token": true}
	if v := Judge(Compare(c, now), "shop", "shop", false, false); !v.Current || !strings.Contains(v.Message, "as far as they can be read; not ") {
		t.Errorf("%+v", v)
	}
}
