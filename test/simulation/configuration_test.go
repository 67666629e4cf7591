package simulation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/viridian-dev/viridian/api/v1alpha1"
	"github.com/viridian-dev/viridian/internal/awssim/secrets"
	"github.com/viridian-dev/viridian/internal/awssim/ssm"
)

// Kinds of faults of configuration. Its reads fail by faults of calls.
const (
	faultValue         faultKind = "parameter changes"
	faultSecret        faultKind = "secret changes"
	faultRotate        faultKind = "secret is rotated"
	faultParameterGone faultKind = "parameter deleted"
	faultSecretGone    faultKind = "secret deleted"
)

// goodValues are values of parameters that tasks work with, badValues those with
// which they crash.
var (
	goodValues = []string{"blue", "green", "red"}
	badValues  = []string{"crash", "crash-again"}
)

// configValue is in the value of each secret, so that it is found where it must not be.
const configValue = "zZ9-the-value-of-a-secret"

// parameterOf is an application's parameter, and secretOf its secrets.
func parameterOf(a app) string         { return "/shop/" + a.Name + "/mode" }
func secretOf(a app, of string) string { return "shop/" + a.Name + "/" + of }

// configure draws which applications refer to parameters and secrets, and when those
// change, mostly in a rollout.
func (p *plan) configure(d dice) {
	for i := range p.Apps {
		if d.chance(0.7) {
			continue
		}
		a := &p.Apps[i]
		a.OnChange = pick(d, v1alpha1.ChangeReport, v1alpha1.ChangeRollOut, v1alpha1.ChangeRollOut)
		a.Secrets = pick(d, v1alpha1.SecretsAuto, v1alpha1.SecretsAuto, v1alpha1.SecretsPin, v1alpha1.SecretsFollow)
		for range 1 + d.IntN(4) {
			f := fault{App: i, At: d.between(0, p.Length), For: d.between(time.Minute, 20*time.Minute), Tag: pick(d, goodValues...)}
			if d.chance(0.6) {
				f.At = pick(d, p.Users...).At + d.between(0, 5*time.Minute)
			}
			if d.chance(0.25) {
				f.Tag = pick(d, badValues...)
			}
			f.Kind = pick(d, faultValue, faultValue, faultValue, faultSecret, faultRotate, faultParameterGone, faultSecretGone)
			p.Faults = append(p.Faults, f)
		}
		if d.chance(0.4) {
			p.Faults = append(p.Faults, fault{Kind: faultCalls, P: pick(d, 0.3, 1), At: d.between(0, p.Length), For: d.between(time.Minute, time.Hour),
				API: pick(d, "ssm", "secretsmanager"), Verdict: pick(d, loseRequest, serverError, throttle, denied, stale)})
		}
	}
}

// configures tells whether an application refers to parameters and secrets.
func (a app) configures() bool { return a.OnChange != "" }

// configure has an application refer to a parameter and two secrets.
func (u *users) configure(imd *v1alpha1.ImmutableDeployment, i int) {
	a := u.w.plan.Apps[i]
	if !a.configures() {
		return
	}
	imd.Spec.Configuration = v1alpha1.Configuration{Secrets: a.Secrets, OnChange: a.OnChange}
	c := &imd.Spec.Template.Containers[0]
	c.Environment = append(c.Environment, v1alpha1.KeyValue{Name: "SIMULATE", ValueFrom: &v1alpha1.ValueSource{SSM: parameterOf(a)}})
	c.Secrets = []v1alpha1.Secret{
		{Name: "DB", ValueFrom: u.w.others.secrets[secretOf(a, "db")]},
		{Name: "ROTATED", ValueFrom: u.w.others.secrets[secretOf(a, "rotated")]},
	}
}

// provide makes what an application refers to.
func (o *others) provide(i int) {
	a := o.w.plan.Apps[i]
	if !a.configures() {
		return
	}
	o.put(i, goodValues[0])
	for of, rotation := range map[string]*secrets.Rotation{"db": nil, "rotated": {}} {
		name := secretOf(a, of)
		// The suffix is given, so that the order in which they are made makes no difference.
		arn, err := o.w.sim.CreateSecret(secrets.Secret{Name: name, Suffix: "AbCdE" + strconv.Itoa(i), Value: configValue + "-0", Rotation: rotation})
		must(err)
		o.secrets[name] = arn
	}
}

// put gives an application's parameter a value.
func (o *others) put(i int, value string) {
	if o.values[i] != value {
		o.w.log.tell("others", "%s is %s", parameterOf(o.w.plan.Apps[i]), value)
		o.values[i] = value
		o.changes[i]++
	}
	_, err := o.w.sim.PutParameter(ssm.Parameter{Name: parameterOf(o.w.plan.Apps[i]), Value: value})
	must(err)
}

// reconfigure changes what an application refers to.
func (o *others) reconfigure(f fault) {
	a := o.w.plan.Apps[f.App]
	db, rotated := o.secrets[secretOf(a, "db")], o.secrets[secretOf(a, "rotated")]
	switch f.Kind { //nolint:exhaustive // the others are of other things
	case faultValue:
		if !o.missing[parameterOf(a)] {
			o.put(f.App, f.Tag)
		}
	case faultSecret:
		if !o.missing[db] {
			o.changes[f.App]++
			_, err := o.w.sim.PutSecretValue(db, fmt.Sprintf("%s-%d", configValue, o.changes[f.App]))
			must(err)
		}
	case faultRotate:
		_, err := o.w.sim.RotateSecret(rotated, fmt.Sprintf("%s-%s", configValue, f.At))
		if err != nil {
			o.w.log.tell("others", "can't rotate %s: %v", rotated, err) // it is being rotated
			return
		}
		o.changes[f.App]++ // which counts where it is pinned
	case faultParameterGone:
		if o.missing[parameterOf(a)] {
			return
		}
		o.missing[parameterOf(a)], o.goneSince[parameterOf(a)] = true, time.Now()
		o.w.sim.DeleteParameter(parameterOf(a))
		o.w.after(f.For, func() { o.bring(f.App) })
	case faultSecretGone:
		if o.missing[db] {
			return
		}
		o.missing[db], o.goneSince[db] = true, time.Now()
		must(o.w.sim.DeleteSecret(db, 7*24*time.Hour))
		o.w.after(f.For, func() { o.bring(f.App) })
	}
}

// bring makes what was deleted again.
func (o *others) bring(i int) {
	a := o.w.plan.Apps[i]
	if name := parameterOf(a); o.missing[name] {
		delete(o.missing, name)
		o.changes[i]++ // it is the same value, but there was none
		o.put(i, o.values[i])
	}
	if db := o.secrets[secretOf(a, "db")]; o.missing[db] {
		delete(o.missing, db)
		_, err := o.sm.RestoreSecret(nobody, &secretsmanager.RestoreSecretInput{SecretId: &db})
		must(err)
	}
}

// heal ends what is wrong with configuration.
func (o *others) heal() {
	for i, a := range o.w.plan.Apps {
		if !a.configures() {
			continue
		}
		o.bring(i)
		if slices.Contains(badValues, o.values[i]) {
			o.put(i, goodValues[0])
		}
	}
}

// checkConfiguration checks a rollout that begins: values are rolled out only where
// that is wanted, and each of them once.
func (o *observer) checkConfiguration(now *v1alpha1.ImmutableDeployment) {
	i := slices.IndexFunc(o.w.plan.Apps, func(a app) bool { return a.Name == now.Name })
	if r := now.Status.Rollout; r.Cause != v1alpha1.CauseConfiguration || i < 0 {
		return
	}
	if o.w.plan.Apps[i].OnChange != v1alpha1.ChangeRollOut {
		o.fail("configuration", "%s rolls out values, which is only to report them", now.Name)
	}
	uid := string(now.UID)
	o.rolledOut[uid]++
	// Whoever changes the template to and fro has them rolled out again.
	changes, wishes := o.w.others.changes[i], o.wishes[now.Name]
	if n := o.rolledOut[uid]; n > changes+wishes && !o.forgotten(uid) {
		o.fail("configuration", "%s rolls values out %d times, which changed %d times, and users %d times what they want", now.Name, n, changes, wishes)
	}
}

// checkResolvable checks that no stack is made whose tasks can't start, since what
// they refer to was gone when the pass began.
func (o *observer) checkResolvable(at *pass, imr *v1alpha1.ImmutableRevision) {
	if o.w.past.wanted() {
		return
	}
	for _, c := range imr.Spec.Frozen.Template.Containers {
		for _, s := range c.Secrets {
			for _, missing := range sortedKeys(o.w.others.missing) {
				if since := o.w.others.goneSince[missing]; strings.HasPrefix(s.ValueFrom, missing) && since.Before(at.began) {
					o.fail("configuration", "%s makes a stack whose tasks need %s, which is gone", at.about(), missing)
				}
			}
		}
	}
}

// holds checks at rest that what serves has the values that its record has, and
// those that are current where changes are rolled out; and that status says so.
func (o *observer) holds(wanted bool) {
	for _, imd := range o.w.cluster.deployments() {
		i := slices.IndexFunc(o.w.plan.Apps, func(a app) bool { return a.Name == imd.Name })
		imr := o.w.cluster.revision(imd, imd.Status.Stable)
		if i < 0 || !o.w.plan.Apps[i].configures() || imr == nil || o.changed[string(imd.UID)] {
			continue
		}
		held := valueOf(imr, "SIMULATE")
		for _, s := range o.latest.services {
			if s.uid != string(imd.UID) || s.revision != fmt.Sprint(imd.Status.Stable) {
				continue
			}
			for _, task := range o.w.others.tasks(s) {
				if is := o.w.sim.TaskEnvironment(task)["SIMULATE"]; is != held {
					o.fail("configuration", "a task of %s has %q, its record %q", imr.Name, is, held)
				}
			}
		}
		if wanted && held != o.w.others.values[i] && o.w.plan.Apps[i].OnChange == v1alpha1.ChangeRollOut {
			o.fail("configuration", "%s serves with %q, current is %q: %s", imd.Name, held, o.w.others.values[i], jsonOf(imd.Status.Configuration))
		}
		o.tells(imd, held != o.w.others.values[i])
	}
}

// tells checks at rest that status tells whether the parameter has changed.
func (o *observer) tells(imd *v1alpha1.ImmutableDeployment, changed bool) {
	seen := imd.Status.Configuration
	if seen == nil || seen.Revision != imd.Status.StableRevision {
		return
	}
	for _, r := range seen.Entries {
		if r.Name == "SIMULATE" && (r.Changed != changed || r.Problem != "") {
			o.fail("configuration", "status of %s says %s, and that it has changed is %t", imd.Name, jsonOf(r), changed)
		}
	}
}

// valueOf is the value of a variable that a revision holds.
func valueOf(imr *v1alpha1.ImmutableRevision, name string) string {
	for _, v := range imr.Spec.Frozen.Template.Containers[0].Environment {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// valuesOf tells revisions of one template apart that hold other values.
func valuesOf(imr *v1alpha1.ImmutableRevision) string {
	if held := imr.Spec.Frozen.Configuration; held != nil {
		return held.SHA256
	}
	return ""
}
