package simulation

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/viridian-dev/viridian/api/v1alpha1"
)

// envSecret is a value in a template that must not appear anywhere else.
const envSecret = "zZ9-the-password-in-the-environment"

// users apply and edit ImmutableDeployments.
type users struct {
	w *world
	// removed are the applications that they deleted, left those that they
	// orphaned.
	removed, left map[int]bool
	// ending is true once everything is to be deleted.
	ending bool
}

func newUsers(w *world) *users { return &users{w: w, removed: map[int]bool{}, left: map[int]bool{}} }

func (u *users) key(i int) types.NamespacedName {
	a := u.w.plan.Apps[i]
	return types.NamespacedName{Namespace: cmp.Or(a.Namespace, namespace), Name: a.Name}
}

// get reads an application's object; nil if there is none.
func (u *users) get(i int) *v1alpha1.ImmutableDeployment {
	imd, _ := u.w.cluster.find(deployments, u.key(i)).(*v1alpha1.ImmutableDeployment)
	return imd.DeepCopy()
}

// uid of an application's object; "" if there is none.
func (u *users) uid(i int) string {
	if imd := u.get(i); imd != nil {
		return string(imd.UID)
	}
	return ""
}

// create applies an application for the first time, or after it was deleted.
func (u *users) create(i int) {
	if u.get(i) != nil || u.left[i] {
		return
	}
	imd := u.deployment(i)
	u.removed[i] = false
	must(u.w.cluster.create(nobody, imd))
	u.w.log.tell("user", "creates %s with %s, %s (%s)", imd.Name, u.w.plan.Apps[i].Tag, u.w.plan.Apps[i].Strategy, u.w.plan.Apps[i].Rule)
}

// deployment is a complete object, with what the API server would fill in.
func (u *users) deployment(i int) *v1alpha1.ImmutableDeployment {
	a := u.w.plan.Apps[i]
	imd := &v1alpha1.ImmutableDeployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: u.key(i).Namespace, Name: a.Name},
		Spec: v1alpha1.ImmutableDeploymentSpec{
			DesiredCount: &a.Desired,
			Template: v1alpha1.RevisionTemplate{
				Containers: []v1alpha1.Container{{
					Name: "app", Image: image(a.Tag), PortMappings: []v1alpha1.PortMapping{{ContainerPort: 8080}},
					Environment: []v1alpha1.KeyValue{{Name: "PASSWORD", Value: envSecret}},
				}},
				CPU: "256", Memory: "512", ExecutionRoleARN: "arn:aws:iam::111122223333:role/ecs-execution",
				Network: v1alpha1.Network{VPCID: "vpc-0a1b2c3d4e5f60718", SubnetIDs: []string{"subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60722"}},
				Cluster: "shop",
			},
			Strategy: strategy(a),
			Rollback: v1alpha1.Rollback{KeepOldSeconds: &a.Keep, UnhealthySeconds: &a.Unhealthy, KeepFailedSeconds: &a.KeepFailed,
				TaskRestartLimit: new(int32(3)), IfStableUnhealthy: v1alpha1.UnhealthyProceed},
			Stack:          v1alpha1.StackPolicy{TerminationProtection: &a.Protected, OnDeleteFailure: a.OnDeleteFailure},
			DeletionPolicy: v1alpha1.DeletionDelete, ProgressDeadlineSeconds: &a.Deadline, RevisionHistoryLimit: &a.History,
		},
	}
	if a.Express {
		imd.Spec.Stack.Mode = v1alpha1.StackModeExpress
	}
	if a.Block {
		imd.Spec.Rollback.IfStableUnhealthy = v1alpha1.UnhealthyBlock
	}
	if a.Retain {
		imd.Spec.DeletionPolicy = v1alpha1.DeletionRetain
	}
	if a.Rule != ruleNone {
		u.balance(imd, i)
	}
	if a.Hostile == hangCalls {
		imd.Spec.AWS = &v1alpha1.AWS{Region: nowhere}
	}
	u.judge(imd, i)
	u.scale(imd, a)
	u.configure(imd, i)
	return imd
}

// judge sets what revisions are judged by.
func (u *users) judge(imd *v1alpha1.ImmutableDeployment, i int) {
	a := u.w.plan.Apps[i]
	if a.Alarm || a.Metric {
		imd.Spec.Analysis = &v1alpha1.Analysis{IfAlarmBefore: v1alpha1.AlarmBlock, InconclusiveSeconds: new(int32(600)), IfInconclusive: v1alpha1.InconclusivePause}
	}
	if a.Alarm {
		imd.Spec.Analysis.Alarms = []string{a.Name + "-5xx"}
	}
	if a.Metric {
		imd.Spec.Analysis.Metrics = []v1alpha1.MetricCheck{metric(a)}
	}
	if a.Scan {
		imd.Spec.ImagePolicy.Scan = &v1alpha1.ImageScan{Severity: "HIGH", PendingSeconds: new(int32(300)), IfUnavailable: v1alpha1.ScanFail}
	}
	if a.Gate != "" {
		imd.Spec.Gates = []v1alpha1.Gate{u.w.gates.gate(i)}
	}
}

// balance sets the rule by which an application gets its requests.
func (u *users) balance(imd *v1alpha1.ImmutableDeployment, i int) {
	a := u.w.plan.Apps[i]
	imd.Spec.Template.Network.LoadBalancerSecurityGroupIDs = []string{"sg-0a1b2c3d4e5f60733"}
	imd.Spec.Template.Target = v1alpha1.Target{ContainerPort: 8080, DeregistrationDelaySeconds: &a.Drain}
	imd.Spec.Traffic.OnDrift = v1alpha1.DriftPause
	if a.Enforce {
		imd.Spec.Traffic.OnDrift = v1alpha1.DriftEnforce
	}
	lb := v1alpha1.LoadBalancer{ListenerARN: u.w.others.listener, Priority: new(int32(100 + i)),
		Conditions: []v1alpha1.RuleCondition{{Field: "host-header", Values: []string{a.Name + ".example.com"}}}}
	if a.Rule == ruleAdopted {
		lb = v1alpha1.LoadBalancer{RuleARN: u.w.others.adopted[i]}
	}
	imd.Spec.Traffic.LoadBalancer = lb
}

// strategy of an application.
func strategy(a app) v1alpha1.Strategy {
	s := v1alpha1.Strategy{Type: a.Strategy}
	switch a.Strategy {
	case v1alpha1.StrategyCanary:
		s.Canary = &v1alpha1.Canary{Steps: []v1alpha1.CanaryStep{{Weight: 10, HoldSeconds: &a.Hold}, {Weight: 50, HoldSeconds: &a.Hold}}}
		if a.Approval {
			s.Canary.Steps[1].Approval = v1alpha1.ApprovalManual
		}
	case v1alpha1.StrategyBlueGreen:
		if a.Approval {
			s.BlueGreen = &v1alpha1.BlueGreen{PreviewSeconds: &a.Hold, Approval: v1alpha1.ApprovalManual}
		}
	case v1alpha1.StrategyRolling:
		s.Rolling = &v1alpha1.Rolling{MaxSurgePercent: &a.Surge, MaxUnavailablePercent: &a.Missing, PauseSeconds: &a.Hold}
	case v1alpha1.StrategyRecreate:
	}
	return s
}

// image is the application's image with a tag.
func image(tag string) string {
	return "111122223333.dkr.ecr.eu-west-1.amazonaws.com/checkout:" + tag
}

// edit changes an object, if it is there and isn't being deleted.
func (u *users) edit(i int, what string, do func(*v1alpha1.ImmutableDeployment)) {
	u.change(i, false, what, do)
}

// change edits an object, even one that is being deleted if late is true.
func (u *users) change(i int, late bool, what string, do func(*v1alpha1.ImmutableDeployment)) {
	imd := u.get(i)
	if imd == nil || !imd.DeletionTimestamp.IsZero() && !late {
		return
	}
	do(imd)
	u.w.log.tell("user", "%s: %s", imd.Name, what)
	must(u.w.cluster.write(nobody, imd, func() error { return u.w.cluster.Update(nobody, imd) }))
}

// act carries out a wish.
func (u *users) act(x wish) {
	if u.w.rests() {
		return
	}
	switch i := x.App; x.What {
	case wishTemplate:
		u.template(i, x.Tag)
	case wishFlipFlop:
		for _, tag := range []string{x.Tag, "1", x.Tag, "2"} {
			u.w.after(u.w.dice.between(0, u.w.plan.Poll)*2, func() {
				if !u.w.rests() {
					u.template(i, tag)
				}
			})
		}
	case wishScale:
		u.edit(i, fmt.Sprintf("desiredCount %d", x.N), func(imd *v1alpha1.ImmutableDeployment) { imd.Spec.DesiredCount = new(x.N) })
	case wishBounds:
		u.bounds(i, x.N)
	case wishPause:
		u.edit(i, "paused", func(imd *v1alpha1.ImmutableDeployment) { imd.Spec.Paused = new(true) })
	case wishResume:
		u.edit(i, "not paused", func(imd *v1alpha1.ImmutableDeployment) { imd.Spec.Paused = new(false) })
	case wishStrategy:
		u.edit(i, "another strategy", func(imd *v1alpha1.ImmutableDeployment) {
			a := u.w.plan.Apps[i]
			a.Strategy = pick(u.w.dice, v1alpha1.StrategyCanary, v1alpha1.StrategyBlueGreen, v1alpha1.StrategyRolling, v1alpha1.StrategyRecreate)
			imd.Spec.Strategy = strategy(a)
			u.w.observer.wished(imd.Name)
			u.w.observer.mixed(string(imd.UID))
		})
	case wishDelete:
		u.remove(i)
	case wishRecreate:
		u.remove(i)
		u.again(i)
	default:
		u.ask(x)
	}
}

func (u *users) template(i int, tag string) {
	u.w.observer.wished(u.key(i).Name)
	u.edit(i, "image "+tag, func(imd *v1alpha1.ImmutableDeployment) { imd.Spec.Template.Containers[0].Image = image(tag) })
}

// remove deletes an application's object.
func (u *users) remove(i int) {
	if imd := u.get(i); imd != nil && imd.DeletionTimestamp.IsZero() {
		u.w.log.tell("user", "deletes %s", imd.Name)
		u.removed[i] = true
		u.w.observer.mayTurn(imd.Name)
		must(u.w.cluster.remove(nobody, imd))
	}
}

// again recreates an application as soon as it is gone. One whose rule stays
// has none to begin with.
func (u *users) again(i int) {
	if u.w.plan.Apps[i].Retain {
		return
	}
	u.w.after(u.w.plan.Poll, func() {
		if u.get(i) != nil && !u.w.faults.over {
			u.again(i)
			return
		}
		u.create(i)
	})
}

// ask makes a request by annotation.
func (u *users) ask(x wish) {
	imd := u.get(x.App)
	if imd == nil || imd.Status.Rollout == nil {
		return
	}
	r := imd.Status.Rollout
	switch x.What { //nolint:exhaustive // act knows the others
	case wishPromote:
		u.request(x.App, v1alpha1.AnnotationPromote, fmt.Sprintf("%s/%d", r.ID, r.Step+1))
	case wishFull:
		u.request(x.App, v1alpha1.AnnotationPromote, r.ID+"/full")
	case wishAbort:
		u.request(x.App, v1alpha1.AnnotationAbort, r.ID)
	case wishRetry:
		u.request(x.App, v1alpha1.AnnotationRetry, r.ID)
	case wishStale:
		u.request(x.App, pick(u.w.dice, v1alpha1.AnnotationPromote, v1alpha1.AnnotationAbort, v1alpha1.AnnotationRetry), imd.Name+"-99")
	}
}

func (u *users) request(i int, annotation, value string) {
	u.w.observer.wished(u.key(i).Name)
	u.change(i, annotation == annotationAdopt, annotation+"="+value, func(imd *v1alpha1.ImmutableDeployment) {
		if imd.Annotations == nil {
			imd.Annotations = map[string]string{}
		}
		if imd.Annotations[annotation] != value {
			u.w.observer.requested(imd, annotation)
		}
		imd.Annotations[annotation] = value
	})
	if imd := u.get(i); imd != nil && annotation == annotationAdopt {
		u.w.observer.adopts(imd, value)
	}
}

// annotationAdopt lets an ImmutableDeployment take over what another one left.
const annotationAdopt = "viridian.dev/adopt"

// attend has somebody check an application that lost state from time to time
// and follow the remedies. Not everybody is that quick.
func (u *users) attend(i int) {
	if u.w.story || u.w.dice.chance(0.5) {
		return
	}
	var look func()
	look = func() {
		if u.w.faults.over {
			return
		}
		if annotation, value := u.remedy(i); annotation == annotationAdopt {
			u.request(i, annotation, value)
		}
		u.w.after(u.w.dice.between(2*time.Minute, 10*time.Minute), look)
	}
	u.w.after(u.w.dice.between(2*time.Minute, 10*time.Minute), look)
}

// apply has Git apply what was wanted before the cluster lost it; nil means
// that it was to be deleted.
func (u *users) apply(i int, newest *v1alpha1.ImmutableDeployment) {
	switch {
	case u.w.rests() || u.left[i]:
	case newest == nil || !newest.DeletionTimestamp.IsZero():
		u.remove(i)
	case u.get(i) == nil:
		u.removed[i] = false
		imd := &v1alpha1.ImmutableDeployment{ObjectMeta: metav1.ObjectMeta{Namespace: newest.Namespace, Name: newest.Name}, Spec: *newest.Spec.DeepCopy()}
		must(u.w.cluster.create(nobody, imd))
		u.w.log.tell("git", "creates %s again with %s", imd.Name, imd.Spec.Template.Containers[0].Image)
	default:
		u.w.observer.wished(newest.Name)
		u.edit(i, "git applies what was wanted", func(imd *v1alpha1.ImmutableDeployment) { newest.Spec.DeepCopyInto(&imd.Spec) })
	}
}

var told = regexp.MustCompile(`(viridian\.dev/(?:promote|adopt|retry))=([^;\s]+)`)

// obey follows the remedy of a blocked rollout.
func (u *users) obey(i int) {
	if annotation, value := u.remedy(i); annotation != "" {
		u.request(i, annotation, value)
	}
}

// remedy returns the annotation that a blocked rollout asks for; "" if there is
// none.
func (u *users) remedy(i int) (annotation, value string) {
	imd := u.get(i)
	if imd == nil || imd.Status.BlockedBy == nil {
		return "", ""
	}
	m := told.FindStringSubmatch(imd.Status.BlockedBy.Remedy)
	if m == nil {
		return "", ""
	}
	annotation, value = m[1], strings.TrimRight(m[2], ".,") // the end of a sentence
	if annotation == annotationAdopt && imd.Annotations[annotation] == value {
		return "", ""
	}
	return annotation, value
}

// tidy deletes the orphaned revisions of deleted applications, once everything
// is to be deleted, and reports whether there were any.
func (u *users) tidy() (found bool) {
	if !u.ending {
		return false
	}
	for i, a := range u.w.plan.Apps {
		for _, imr := range u.w.cluster.records(a.Name) {
			if u.get(i) == nil && ownerOf(imr) == "" && imr.DeletionTimestamp.IsZero() {
				u.w.log.tell("user", "deletes %s", imr.Name)
				must(u.w.cluster.remove(nobody, imr))
				found = true
			}
		}
	}
	return found
}
