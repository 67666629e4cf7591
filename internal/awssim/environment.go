package awssim

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/viridian-dev/viridian/internal/awssim/autoscaling"
	"github.com/viridian-dev/viridian/internal/awssim/cfn"
	"github.com/viridian-dev/viridian/internal/awssim/cloudwatch"
	"github.com/viridian-dev/viridian/internal/awssim/core"
	"github.com/viridian-dev/viridian/internal/awssim/dataplane"
	"github.com/viridian-dev/viridian/internal/awssim/ecr"
	"github.com/viridian-dev/viridian/internal/awssim/ecs"
	"github.com/viridian-dev/viridian/internal/awssim/iam"
	"github.com/viridian-dev/viridian/internal/awssim/sts"
)

// CreateListener makes an HTTP listener that answers 404 by default, and its
// application load balancer if there is none of that name.
func (s *Sim) CreateListener(loadBalancer string, port int) (listenerARN string, err error) {
	s.Do(func() { listenerARN, err = s.elb.NewListener(loadBalancer, port) })
	return listenerARN, err
}

// ListenerURL is where a listener can be reached, if the data plane has sockets.
func (s *Sim) ListenerURL(listenerARN string) (string, error) {
	addr, err := s.plane.Addr(listenerARN)
	if err != nil {
		return "", err
	}
	return "http://" + addr, nil
}

// Route takes a request through a listener to a task and back, in process.
func (s *Sim) Route(listenerARN string, req *http.Request) dataplane.Response {
	return s.plane.Route(listenerARN, req)
}

// TargetGroupStats counts the requests of a target group by minute.
func (s *Sim) TargetGroupStats(targetGroupARN string) []dataplane.Bucket {
	return s.plane.Stats(targetGroupARN)
}

// CreateCluster makes an ECS cluster.
func (s *Sim) CreateCluster(name string) error {
	body, err := json.Marshal(map[string]string{"clusterName": name})
	if err != nil {
		return err
	}
	s.Do(func() { _, err = s.ecs.JSON()["CreateCluster"](body) })
	return err
}

// CrashTasks has up to n running tasks of a service exit by themselves, the
// oldest first, and returns how many did. The service replaces them.
func (s *Sim) CrashTasks(cluster, service string, n int) (crashed int) {
	s.Do(func() { crashed = s.ecs.Crash(cluster, service, n) })
	return crashed
}

// InterruptTasks has AWS take back what up to n tasks of a service on Fargate Spot
// run on, and returns how many there were. The service replaces them.
func (s *Sim) InterruptTasks(cluster, service string, n int) (interrupted int) {
	s.Do(func() { interrupted = s.ecs.Interrupt(cluster, service, n) })
	return interrupted
}

// RegisterInstance adds a container instance to an ECS cluster, and returns its ID in
// EC2.
func (s *Sim) RegisterInstance(in ecs.Instance) (ec2ID string, err error) {
	s.Do(func() { ec2ID, err = s.ecs.RegisterInstance(in) })
	return ec2ID, err
}

// TerminateInstance has EC2 take a container instance away, with the tasks on it. It
// tells whether there is such an instance.
func (s *Sim) TerminateInstance(ec2ID string) (found bool) {
	s.Do(func() { found = s.ecs.TerminateInstance(ec2ID) })
	return found
}

// StarveTasks has the next n tasks of a service fail to start for want of what
// AWS gives them, such as capacity or an address, which ECS tells by the reason.
// It returns whether there is such a service, which goes on trying.
func (s *Sim) StarveTasks(cluster, service string, n int, reason string) (found bool) {
	s.Do(func() { found = s.ecs.Starve(cluster, service, n, reason) })
	return found
}

// SetShortage has AWS lack what tasks of services run on, also of those that are
// still to be made, as f says; nil ends that. It runs with the account's lock held.
func (s *Sim) SetShortage(f ecs.Shortage) { s.Do(func() { s.ecs.SetShortage(f) }) }

// SetCut has the network keep new tasks of services from what they start from, such
// as their registry, as f says; nil ends that. ecs.Cuts are ECS's words for it. It
// runs with the account's lock held.
func (s *Sim) SetCut(f ecs.Cut) { s.Do(func() { s.ecs.SetCut(f) }) }

// SetUnmountable has file systems of EFS refuse to be mounted by new tasks, as f
// says; nil ends that. ecs.Mounts are the mount helper's words for it. It runs with
// the account's lock held.
func (s *Sim) SetUnmountable(f ecs.Unmountable) { s.Do(func() { s.ecs.SetUnmountable(f) }) }

// SetWork says how much CPU the work of services takes, which their tasks share, as f
// says; nil ends that. It runs with the account's lock held.
func (s *Sim) SetWork(f ecs.Work) { s.Do(func() { s.ecs.SetWork(f) }) }

// Autoscale has a scaling policy of a service ask for a desired count now, and tells
// whether the count changed: the bounds, what is suspended and a deployment in
// progress are kept.
func (s *Sim) Autoscale(cluster, service string, desired int) (changed bool) {
	s.Do(func() { changed = s.autoscaling.Autoscale(cluster, service, desired) })
	return changed
}

// ScalingActivities returns what Application Auto Scaling did so far, the oldest
// first.
func (s *Sim) ScalingActivities() (all []autoscaling.Activity) {
	s.Do(func() { all = s.autoscaling.Activities() })
	return all
}

// PutImage pushes an image tag to ECR, creating the repository if it is
// missing, and returns the digest, which follows from repository and tag unless
// one is given. It returns "" if the tag is immutable and has another digest.
func (s *Sim) PutImage(repository, tag, digest string) string {
	s.Do(func() { digest, _ = s.ecr.PutImage(repository, tag, digest) })
	return digest
}

// PutIndex pushes an image index to ECR as docker buildx does, with a manifest
// for each platform, such as linux/amd64, and returns the digests of the index
// and of these manifests.
func (s *Sim) PutIndex(repository, tag string, platforms ...string) (digest string, children []string, err error) {
	s.Do(func() { digest, children, err = s.ecr.PutIndex(repository, tag, platforms...) })
	return digest, children, err
}

// DeleteImage deletes an image from ECR, which is named by its digest or tag.
func (s *Sim) DeleteImage(repository, digestOrTag string) (err error) {
	s.Do(func() { err = s.ecr.DeleteImage(repository, digestOrTag) })
	return err
}

// CreateRepository makes a repository in ECR.
func (s *Sim) CreateRepository(name string, o ecr.RepositoryOptions) (err error) {
	s.Do(func() { err = s.ecr.CreateRepository(name, o) })
	return err
}

// SetScan replaces what ECR tells about the scan of an image, which is named by
// its digest or tag.
func (s *Sim) SetScan(repository, digestOrTag string, scan ecr.Scan) (err error) {
	s.Do(func() { err = s.ecr.SetScan(repository, digestOrTag, scan) })
	return err
}

// RegisterRole sets the condition under which a role may be assumed. A role
// that isn't registered may be assumed by everybody.
func (s *Sim) RegisterRole(arn string, role sts.Role) {
	s.Do(func() { s.sts.Register(arn, role) })
}

// CreateRole makes an IAM role, or replaces the one of that name.
func (s *Sim) CreateRole(role iam.Role) { s.Do(func() { s.iam.Add(role) }) }

// CreateSubnet makes a subnet, and its VPC if there is none.
func (s *Sim) CreateSubnet(subnet core.Subnet) { s.Do(func() { s.ec2.AddSubnet(subnet) }) }

// CreateSecurityGroup makes a security group, and its VPC if there is none.
func (s *Sim) CreateSecurityGroup(id, vpcID string) {
	s.Do(func() { s.ec2.AddSecurityGroup(id, vpcID) })
}

// Sessions returns every assumption of a role so far.
func (s *Sim) Sessions() (sessions []sts.Session) {
	s.Do(func() { sessions = append(sessions, s.sts.Sessions()...) })
	return sessions
}

// Stacks returns every stack, deleted ones too, in order of creation.
func (s *Sim) Stacks() (stacks []cfn.Stack) {
	s.Do(func() { stacks = s.cfn.Stacks() })
	return stacks
}

// SetMetricsLate makes load balancers publish their metrics later than usual,
// from now on: by that much, at most.
func (s *Sim) SetMetricsLate(by time.Duration) {
	s.Do(func() { s.cloudwatch.SetLate(by) })
}

// SetAlarmEvaluation says what is wrong with how an alarm's state came about:
// PARTIAL_DATA, EVALUATION_FAILURE, EVALUATION_ERROR; "" if nothing is.
func (s *Sim) SetAlarmEvaluation(name, evaluation string) (err error) {
	s.Do(func() { err = s.cloudwatch.SetEvaluation(name, evaluation) })
	return err
}

// SetAlarm sets the state of an alarm: OK, ALARM or INSUFFICIENT_DATA. A name
// that doesn't exist becomes a metric alarm which is never evaluated by itself,
// over one period of 60 s unless a shape is given, which may also make it an
// alarm on logs; any other alarm keeps the state until its next evaluation.
func (s *Sim) SetAlarm(name, state, reason string, shape ...cloudwatch.AlarmShape) (err error) {
	var asked cloudwatch.AlarmShape
	if len(shape) > 0 {
		asked = shape[0]
	}
	s.Do(func() { err = s.cloudwatch.SetAlarm(name, state, reason, asked) })
	return err
}
