package aws

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/viridian-dev/viridian/internal/cloud"
)

const (
	// describeTargetsMax is the maximum that DescribeScalableTargets accepts.
	describeTargetsMax = 50
	// targetPagesMax limits the pages of a response. IDs that fit into one page
	// get one page.
	targetPagesMax = 10
)

// scaling implements cloud.Scaling for ECS services.
type scaling struct {
	api   scalingAPI
	batch batch[scalableTarget]
}

// scalableTarget is what is known about a resource ID.
type scalableTarget struct {
	// exists is false for a service without a scalable target.
	exists bool
	cloud.ScalableTarget
}

func newScaling(api scalingAPI, window time.Duration) *scaling {
	s := &scaling{api: api}
	s.batch = batch[scalableTarget]{
		window: window,
		begin: func() round[scalableTarget] {
			return round[scalableTarget]{chunks: targetChunks, read: s.read}
		},
	}
	return s
}

func targetChunks(ids []string) [][]string {
	return slices.Collect(slices.Chunk(ids, describeTargetsMax))
}

// partOfID is what a cluster and a service may be called.
var partOfID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

// resourceID is how Application Auto Scaling names a service. It takes names of
// clusters only.
func resourceID(s cloud.ServiceID) (string, error) {
	cluster := s.Cluster[strings.LastIndex(s.Cluster, "/")+1:]
	if !partOfID.MatchString(cluster) || !partOfID.MatchString(s.Name) {
		return "", invalid(fmt.Sprintf("%q in cluster %q is no ECS service", s.Name, s.Cluster))
	}
	return "service/" + cluster + "/" + s.Name, nil
}

func (s *scaling) Targets(ctx context.Context, services []cloud.ServiceID) (map[cloud.ServiceID]cloud.ScalableTarget, error) {
	ids := make([]string, len(services))
	for i, service := range services {
		var err error
		if ids[i], err = resourceID(service); err != nil {
			return nil, err
		}
	}
	found := map[cloud.ServiceID]cloud.ScalableTarget{}
	err := s.batch.get(ctx, ids, func(known map[string]*want[scalableTarget]) error {
		for i, id := range ids {
			if t := known[id].value; t.exists {
				found[services[i]] = t.ScalableTarget
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// read describes at most describeTargetsMax targets.
func (s *scaling) read(ctx context.Context, ids []string) (map[string]result[scalableTarget], error) {
	results := map[string]result[scalableTarget]{}
	for _, id := range ids {
		results[id] = result[scalableTarget]{}
	}
	pages := aas.NewDescribeScalableTargetsPaginator(s.api, &aas.DescribeScalableTargetsInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ResourceIds: ids,
		ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
	}, func(o *aas.DescribeScalableTargetsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for n := 0; pages.HasMorePages(); n++ {
		if n == targetPagesMax {
			return nil, answerError(cloud.KindTransient, "application-autoscaling:DescribeScalableTargets", "", "the answer has no end")
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap(err)
		}
		for i := range page.ScalableTargets {
			t := &page.ScalableTargets[i]
			results[awssdk.ToString(t.ResourceId)] = result[scalableTarget]{value: targetFrom(t)}
		}
	}
	return results, nil
}

func targetFrom(t *types.ScalableTarget) scalableTarget {
	out := scalableTarget{exists: true, ScalableTarget: cloud.ScalableTarget{
		Bounds: cloud.Bounds{Min: awssdk.ToInt32(t.MinCapacity), Max: awssdk.ToInt32(t.MaxCapacity)},
	}}
	if state := t.SuspendedState; state != nil {
		out.Suspended = cloud.Suspended{
			In:        awssdk.ToBool(state.DynamicScalingInSuspended),
			Out:       awssdk.ToBool(state.DynamicScalingOutSuspended),
			Scheduled: awssdk.ToBool(state.ScheduledScalingSuspended),
		}
	}
	return out
}

// SetTarget never gives bounds to a service without a scalable target: that would
// register one. Without bounds AWS refuses to register one, in words that aren't
// known, so what is missing is told by looking.
func (s *scaling) SetTarget(ctx context.Context, service cloud.ServiceID, change cloud.TargetChange) error {
	id, err := resourceID(service)
	if err != nil {
		return err
	}
	if change.Bounds != nil {
		if err := s.find(ctx, id); err != nil {
			s.batch.forget(id)
			return err
		}
	}
	in := &aas.RegisterScalableTargetInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: &id, ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
		SuspendedState: &types.SuspendedState{
			DynamicScalingInSuspended: &change.Suspended.In, DynamicScalingOutSuspended: &change.Suspended.Out,
			ScheduledScalingSuspended: &change.Suspended.Scheduled,
		},
	}
	if change.Bounds != nil {
		in.MinCapacity, in.MaxCapacity = &change.Bounds.Min, &change.Bounds.Max
	}
	if _, err := s.api.RegisterScalableTarget(ctx, in); err != nil {
		s.batch.forget(id) // it may have taken effect
		err = wrap(err)
		if cloud.KindOf(err) == cloud.KindInvalid {
			if missing := s.find(ctx, id); cloud.IsNotFound(missing) {
				return missing
			}
		}
		return err
	}
	s.batch.wrote(id, func(t *scalableTarget) {
		t.Suspended = change.Suspended
		if change.Bounds != nil {
			t.Bounds = *change.Bounds
		}
	})
	return nil
}

// find returns KindNotFound if a service has no scalable target.
func (s *scaling) find(ctx context.Context, id string) error {
	results, err := s.read(ctx, []string{id})
	if err == nil && !results[id].value.exists {
		err = notFound("application-autoscaling:DescribeScalableTargets", "ObjectNotFoundException", "no scalable target "+id)
	}
	return err
}
