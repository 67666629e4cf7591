package secrets_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/go-cmp/cmp"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/awstest"
	"github.com/viridian-dev/viridian/internal/awssim/lambda"
	"github.com/viridian-dev/viridian/internal/awssim/secrets"
)

// vault is Secrets Manager behind the real SDK.
type vault struct {
	t      *testing.T
	sim    *awssim.Sim
	client *secretsmanager.Client
}

func inVault(t *testing.T, f func(t *testing.T, v vault)) {
	t.Helper()
	awstest.Run(t, awssim.Options{}, func(t *testing.T, sim *awssim.Sim, config aws.Config) {
		f(t, vault{t, sim, secretsmanager.NewFromConfig(config)})
	})
}

// create makes a secret and returns its ARN.
func (v vault) create(name, value string) string {
	v.t.Helper()
	out, err := v.client.CreateSecret(v.t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
	if err != nil {
		v.t.Fatal(err)
	}
	return *out.ARN
}

// put gives a secret a value and returns the version.
func (v vault) put(id, value string, stages ...string) string {
	v.t.Helper()
	out, err := v.client.PutSecretValue(v.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &id, SecretString: &value, VersionStages: stages})
	if err != nil {
		v.t.Fatal(err)
	}
	return *out.VersionId
}

func (v vault) get(id, stage, version string) (string, error) {
	in := &secretsmanager.GetSecretValueInput{SecretId: &id}
	if stage != "" {
		in.VersionStage = &stage
	}
	if version != "" {
		in.VersionId = &version
	}
	out, err := v.client.GetSecretValue(v.t.Context(), in)
	if err != nil {
		return "", err
	}
	return *out.SecretString, nil
}

func (v vault) describe(id string) *secretsmanager.DescribeSecretOutput {
	v.t.Helper()
	out, err := v.client.DescribeSecret(v.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &id})
	if err != nil {
		v.t.Fatal(err)
	}
	return out
}

// stages are what the versions of a secret are called, the newest first.
func (v vault) stages(id string, deprecated bool) string {
	v.t.Helper()
	var all []string
	pages := secretsmanager.NewListSecretVersionIdsPaginator(v.client, &secretsmanager.ListSecretVersionIdsInput{
		SecretId: &id, IncludeDeprecated: &deprecated, MaxResults: aws.Int32(40),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(v.t.Context())
		if err != nil {
			v.t.Fatal(err)
		}
		for _, version := range page.Versions {
			all = append(all, strings.Join(version.VersionStages, "+"))
		}
	}
	return strings.Join(all, " ")
}

// TestFind: secrets are found by name, whole ARN and partial ARN, but not by a
// partial ARN that looks like a whole one.
func TestFind(t *testing.T) {
	inVault(t, func(t *testing.T, v vault) {
		arn := v.create("shop/db", "one")
		if !regexp.MustCompile(`^arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-[A-Za-z0-9]{6}$`).MatchString(arn) {
			t.Errorf("its ARN is %s", arn)
		}
		partial := arn[:len(arn)-7]
		for _, id := range []string{"shop/db", arn, partial} {
			if got, err := v.get(id, "", ""); got != "one" || err != nil {
				t.Errorf("%s: got %q, %v", id, got, err)
			}
		}
		like := v.create("shop/a-secret", "two")
		for _, id := range []string{like[:len(like)-7], partial + "-AAAAAA", "shop", "shop/db-AAAAAA"} {
			_, err := v.get(id, "", "")
			awstest.Refused(t, err, http.StatusBadRequest, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
		}
		_, err := v.get("a b", "", "")
		awstest.Refused(t, err, http.StatusBadRequest, "ValidationException", "Invalid name. Must be a valid name")
	})
}

// TestStages follows test_deprecated_secret_version_stage and
// test_update_secret_version_stages_current_pending, which LocalStack recorded.
func TestStages(t *testing.T) {
	inVault(t, func(t *testing.T, v vault) {
		v.create("s", "0")
		pending := v.put("s", "1", "AWSPENDING")
		if got := v.stages("s", false); got != "AWSPENDING AWSCURRENT" {
			t.Errorf("got %s", got)
		}
		var first string
		for id, stages := range v.describe("s").VersionIdsToStages {
			if slices.Contains(stages, "AWSCURRENT") {
				first = id
			}
		}
		move := &secretsmanager.UpdateSecretVersionStageInput{SecretId: aws.String("s"), VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: &pending}
		_, err := v.client.UpdateSecretVersionStage(t.Context(), move)
		awstest.Refused(t, err, http.StatusBadRequest, "InvalidParameterException", "Staging label AWSCURRENT is currently attached to version "+first)
		move.RemoveFromVersionId = &first
		if _, err := v.client.UpdateSecretVersionStage(t.Context(), move); err != nil {
			t.Fatal(err)
		}
		if got := v.stages("s", false); got != "AWSCURRENT+AWSPENDING AWSPREVIOUS" {
			t.Errorf("got %s", got)
		}
		v.put("s", "2")
		if got := v.stages("s", false); got != "AWSCURRENT AWSPREVIOUS" {
			t.Errorf("got %s", got)
		}
		if got := v.stages("s", true); got != "AWSCURRENT AWSPREVIOUS " {
			t.Errorf("got %q", got)
		}
		if ids := v.describe("s").VersionIdsToStages; len(ids) != 2 || ids[first] != nil {
			t.Errorf("described are %v", ids)
		}
		for stage, want := range map[string]string{"": "2", "AWSPREVIOUS": "1"} {
			if got, err := v.get("s", stage, ""); got != want || err != nil {
				t.Errorf("%s: got %s, %v", stage, got, err)
			}
		}
		if got, err := v.get("s", "", first); got != "0" || err != nil {
			t.Errorf("the deprecated one: got %s, %v", got, err)
		}
		current := v.put("s", "3")
		_, err = v.client.UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{SecretId: aws.String("s"), VersionStage: aws.String("AWSCURRENT"), RemoveFromVersionId: &current})
		awstest.Refused(t, err, http.StatusBadRequest, "InvalidParameterException", "can't be completely removed")
	})
}

func TestRefusals(t *testing.T) {
	const token = "0123456789abcdef0123456789abcdef"
	inVault(t, func(t *testing.T, v vault) {
		arn := v.create("s", "0")
		first := *v.describe("s").ARN
		if first != arn {
			t.Errorf("got %s", first)
		}
		ctx := t.Context()
		put := func(in secretsmanager.PutSecretValueInput) error {
			in.SecretId = aws.String("s")
			_, err := v.client.PutSecretValue(ctx, &in)
			return err
		}
		remove := func(in secretsmanager.DeleteSecretInput) error {
			in.SecretId = aws.String("s")
			_, err := v.client.DeleteSecret(ctx, &in)
			return err
		}
		rotate := func(in secretsmanager.RotateSecretInput) error {
			in.SecretId = aws.String("s")
			_, err := v.client.RotateSecret(ctx, &in)
			return err
		}
		get := func(stage, version string) error {
			_, err := v.get("s", stage, version)
			return err
		}
		create := func(name string) error {
			_, err := v.client.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("x")})
			return err
		}
		if err := put(secretsmanager.PutSecretValueInput{SecretString: aws.String("a"), ClientRequestToken: aws.String(token)}); err != nil {
			t.Fatal(err)
		}
		again := put(secretsmanager.PutSecretValueInput{SecretString: aws.String("a"), ClientRequestToken: aws.String(token)})
		if again != nil {
			t.Error(again)
		}
		tests := map[string]struct {
			err        error
			code, text string
		}{
			"other value":    {put(secretsmanager.PutSecretValueInput{SecretString: aws.String("b"), ClientRequestToken: aws.String(token)}), "ResourceExistsException", "already in use for a version of secret " + arn},
			"short token":    {put(secretsmanager.PutSecretValueInput{SecretString: aws.String("b"), ClientRequestToken: aws.String("x")}), "InvalidParameterException", "32-64 characters"},
			"no value":       {put(secretsmanager.PutSecretValueInput{}), "InvalidRequestException", "You must provide either SecretString or SecretBinary."},
			"two values":     {put(secretsmanager.PutSecretValueInput{SecretString: aws.String("b"), SecretBinary: []byte("b")}), "InvalidParameterException", "both"},
			"long":           {put(secretsmanager.PutSecretValueInput{SecretString: aws.String(strings.Repeat("x", 65537))}), "InvalidParameterException", "65536"},
			"no stage":       {get("AWSPENDING", ""), "ResourceNotFoundException", "can't find the specified secret value for staging label: AWSPENDING"},
			"no version":     {get("", "11111111111111111111111111111111"), "ResourceNotFoundException", "can't find the specified secret value for VersionId: 1111"},
			"another stage":  {get("AWSPREVIOUS", token), "InvalidRequestException", "You provided a VersionStage that is not associated to the provided VersionId."},
			"window":         {remove(secretsmanager.DeleteSecretInput{RecoveryWindowInDays: aws.Int64(6)}), "InvalidParameterException", "between 7 and 30"},
			"window and not": {remove(secretsmanager.DeleteSecretInput{RecoveryWindowInDays: aws.Int64(7), ForceDeleteWithoutRecovery: aws.Bool(true)}), "InvalidParameterException", "in conjunction"},
			"no function":    {rotate(secretsmanager.RotateSecretInput{}), "InvalidRequestException", "No Lambda rotation function ARN is associated with this secret."},
			"its function":   {rotate(secretsmanager.RotateSecretInput{RotationLambdaARN: aws.String("arn:aws:lambda:eu-west-1:111122223333:function:none")}), "AccessDeniedException", "cannot invoke the specified Lambda function"},
			"taken":          {create("s"), "ResourceExistsException", "because the secret s already exists."},
			"name":           {create("a b"), "ValidationException", "Invalid name."},
		}
		for name, tc := range tests {
			if awstest.Code(tc.err) != tc.code {
				t.Errorf("%s:", name)
			}
			awstest.Refused(t, tc.err, http.StatusBadRequest, tc.code, tc.text)
		}
	})
}

// TestRotation: the new version is pending and without a value, then current.
func TestRotation(t *testing.T) {
	const function = "arn:aws:lambda:eu-west-1:111122223333:function:rotate"
	inVault(t, func(t *testing.T, v vault) {
		if err := v.sim.RegisterFunction("rotate", lambda.Function{}); err != nil {
			t.Fatal(err)
		}
		v.create("db", `{"username":"shop","password":"one"}`)
		if d := v.describe("db"); d.RotationEnabled != nil {
			t.Errorf("got %+v", d)
		}
		in := &secretsmanager.RotateSecretInput{SecretId: aws.String("db"), RotationLambdaARN: aws.String(function), RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(1)}}
		out, err := v.client.RotateSecret(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.stages("db", true); got != "AWSPENDING AWSCURRENT" {
			t.Errorf("got %s", got)
		}
		_, err = v.get("db", "AWSPENDING", "")
		awstest.Refused(t, err, http.StatusBadRequest, "ResourceNotFoundException", "staging label: AWSPENDING")
		_, err = v.client.RotateSecret(t.Context(), in)
		awstest.Refused(t, err, http.StatusBadRequest, "InvalidRequestException", "A previous rotation isn't complete.")
		time.Sleep(time.Minute)
		if got := v.stages("db", true); got != "AWSCURRENT AWSPREVIOUS" {
			t.Errorf("got %s", got)
		}
		d := v.describe("db")
		if !slices.Equal(d.VersionIdsToStages[*out.VersionId], []string{"AWSCURRENT"}) || !*d.RotationEnabled || d.LastRotatedDate == nil || *d.RotationLambdaARN != function {
			t.Errorf("got %+v", d)
		}
		value, err := v.get("db", "", "")
		if err != nil || !strings.Contains(value, `"username":"shop"`) || strings.Contains(value, `"one"`) {
			t.Errorf("got %s, %v", value, err)
		}
		time.Sleep(25 * time.Hour)
		if got := v.stages("db", true); got != "AWSCURRENT AWSPREVIOUS " {
			t.Errorf("a day later: got %q", got)
		}
		if _, err := v.client.CancelRotateSecret(t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: aws.String("db")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(48 * time.Hour)
		if got := v.stages("db", true); got != "AWSCURRENT AWSPREVIOUS " || *v.describe("db").RotationEnabled {
			t.Errorf("after it was cancelled: got %q", got)
		}
	})
}

// TestFailedRotation leaves a pending version without a value.
func TestFailedRotation(t *testing.T) {
	inVault(t, func(t *testing.T, v vault) {
		arn, err := v.sim.CreateSecret(secrets.Secret{Name: "rds!db", Value: "one", OwningService: "rds", Rotation: &secrets.Rotation{Fails: true}})
		if err != nil {
			t.Fatal(err)
		}
		if d := v.describe(arn); *d.OwningService != "rds" || !*d.RotationEnabled {
			t.Errorf("got %+v", d)
		}
		if _, err := v.sim.RotateSecret(arn, "two"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if got := v.stages(arn, true); got != "AWSPENDING AWSCURRENT" {
			t.Errorf("got %s", got)
		}
		if err := v.sim.SetRotation(arn, secrets.Rotation{}); err != nil {
			t.Fatal(err)
		}
		if _, err := v.sim.RotateSecret(arn, "two"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got, err := v.get(arn, "", ""); got != "two" || err != nil {
			t.Errorf("got %s, %v", got, err)
		}
	})
}

func TestDeletion(t *testing.T) {
	inVault(t, func(t *testing.T, v vault) {
		arn := v.create("s", "0")
		in := &secretsmanager.DeleteSecretInput{SecretId: aws.String("s"), RecoveryWindowInDays: aws.Int64(7)}
		out, err := v.client.DeleteSecret(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if d := v.describe("s"); d.DeletedDate == nil || !d.DeletedDate.Equal(*out.DeletionDate) || len(d.VersionIdsToStages) != 1 {
			t.Errorf("got %+v", d)
		}
		_, err = v.get("s", "", "")
		awstest.Refused(t, err, http.StatusBadRequest, "InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
		_, err = v.client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("s")})
		awstest.Refused(t, err, http.StatusBadRequest, "InvalidRequestException", "a secret with this name is already scheduled for deletion")
		if _, err := v.client.RestoreSecret(t.Context(), &secretsmanager.RestoreSecretInput{SecretId: aws.String("s")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(8 * 24 * time.Hour)
		if got, err := v.get("s", "", ""); got != "0" || err != nil {
			t.Errorf("restored: got %s, %v", got, err)
		}
		if _, err := v.client.DeleteSecret(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		time.Sleep(8 * 24 * time.Hour)
		_, err = v.get("s", "", "")
		awstest.Refused(t, err, http.StatusBadRequest, "ResourceNotFoundException", "")
		if again := v.create("s", "1"); again == arn {
			t.Error("the new secret has the old one's ARN")
		}
		force := &secretsmanager.DeleteSecretInput{SecretId: aws.String("s"), ForceDeleteWithoutRecovery: aws.Bool(true)}
		for range 2 {
			if _, err := v.client.DeleteSecret(t.Context(), force); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		v.create("s", "2")
	})
}

// TestDeprecated: versions without labels are kept until there are too many, or for
// as long as a test says, but always for a day.
func TestDeprecated(t *testing.T) {
	inVault(t, func(t *testing.T, v vault) {
		v.create("s", "0")
		first, err := v.sim.PutSecretValue("s", "1")
		if err != nil {
			t.Fatal(err)
		}
		for range 110 {
			v.put("s", "x")
		}
		if n := len(strings.Split(v.stages("s", true), " ")); n != 112 {
			t.Errorf("%d versions on the first day", n)
		}
		time.Sleep(25 * time.Hour)
		v.put("s", "y")
		if n := len(strings.Split(v.stages("s", true), " ")); n != 100 {
			t.Errorf("%d versions on the second day", n)
		}
		_, err = v.get("s", "", first)
		awstest.Refused(t, err, http.StatusBadRequest, "ResourceNotFoundException", "VersionId")

		v.sim.SetDeprecatedLife(time.Hour)
		time.Sleep(2 * time.Hour)
		if got := v.stages("s", true); got != "AWSCURRENT AWSPREVIOUS" {
			t.Errorf("got %q", got)
		}
		v.put("s", "z")
		young := v.put("s", "z")
		v.put("s", "z")
		v.put("s", "z")
		time.Sleep(2 * time.Hour)
		if got, err := v.get("s", "", young); got != "z" || err != nil {
			t.Errorf("a young one: got %s, %v", got, err)
		}
		if err := v.sim.DeleteSecretVersion("s", young); err != nil {
			t.Error(err)
		}
		if _, err = v.get("s", "", young); awstest.Code(err) != "ResourceNotFoundException" {
			t.Errorf("got %v", err)
		}
		time.Sleep(24 * time.Hour)
		if got := v.stages("s", true); got != "AWSCURRENT AWSPREVIOUS" {
			t.Errorf("got %q", got)
		}
	})
}

// TestArranged: a test says the ARN, also of another account; what goes wrong can be
// planned, and no value is in the snapshot.
func TestArranged(t *testing.T) {
	inVault(t, func(t *testing.T, v vault) {
		for name, in := range map[string]secrets.Secret{
			"arn:aws:secretsmanager:eu-west-1:111122223333:secret:checkout/db-AbCdEf": {Name: "checkout/db", Suffix: "AbCdEf", Value: "x"},
			"arn:aws:secretsmanager:eu-west-1:444455556666:secret:checkout/db-AbCdEf": {Name: "checkout/db", Suffix: "AbCdEf", Value: "y", Account: "444455556666"},
		} {
			if arn, err := v.sim.CreateSecret(in); arn != name || err != nil {
				t.Errorf("got %s, %v", arn, err)
			}
			if got, err := v.get(name, "", ""); got != in.Value || err != nil {
				t.Errorf("got %s, %v", got, err)
			}
			if _, err := v.sim.CreateSecret(in); err == nil {
				t.Error("made twice")
			}
		}
		if got, err := v.get("checkout/db", "", ""); got != "x" || err != nil {
			t.Errorf("by name: got %s, %v", got, err)
		}
		v.sim.Faults.Add(awssim.Fault{Service: "secretsmanager", Action: "DescribeSecret", Times: 1, Effect: awssim.AccessDenied})
		_, err := v.client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("checkout/db")})
		awstest.Refused(t, err, http.StatusBadRequest, "AccessDeniedException", "is not authorized to perform: secretsmanager:DescribeSecret")
		calls := v.sim.Calls()
		if last := calls[len(calls)-1]; last.Key != "checkout/db" || last.ErrorCode != "AccessDeniedException" {
			t.Errorf("recorded is %+v", last)
		}
		if err := v.sim.DeleteSecret("checkout/db", 7*24*time.Hour); err != nil {
			t.Error(err)
		}
		for i, truth := range v.sim.Snapshot().Secrets {
			if deleted := strings.Contains(truth.ARN, ":111122223333:"); len(truth.Stages) != 1 || truth.DeletedDate.IsZero() == deleted {
				t.Errorf("%d: got %+v", i, truth)
			}
		}
		if err := v.sim.DeleteSecret("arn:aws:secretsmanager:eu-west-1:444455556666:secret:checkout/db-AbCdEf", 0); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(1, len(v.sim.Snapshot().Secrets)); diff != "" {
			t.Error(diff)
		}
	})
}
