package aws

import (
	"context"
	"net/http"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/viridian-dev/viridian/internal/awssim"
	"github.com/viridian-dev/viridian/internal/awssim/sts"
	"github.com/viridian-dev/viridian/internal/cloud"
)

// wantAccount checks the account that is returned for the credentials.
func wantAccount(t *testing.T, c cloud.Clients, want cloud.Account) {
	t.Helper()
	got, err := c.Callers.Account(t.Context())
	check(t, err)
	if got != want {
		t.Errorf("account is %+v, want %+v", got, want)
	}
}

// wantCalls checks how often AWS was called since the last reset.
func (w *world) wantCalls(t *testing.T, operation string, want int) {
	t.Helper()
	if got := w.sim.CallCounts()[operation]; got != want {
		t.Errorf("%s was called %d times, want %d", operation, got, want)
	}
}

func TestAccount(t *testing.T) {
	bubble(t, awssim.Options{Account: "999988887777"}, func(t *testing.T, w *world) {
		for range 3 {
			wantAccount(t, w.Clients, cloud.Account{ID: "999988887777", Region: region})
		}
		w.wantCalls(t, "sts:GetCallerIdentity", 1)
		// A role belongs to its own account, whoever assumes it.
		role := clientsOf(t, w.provider, cloud.Identity{RoleARN: roleARN})
		for range 3 {
			wantAccount(t, role, cloud.Account{ID: "444455556666", Region: region})
		}
		w.wantCalls(t, "sts:GetCallerIdentity", 2)
	})
}

// Credentials may be replaced by those of another account at any time, which
// only their access key shows.
func TestAccountIsAskedAgainForAnotherKey(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		other := awssim.New(awssim.Options{Account: "999988887777"})
		defer other.Close()
		account, key := w.sim, "AKIAFIRST"
		p := newProvider(t, Options{HTTPClient: &http.Client{
			Transport: roundTripper(func(r *http.Request) (*http.Response, error) { return account.Transport().RoundTrip(r) }),
		}})
		p.base.Credentials = awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
			return awssdk.Credentials{AccessKeyID: key, SecretAccessKey: "secret"}, nil
		})
		c := clientsOf(t, p, cloud.Identity{})
		wantAccount(t, c, cloud.Account{ID: "111122223333", Region: region})
		account, key = other, "AKIASECOND"
		for range 3 {
			wantAccount(t, c, cloud.Account{ID: "999988887777", Region: region})
		}
		if n := other.CallCounts()["sts:GetCallerIdentity"]; n != 1 {
			t.Errorf("the other account was asked %d times, want once", n)
		}
	})
}

// A role's credentials are renewed early, each time with a new key.
func TestAccountOfRenewedCredentials(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		c := clientsOf(t, w.provider, cloud.Identity{RoleARN: roleARN})
		for range 30 { // every 5 minutes
			wantAccount(t, c, cloud.Account{ID: "444455556666", Region: region})
			time.Sleep(5 * time.Minute)
		}
		w.wantCalls(t, "sts:AssumeRole", 3)
		w.wantCalls(t, "sts:GetCallerIdentity", 3)
	})
}

func TestAccountNotTold(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		end := w.sim.Faults.Add(awssim.Fault{Effect: awssim.ServerError})
		_, err := w.Callers.Account(t.Context())
		if e := failure(t, err, cloud.KindTransient); e.Op != "sts:GetCallerIdentity" {
			t.Errorf("operation is %s", e.Op)
		}
		end()
		w.sim.Faults.Add(awssim.Fault{Effect: awssim.ExpiredToken, Times: 1})
		_, err = w.Callers.Account(t.Context())
		wantKind(t, err, cloud.KindCredentials)
		// An unknown account is looked up again.
		wantAccount(t, w.Clients, cloud.Account{ID: "111122223333", Region: region})
	})
}

func TestAccountOfNobody(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		w.sim.RegisterRole(roleARN, sts.Role{Denied: true})
		c := clientsOf(t, w.provider, cloud.Identity{RoleARN: roleARN})
		_, err := c.Callers.Account(t.Context())
		if e := failure(t, err, cloud.KindCredentials); e.Op != "sts:AssumeRole" {
			t.Errorf("operation is %s", e.Op)
		}
	})
	c := clientsOf(t, nobody(t), cloud.Identity{})
	_, err := c.Callers.Account(t.Context())
	e := failure(t, err, cloud.KindCredentials)
	if e.Op != "sts:GetCallerIdentity" {
		t.Errorf("operation is %s", e.Op)
	}
}

// nobody is a provider without credentials.
func nobody(t *testing.T) *Provider {
	t.Helper()
	p, err := NewProvider(t.Context(), Options{Region: region})
	check(t, err)
	return p
}

// AWS allows GetCallerIdentity whatever the policies say.
func TestAccountNeedsNoPermission(t *testing.T) {
	bubble(t, awssim.Options{}, func(t *testing.T, w *world) {
		w.sim.Faults.Add(awssim.Fault{Effect: awssim.AccessDenied})
		wantAccount(t, w.Clients, cloud.Account{ID: "111122223333", Region: region})
	})
}
