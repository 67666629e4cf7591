package ecs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim/awstest"
)

func tag(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }

// tagsOf are a resource's tags, each as "key=value".
func (r *region) tagsOf(arn string) []string {
	r.t.Helper()
	out, err := r.ecs.ListTagsForResource(r.t.Context(), &ecs.ListTagsForResourceInput{ResourceArn: &arn})
	check(r.t, err)
	var all []string
	for _, tag := range out.Tags {
		all = append(all, *tag.Key+"="+*tag.Value)
	}
	return all
}

// arns are those of one resource of each kind.
func (r *region) arns() []string {
	r.t.Helper()
	ctx := r.t.Context()
	services, err := r.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String("shop"), Services: []string{"web"}})
	check(r.t, err)
	tasks, err := r.ecs.ListTasks(ctx, &ecs.ListTasksInput{Cluster: aws.String("shop")})
	check(r.t, err)
	service := services.Services[0]
	return []string{*service.ClusterArn, *service.ServiceArn, *service.TaskDefinition, tasks.TaskArns[0]}
}

func TestTags(t *testing.T) {
	inRegion(t, func(r *region) {
		r.balance()
		r.serve("web:1")
		ctx := r.t.Context()
		for _, arn := range r.arns() {
			_, err := r.ecs.TagResource(ctx, &ecs.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{tag("team", "shop"), tag("stage", "test")}})
			check(r.t, err)
			_, err = r.ecs.TagResource(ctx, &ecs.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{tag("stage", "live")}})
			check(r.t, err)
			if diff := cmp.Diff([]string{"stage=live", "team=shop"}, r.tagsOf(arn)); diff != "" {
				r.t.Errorf("%s: %s", arn, diff)
			}
			_, err = r.ecs.UntagResource(ctx, &ecs.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"stage", "nope"}})
			check(r.t, err)
			if diff := cmp.Diff([]string{"team=shop"}, r.tagsOf(arn)); diff != "" {
				r.t.Errorf("%s: %s", arn, diff)
			}
		}
	})
}

// TestTagRefusals: the constraints are those of the API reference, TagResource
// and Tag.
func TestTagRefusals(t *testing.T) {
	var many []types.Tag
	for i := range 50 {
		many = append(many, tag(fmt.Sprint("a", i), ""))
	}
	inRegion(t, func(r *region) {
		ctx := r.t.Context()
		cluster, err := r.ecs.CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: aws.String("shop")})
		check(r.t, err)
		put := func(arn *string, tags ...types.Tag) error {
			_, err := r.ecs.TagResource(ctx, &ecs.TagResourceInput{ResourceArn: arn, Tags: tags})
			return err
		}
		arn := cluster.Cluster.ClusterArn
		for _, tc := range []struct {
			tag  types.Tag
			want string
		}{
			{tag("", "b"), "key of 1 to 128"}, {tag(strings.Repeat("a", 129), ""), "key of 1 to 128"},
			{tag("a", strings.Repeat("b", 257)), "at most 256"}, {tag("AWS:a", "b"), "reserved prefix"},
			{tag("a", "b, c"), "characters other than letters"},
		} {
			awstest.Refused(r.t, put(arn, tc.tag), 400, "InvalidParameterException", tc.want)
		}
		check(r.t, put(arn, many...))
		check(r.t, put(arn, tag("a0", "b")))
		awstest.Refused(r.t, put(arn, tag("b", "")), 400, "LimitExceededException", "at most 50")
		none := aws.String(*arn + "2")
		_, listed := r.ecs.ListTagsForResource(ctx, &ecs.ListTagsForResourceInput{ResourceArn: none})
		_, removed := r.ecs.UntagResource(ctx, &ecs.UntagResourceInput{ResourceArn: none, TagKeys: []string{"a"}})
		for _, err := range []error{put(none, tag("a", "")), listed, removed} {
			awstest.Refused(r.t, err, 400, "InvalidParameterException", "was not found")
		}
	})
}
