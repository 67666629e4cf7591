package ssm_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
	"github.com/viridian-dev/viridian/internal/awssim/secrets"
	simulated "github.com/viridian-dev/viridian/internal/awssim/ssm"
)

const own = "arn:aws:ssm:eu-west-1:111122223333:parameter"

// store is a Parameter Store behind the real SDK.
type store struct {
	t      *testing.T
	sim    *awssim.Sim
	client *ssm.Client
}

func inStore(t *testing.T, f func(t *testing.T, s store)) {
	t.Helper()
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		f(t, store{t, sim, ssm.NewFromConfig(config)})
	})
}

func (s store) put(name, value string, change ...func(*ssm.PutParameterInput)) (*ssm.PutParameterOutput, error) {
	in := &ssm.PutParameterInput{Name: &name, Value: &value, Type: types.ParameterTypeString, Overwrite: aws.Bool(true)}
	for _, c := range change {
		c(in)
	}
	return s.client.PutParameter(s.t.Context(), in)
}

func (s store) must(name, value string, change ...func(*ssm.PutParameterInput)) {
	s.t.Helper()
	if _, err := s.put(name, value, change...); err != nil {
		s.t.Fatal(err)
	}
}

func (s store) get(name string, decrypt bool) (types.Parameter, error) {
	out, err := s.client.GetParameter(s.t.Context(), &ssm.GetParameterInput{Name: &name, WithDecryption: &decrypt})
	if err != nil {
		return types.Parameter{}, err
	}
	return *out.Parameter, nil
}

func secure(in *ssm.PutParameterInput) { in.Type = types.ParameterTypeSecureString }

func TestVersions(t *testing.T) {
	inStore(t, func(t *testing.T, s store) {
		s.must("/shop/features", "a")
		out, err := s.put("/shop/features", "b", func(in *ssm.PutParameterInput) { in.Type = "" })
		if err != nil || out.Version != 2 || out.Tier != types.ParameterTierStandard {
			t.Fatalf("got %+v, %v", out, err)
		}
		_, err = s.client.LabelParameterVersion(t.Context(), &ssm.LabelParameterVersionInput{
			Name: aws.String("/shop/features"), ParameterVersion: aws.Int64(1), Labels: []string{"good"},
		})
		if err != nil {
			t.Fatal(err)
		}
		for reference, want := range map[string]string{
			"/shop/features": "b 2 ", "/shop/features:1": "a 1 :1", "/shop/features:good": "a 1 :good",
			own + "/shop/features": "b 2 ", own + "/shop/features:1": "a 1 :1", " /shop/features ": "b 2 ",
		} {
			p, err := s.get(reference, false)
			if err != nil {
				t.Errorf("%s: %v", reference, err)
				continue
			}
			if got := fmt.Sprintf("%s %d %s", *p.Value, p.Version, aws.ToString(p.Selector)); got != want || *p.ARN != own+"/shop/features" || *p.Name != "/shop/features" {
				t.Errorf("%s: got %s of %s, want %s", reference, got, *p.ARN, want)
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	nothing := func(*ssm.PutParameterInput) {}
	tests := map[string]struct {
		name, value string
		change      func(*ssm.PutParameterInput)
		code, text  string
	}{
		"there":          {"/there", "x", func(in *ssm.PutParameterInput) { in.Overwrite = nil }, "ParameterAlreadyExists", "set the overwrite option"},
		"no type":        {"/new", "x", func(in *ssm.PutParameterInput) { in.Type = "" }, "ValidationException", "A parameter type is required"},
		"type":           {"/new", "x", func(in *ssm.PutParameterInput) { in.Type = "Text" }, "ValidationException", "enum value set"},
		"tags":           {"/new", "x", func(in *ssm.PutParameterInput) { in.Tags = []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}} }, "ValidationException", "tags and overwrite can't be used together"},
		"empty":          {"/new", "", nothing, "ValidationException", "at 'value'"},
		"aws":            {"aws-x", "x", nothing, "ValidationException", `can't be prefixed with "aws" or "ssm"`},
		"aws path":       {"/aws/x", "x", nothing, "AccessDeniedException", "No access to reserved parameter name: /aws/x."},
		"ssm path":       {"/ssm/x", "x", nothing, "ValidationException", `can't be prefixed with "ssm"`},
		"space":          {"/a b", "x", nothing, "ValidationException", "formed as a mix of letters, numbers"},
		"no first slash": {"shop/x", "x", nothing, "ValidationException", "fully qualified"},
		"deep":           {strings.Repeat("/a", 16), "x", nothing, "HierarchyLevelLimitExceededException", "15 levels"},
		"by ARN":         {own + "/x", "x", nothing, "ValidationException", "Parameter name"},
		"nested":         {"/new", "{{ssm:x}}", nothing, "ValidationException", "can't nest another parameter"},
		"long":           {"/new", strings.Repeat("x", 4097), nothing, "ValidationException", "maximum parameter value of 4096"},
		"too long":       {"/new", strings.Repeat("x", 8193), func(in *ssm.PutParameterInput) { in.Tier = types.ParameterTierAdvanced }, "ValidationException", "maximum parameter value of 8192"},
		"pattern":        {"/new", "x", func(in *ssm.PutParameterInput) { in.AllowedPattern = aws.String(`^\d+$`) }, "ParameterPatternMismatchException", "allowedPattern"},
		"no pattern":     {"/new", "x", func(in *ssm.PutParameterInput) { in.AllowedPattern = aws.String(`(`) }, "InvalidAllowedPatternException", ""},
	}
	inStore(t, func(t *testing.T, s store) {
		s.must("/there", "x")
		for name, tc := range tests {
			_, err := s.put(tc.name, tc.value, tc.change)
			if awstest.Code(err) != tc.code {
				t.Errorf("%s:", name)
			}
			awstest.Refused(t, err, http.StatusBadRequest, tc.code, tc.text)
		}
	})
}

func TestGetMany(t *testing.T) {
	inStore(t, func(t *testing.T, s store) {
		s.must("/b", "1")
		s.must("/a", "2")
		names := []string{"/b", own + "/a", "/none", "/b:7", "/b", "{}"}
		out, err := s.client.GetParameters(t.Context(), &ssm.GetParametersInput{Names: names})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range out.Parameters {
			got = append(got, *p.Name+"="+*p.Value)
		}
		if diff := cmp.Diff([]string{"/a=2", "/b=1"}, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"/none", "/b:7", "{}"}, out.InvalidParameters); diff != "" {
			t.Error(diff)
		}
		_, err = s.client.GetParameters(t.Context(), &ssm.GetParametersInput{Names: slices.Repeat([]string{"/b"}, 11)})
		awstest.Refused(t, err, http.StatusBadRequest, "ValidationException", "length less than or equal to 10")
	})
}

func TestMissing(t *testing.T) {
	inStore(t, func(t *testing.T, s store) {
		s.must("/a", "1")
		for reference, want := range map[string][2]string{
			"/none": {"ParameterNotFound", ""}, "a": {"ParameterNotFound", ""},
			"/a:2": {"ParameterVersionNotFound", "Systems Manager could not find version 2 of /a."},
			"/a:b": {"ParameterVersionNotFound", "Systems Manager could not find version b of /a."},
			"/a:":  {"ValidationException", "Parameter name"}, "arn:aws:s3:::a": {"ValidationException", "Parameter name"},
		} {
			_, err := s.get(reference, true)
			awstest.Refused(t, err, http.StatusBadRequest, want[0], want[1])
		}
		_, err := s.client.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String("/none")})
		awstest.Refused(t, err, http.StatusBadRequest, "ParameterNotFound", "")
		out, err := s.client.DeleteParameters(t.Context(), &ssm.DeleteParametersInput{Names: []string{"/a", "/none"}})
		if err != nil || !slices.Equal(out.DeletedParameters, []string{"/a"}) || !slices.Equal(out.InvalidParameters, []string{"/none"}) {
			t.Errorf("got %+v, %v", out, err)
		}
	})
}

// TestSecureString: nobody sees the value without decryption.
func TestSecureString(t *testing.T) {
	inStore(t, func(t *testing.T, s store) {
		s.must("/db", "hush", secure)
		plain, err := s.get("/db", true)
		if err != nil || *plain.Value != "hush" {
			t.Fatalf("got %v, %v", plain, err)
		}
		hidden, err := s.get("/db", false)
		if err != nil || strings.Contains(*hidden.Value, "hush") || !strings.HasPrefix(*hidden.Value, "AQICAH") {
			t.Errorf("got %v, %v", *hidden.Value, err)
		}
		s.must("/db", "hush", secure)
		again, err := s.get("/db", false)
		if err != nil || *again.Value == *hidden.Value {
			t.Errorf("the same text twice: %v", err)
		}
		answer := awstest.Send(t, s.sim, awstest.Request{Service: "ssm", Target: "AmazonSSM.GetParameterHistory", Body: `{"Name":"/db"}`})
		if strings.Contains(answer.Body, "hush") || !strings.Contains(answer.Body, "alias/aws/ssm") {
			t.Errorf("got %s", answer.Body)
		}
	})
}

// TestHistory: a hundred versions are kept, and none is forgotten that has a label.
func TestHistory(t *testing.T) {
	inStore(t, func(t *testing.T, s store) {
		for i := range 101 {
			s.must("/n", fmt.Sprint(i+1))
		}
		var numbers []int64
		pages := ssm.NewGetParameterHistoryPaginator(s.client, &ssm.GetParameterHistoryInput{Name: aws.String("/n")})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range page.Parameters {
				numbers = append(numbers, p.Version)
			}
		}
		if len(numbers) != 100 || numbers[0] != 2 || numbers[99] != 101 {
			t.Errorf("kept are %v", numbers)
		}
		label := &ssm.LabelParameterVersionInput{Name: aws.String("/n"), ParameterVersion: aws.Int64(2), Labels: []string{"keep", "1st", "AWS"}}
		out, err := s.client.LabelParameterVersion(t.Context(), label)
		if err != nil || !slices.Equal(out.InvalidLabels, []string{"1st", "AWS"}) {
			t.Errorf("got %+v, %v", out, err)
		}
		_, err = s.put("/n", "102")
		awstest.Refused(t, err, http.StatusBadRequest, "ParameterMaxVersionLimitExceeded", "Version 2, the oldest version, can't be deleted because it has a label")
		label.ParameterVersion, label.Labels = nil, []string{"keep"}
		if _, err := s.client.LabelParameterVersion(t.Context(), label); err != nil {
			t.Fatal(err)
		}
		s.must("/n", "102")
		if p, err := s.get("/n:keep", false); err != nil || p.Version != 101 {
			t.Errorf("got %+v, %v", p, err)
		}
		label.Labels = strings.Split("a b c d e f g h i j", " ")
		label.ParameterVersion = aws.Int64(101)
		_, err = s.client.LabelParameterVersion(t.Context(), label)
		awstest.Refused(t, err, http.StatusBadRequest, "ParameterVersionLabelLimitExceeded", "maximum 10 labels")
		label.ParameterVersion = aws.Int64(999)
		_, err = s.client.LabelParameterVersion(t.Context(), label)
		awstest.Refused(t, err, http.StatusBadRequest, "ParameterVersionNotFound", "version 999 of /n")
	})
}

func TestTiers(t *testing.T) {
	long := strings.Repeat("x", 5000)
	tier := func(t types.ParameterTier) func(*ssm.PutParameterInput) {
		return func(in *ssm.PutParameterInput) { in.Tier = t }
	}
	inStore(t, func(t *testing.T, s store) {
		s.must("/big", long, tier(types.ParameterTierIntelligentTiering))
		out, err := s.put("/big", long)
		if err != nil || out.Tier != types.ParameterTierAdvanced {
			t.Errorf("got %+v, %v", out, err)
		}
		_, err = s.put("/big", "x", tier(types.ParameterTierStandard))
		awstest.Refused(t, err, http.StatusBadRequest, "ValidationException", "You can't downgrade")
	})
}

func TestTags(t *testing.T) {
	inStore(t, func(t *testing.T, s store) {
		s.must("/a", "1")
		tag := []types.Tag{{Key: aws.String("team"), Value: aws.String("shop")}}
		_, err := s.client.AddTagsToResource(t.Context(), &ssm.AddTagsToResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: aws.String("/a"), Tags: tag})
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.client.ListTagsForResource(t.Context(), &ssm.ListTagsForResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: aws.String("/a")})
		if err != nil || len(out.TagList) != 1 || *out.TagList[0].Value != "shop" {
			t.Errorf("got %+v, %v", out, err)
		}
		_, err = s.client.ListTagsForResource(t.Context(), &ssm.ListTagsForResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: aws.String("/b")})
		awstest.Refused(t, err, http.StatusBadRequest, "InvalidResourceId", "")
	})
}

// TestArranged: what a test puts, also of another account, is there; calls can be
// throttled and are recorded.
func TestArranged(t *testing.T) {
	const other = "arn:aws:ssm:eu-west-1:444455556666:parameter/shared/x"
	inStore(t, func(t *testing.T, s store) {
		for i, name := range []string{"/a", "/a", other} {
			version, err := s.sim.PutParameter(simulated.Parameter{Name: name, Value: "v"})
			if want := int64([]int{1, 2, 1}[i]); err != nil || version != want {
				t.Errorf("%s: got %d, %v", name, version, err)
			}
		}
		if _, err := s.sim.PutParameter(simulated.Parameter{Name: "a b", Value: "v"}); err == nil {
			t.Error("a bad name is taken")
		}
		if p, err := s.get(other, false); err != nil || *p.Name != "/shared/x" || *p.Value != "v" {
			t.Errorf("got %+v, %v", p, err)
		}
		want := []simulated.Truth{{ARN: own + "/a", Name: "/a", Type: "String", Version: 2}, {ARN: other, Name: "/shared/x", Type: "String", Version: 1}}
		if diff := cmp.Diff(want, s.sim.Snapshot().Parameters); diff != "" {
			t.Error(diff)
		}
		s.sim.Faults.Add(awssim.Fault{Service: "ssm", Action: "GetParameter", Times: 1, Effect: awssim.Throttle})
		_, err := s.get("/a", false)
		awstest.Refused(t, err, http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
		if n := s.sim.CallCounts()["ssm:GetParameter"]; n != 2 {
			t.Errorf("%d calls", n)
		}
		if !s.sim.DeleteParameter("/a") || s.sim.DeleteParameter("/a") {
			t.Error("it wasn't deleted once")
		}
	})
}

// TestSecretByParameter: a secret is read by the name of a parameter with decryption
// only. GetParameter says so, and GetParameters takes the name for none.
func TestSecretByParameter(t *testing.T) {
	const path = "/aws/reference/secretsmanager/"
	inStore(t, func(t *testing.T, s store) {
		arn, err := s.sim.CreateSecret(secrets.Secret{Name: "shop/db", Value: "first"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.sim.PutSecretValue("shop/db", "second"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.sim.CreateSecret(secrets.Secret{Name: "gone", Value: "x"}); err != nil {
			t.Fatal(err)
		}
		if err := s.sim.DeleteSecret("gone", 7*24*time.Hour); err != nil {
			t.Fatal(err)
		}
		s.must("/plain", "p")
		for name, want := range map[string]string{"shop/db": "second ", "shop/db:AWSPREVIOUS": "first :AWSPREVIOUS"} {
			p, err := s.get(path+name, true)
			if err != nil {
				t.Fatal(err)
			}
			if got := *p.Value + " " + aws.ToString(p.Selector); got != want || *p.ARN != arn || *p.Name != path+"shop/db" || p.Version != 0 || p.Type != types.ParameterTypeSecureString || p.DataType != nil {
				t.Errorf("%s: %+v", name, p)
			}
		}
		for name, want := range map[string][3]string{
			"shop/db":        {"", "ValidationException", "WithDecryption flag must be True for retrieving a Secret Manager secret."},
			"none":           {"", "ValidationException", "WithDecryption flag must be True for retrieving a Secret Manager secret."},
			"shop/db:a:b":    {"", "ValidationException", "Please use correct syntax for referencing a version/label"},
			"none ":          {"decrypt", "ParameterNotFound", "Secret aws/reference/secretsmanager/nonenull not found."},
			"shop/db:NOSUCH": {"decrypt", "ParameterNotFound", "Secret aws/reference/secretsmanager/shop/db:NOSUCH not found."},
			"gone":           {"decrypt", "ValidationException", "Invalid Request to Secrets Manager"},
		} {
			_, err := s.get(path+name, want[0] != "")
			awstest.Refused(t, err, http.StatusBadRequest, want[1], want[2])
		}
		for decrypt, want := range map[bool]string{false: "[/plain] [" + path + "shop/db " + path + "none]", true: "[" + path + "shop/db /plain] [" + path + "none]"} {
			out, err := s.client.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{path + "shop/db", path + "none", "/plain"}, WithDecryption: &decrypt})
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, p := range out.Parameters {
				found = append(found, *p.Name)
			}
			if got := fmt.Sprint(found, " ", out.InvalidParameters); got != want {
				t.Errorf("decrypted %t: %s, want %s", decrypt, got, want)
			}
		}
	})
}
