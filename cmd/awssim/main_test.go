package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

func TestUsage(t *testing.T) {
	tests := map[string]struct {
		args   []string
		status int
		want   string
	}{
		"help":          {[]string{"--help"}, exitOK, "Usage of awssim"},
		"unknown flag":  {[]string{"--nope"}, exitUsage, "flag provided but not defined: -nope"},
		"bad number":    {[]string{"--speed", "fast"}, exitUsage, "invalid value"},
		"zero speed":    {[]string{"--speed", "0"}, exitUsage, "speed must be above 0"},
		"account":       {[]string{"--account", "me"}, exitUsage, "not 12 digits"},
		"image":         {[]string{"--image", "checkout"}, exitUsage, "want repository:tag"},
		"listener":      {[]string{"--listener", "shop"}, exitUsage, "want name:port"},
		"function":      {[]string{"--function", "check"}, exitUsage, "want name=behaviour, which is one of fail, in-progress-then-succeed, succeed"},
		"behaviour":     {[]string{"--function", "check=maybe"}, exitUsage, "want name=behaviour"},
		"subnet":        {[]string{"--subnet", "subnet-1"}, exitUsage, "want vpc-…/subnet-…=zone"},
		"group":         {[]string{"--security-group", "sg-1"}, exitUsage, "want vpc-…/sg-…"},
		"instance":      {[]string{"--instance", "shop"}, exitUsage, "want cluster=zone or cluster/provider=zone"},
		"no cluster":    {[]string{"--instance", "shop=eu-west-1a"}, exitFailed, "instance of shop: "},
		"bad machine":   {[]string{"--state-machine", "a b"}, exitFailed, "state machine a b: "},
		"bad name":      {[]string{"--function", "a b=fail"}, exitFailed, "function a b: "},
		"parameter":     {[]string{"--parameter", "/shop/x"}, exitUsage, "want name=value"},
		"bad parameter": {[]string{"--parameter", "a b=x"}, exitFailed, "parameter a b: "},
		"bad secret":    {[]string{"--secret", "a b"}, exitFailed, "secret a b: "},
		"argument":      {[]string{"start"}, exitUsage, `unexpected argument "start"`},
		"address":       {[]string{"--listen", "nowhere:-1"}, exitFailed, "awssim: "},
		"port":          {[]string{"--listener", "shop:0"}, exitFailed, "listener shop:0"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			if got := run(t.Context(), tc.args, io.Discard, &stderr); got != tc.status {
				t.Errorf("status %d, want %d", got, tc.status)
			}
			if !strings.Contains(stderr.String(), tc.want) {
				t.Errorf("stderr is %q, want %q", stderr.String(), tc.want)
			}
		})
	}
}

// TestServe starts the program, uses what it announces and stops it.
func TestServe(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{
			"--listen", "127.0.0.1:0", "--speed", "100", "--cluster", "shop", "--listener", "shop:80", "--image", "checkout:1.0",
			"--parameter", "/shop/features=new", "--secret", "shop/db-AbCdEf",
			"--function", "check=in-progress-then-succeed", "--function", "good=succeed", "--function", "bad=fail",
		}, in, io.Discard)
		_ = in.Close()
	}()
	lines := map[string]string{}
	scanner := bufio.NewScanner(out)
	patterns := map[string]*regexp.Regexp{
		"endpoint": regexp.MustCompile(`AWS_ENDPOINT_URL=(\S+)`),
		"arn":      regexp.MustCompile(`(arn:aws:elasticloadbalancing:\S+)`),
		"url":      regexp.MustCompile(`^ +(http://\S+)`),
	}
	for scanner.Scan() && !strings.HasPrefix(scanner.Text(), "Stop with") {
		for name, p := range patterns {
			if m := p.FindStringSubmatch(scanner.Text()); m != nil {
				lines[name] = m[1]
			}
		}
	}
	if len(lines) != len(patterns) {
		t.Fatalf("announced only %v", lines)
	}

	clusters, err := ecs.NewFromConfig(aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(lines["endpoint"]),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}).ListClusters(t.Context(), &ecs.ListClustersInput{})
	if err != nil || len(clusters.ClusterArns) != 1 {
		t.Errorf("clusters are %v, %v", clusters, err)
	}
	checkFunctions(t, lines["endpoint"])
	checkConfiguration(t, lines["endpoint"])
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, lines["url"], nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("the listener without rules answers %d", resp.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	if status := <-ended; status != exitOK {
		t.Errorf("ended with %d", status)
	}
}

// checkConfiguration reads the parameter and the secret that the flags asked for.
func checkConfiguration(t *testing.T, endpoint string) {
	t.Helper()
	config := aws.Config{
		Region: "eu-west-1", BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
	p, err := ssm.NewFromConfig(config).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/shop/features")})
	if err != nil || *p.Parameter.Value != "new" {
		t.Errorf("the parameter is %v, %v", p, err)
	}
	const arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf"
	s, err := secretsmanager.NewFromConfig(config).DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(arn)})
	if err != nil || len(s.VersionIdsToStages) != 1 {
		t.Errorf("the secret is %v, %v", s, err)
	}
}

// checkFunctions invokes the functions that the flags asked for.
func checkFunctions(t *testing.T, endpoint string) {
	t.Helper()
	c := lambda.NewFromConfig(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	for _, want := range [][2]string{
		{"good", "SUCCEEDED"}, {"bad", "FAILED"}, {"check", "IN_PROGRESS"}, {"check", "SUCCEEDED"}, {"check", "IN_PROGRESS"},
	} {
		out, err := c.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &want[0], Payload: []byte("{}")})
		if err != nil || string(out.Payload) != `{"hookStatus":"`+want[1]+`"}` {
			t.Errorf("%s: got %v, %v", want[0], out, err)
		}
	}
}
