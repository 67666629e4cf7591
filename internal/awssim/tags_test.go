package awssim

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// CloudFormation takes tags whose values aren't empty, and gives them to every
// resource; the services take some characters only.
func TestTagsOfStacks(t *testing.T) {
	tagged := func(value string) func(*cloudformation.CreateStackInput) {
		return func(in *cloudformation.CreateStackInput) {
			in.Tags = []cfntypes.Tag{{Key: aws.String("team"), Value: &value}}
		}
	}
	bubble(t, Options{}, func(t *testing.T, sim *Sim) {
		c := cfnClient(sim)
		in := &cloudformation.CreateStackInput{StackName: aws.String("empty"), TemplateBody: aws.String(`{"Resources": {"R": {"Type": "AWS::Logs::LogGroup"}}}`)}
		tagged("")(in)
		if _, err := c.CreateStack(t.Context(), in); code(err) != "ValidationError" || !strings.Contains(err.Error(), "greater than or equal to 1") {
			t.Errorf("an empty value: %v", err)
		}
		for name, resource := range map[string]string{
			"logs":    `"AWS::Logs::LogGroup"`,
			"cluster": `"AWS::ECS::Cluster"`,
			"group":   `"AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"Port": 80, "Protocol": "HTTP", "VpcId": "vpc-0a1b2c3d4e5f60718", "TargetType": "ip"}`,
			"tasks":   `"AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [{"Name": "app", "Image": "web:1", "Memory": 128}]}`,
		} {
			template := `{"Resources": {"R": {"Type": ` + resource + `}}}`
			if st := settle(t, c, create(t, c, name, template, tagged("payments & co"))); st.StackStatus != cfntypes.StackStatusRollbackComplete {
				t.Errorf("%s: a tag with & made it %s", name, st.StackStatus)
			}
			if st := settle(t, c, create(t, c, name+"-well", template, tagged("équipe 1 +-@:/=._"))); st.StackStatus != cfntypes.StackStatusCreateComplete {
				t.Errorf("%s: a good tag made it %s: %s", name, st.StackStatus, aws.ToString(st.StackStatusReason))
			}
		}
	})
}
