package ec2_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
	"github.com/viridian-dev/viridian/internal/awssim/ec2"
)

var subnetIDs = regexp.MustCompile(`<subnetId>([^<]*)`)

// What is asked for by IDs and by filters has to match all of them, and what isn't
// simulated is refused.
func TestDescribeSubnets(t *testing.T) {
	shop := ec2.ShopSubnets()
	const inVPC = "&Filter.1.Name=vpc-id&Filter.1.Value.1=" + vpc
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, _ aws.Config) {
		for _, tc := range []struct {
			query string
			want  []string
			code  string
		}{
			{query: inVPC, want: shop},
			{query: "&SubnetId.1=" + shop[1], want: shop[1:]},
			{query: inVPC + "&Filter.2.Name=availability-zone&Filter.2.Value.1=eu-west-1c&Filter.2.Value.2=eu-west-1b", want: shop[1:]},
			{query: "&SubnetId.1=" + shop[1] + "&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-0"},
			{query: "&SubnetId.1=subnet-0e", code: "InvalidSubnetID.NotFound"},
			{query: "&Filter.1.Name=color&Filter.1.Value.1=red", code: "InvalidParameterValue"},
			{query: "&MaxResults=5", code: "UnknownParameter"},
		} {
			answer := awstest.Send(t, sim, awstest.Request{Service: "ec2", Body: "Action=DescribeSubnets&Version=2016-11-15" + tc.query})
			var got []string
			for _, m := range subnetIDs.FindAllStringSubmatch(answer.Body, -1) {
				got = append(got, m[1])
			}
			refused := answer.Status == http.StatusBadRequest && strings.Contains(answer.Body, "<Errors><Error><Code>"+tc.code+"</Code>")
			if strings.Join(got, " ") != strings.Join(tc.want, " ") || (tc.code != "") != refused {
				t.Errorf("%s: got %v, %d %s", tc.query, got, answer.Status, answer.Body)
			}
		}
	})
}
