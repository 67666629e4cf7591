package policy_test

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	clusterAccount  = "111122223333"
	shopAccount     = "444455556666"
	paymentsAccount = "777788889999"

	sharedListener   = "shared/50dc6c495c0c9188/f2f7dc8efc522ab2"
	paymentsListener = "payments/70dc6c495c0c9188/b2f7dc8efc522ab2"
)

// example is a set of policies under examples/.
type example struct {
	dir string
	// own is what the role is for, and others what it must not touch.
	own    estate
	others map[string]estate
}

var examples = []example{
	{
		dir:    "one-tenant",
		own:    tenant(clusterAccount, "shop", "viridian-", "shop", "shop/50dc6c495c0c9188/f2f7dc8efc522ab2"),
		others: map[string]estate{"nobody": strangers(clusterAccount)},
	},
	{
		dir: "many-tenants",
		own: tenant(clusterAccount, "shop", "viridian-shop_", "shared", sharedListener),
		others: map[string]estate{
			"nobody": strangers(clusterAccount), "payments": payments(clusterAccount),
			// Its name begins with the other's, and it uses the same cluster,
			// listener and VPC.
			"shop-admin": tenant(clusterAccount, "shop-admin", "viridian-shop-admin_", "shared", sharedListener),
		},
	},
	{
		dir:    "account-per-tenant",
		own:    tenant(shopAccount, "shop", "viridian-", "shop", "main/50dc6c495c0c9188/f2f7dc8efc522ab2"),
		others: map[string]estate{"payments": payments(paymentsAccount), "the manager's account": strangers(clusterAccount), "nobody": strangers(shopAccount)},
	},
}

// payments is the estate of another tenant, with a cluster, a listener and a VPC
// of its own.
func payments(account string) estate {
	e := tenant(account, "payments", "viridian-payments_", "payments", paymentsListener)
	e.vpc = "vpc-22222222222222222"
	return e
}

// plain is a role with the policies of an example.
func plain(t *testing.T, dir string) role {
	t.Helper()
	r := role{account: clusterAccount}
	if dir == "account-per-tenant" {
		r.account = shopAccount
	}
	for _, name := range []string{"controller.json", "stacks.json", "scaling.json", "configuration.json"} {
		r.policies = append(r.policies, read(t, filepath.Join("examples", dir, name)))
	}
	return r
}

// foreign are the requests for the things of others, by whose they are. What
// isn't about a resource is in the caller's account, so that a role can't ask for
// it in another one.
func (e *example) foreign() map[string]map[string]request {
	all := map[string]map[string]request{}
	for name, other := range e.others {
		all[name] = other.requests()
		maps.DeleteFunc(all[name], func(_ string, r request) bool {
			return r.resources[0].arn == "*" && other.account != e.own.account
		})
	}
	return all
}

// allowed are the names of the requests that a role may make.
func allowed(t *testing.T, r role, requests map[string]request) (names []string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		may, err := r.may(requests[name])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if may {
			names = append(names, name)
		}
	}
	return names
}

// TestExamplesSuffice: with each example the controller, and CloudFormation on its
// behalf, may do for the tenant all that is ever done.
func TestExamplesSuffice(t *testing.T) {
	for _, e := range examples {
		own := e.own.requests()
		want := slices.Sorted(maps.Keys(own))
		if diff := cmp.Diff(want, allowed(t, plain(t, e.dir), own)); diff != "" {
			t.Errorf("%s: calls for its own that are denied (-):\n%s", e.dir, diff)
		}
	}
}

// TestExamplesKeepApart: nothing of the same may be done to what is another
// tenant's, or nobody's, but what the README says can't be kept apart.
func TestExamplesKeepApart(t *testing.T) {
	got := map[string]bool{}
	for _, e := range examples {
		for name, requests := range e.foreign() {
			for _, call := range allowed(t, plain(t, e.dir), requests) {
				action, _, _ := strings.Cut(call, " ")
				got[e.dir+": "+name+": "+action] = true
			}
		}
	}
	compare(t, got, notKeptApart(t))
}

// notKeptApart reads the README's table of what IAM can't keep apart.
func notKeptApart(t *testing.T) map[string]bool {
	t.Helper()
	_, section, found := strings.Cut(string(readFile(t, "README.md")), "## What IAM can't keep apart\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("README.md has no such section")
	}
	all, action := map[string]bool{}, regexp.MustCompile("`([a-z0-9-]+:[A-Za-z]+)`")
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		for _, m := range action.FindAllStringSubmatch(cells[1], -1) {
			for where := range strings.SplitSeq(cells[2], ";") {
				dir, whose, _ := strings.Cut(strings.TrimSpace(where), ": ")
				for name := range strings.SplitSeq(whose, ", ") {
					all[dir+": "+name+": "+m[1]] = true
				}
			}
		}
	}
	return all
}
