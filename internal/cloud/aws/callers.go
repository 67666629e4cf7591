package aws

import (
	"context"
	"sync"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/viridian-dev/viridian/internal/cloud"
)

// callers implements cloud.Callers. An access key always belongs to the same
// account, so each is looked up once.
type callers struct {
	api         stsAPI
	credentials awssdk.CredentialsProvider
	region      string
	// learn is told the account's ID whenever AWS was asked for it.
	learn func(account string)

	// mu isn't held while AWS is called.
	mu sync.Mutex
	// key is the access key whose account is known.
	key   string
	known cloud.Account
}

// Account implements cloud.Callers.
func (c *callers) Account(ctx context.Context) (cloud.Account, error) {
	current, err := c.credentials.Retrieve(ctx)
	if err != nil {
		return cloud.Account{}, wrap(&smithy.OperationError{ServiceID: stsID, OperationName: "GetCallerIdentity", Err: err})
	}
	if account, ok := c.remembered(current.AccessKeyID); ok {
		return account, nil
	}
	// The call uses exactly these credentials, so that the response is about
	// this key.
	out, err := c.api.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.Options) {
		o.Credentials = credentials.StaticCredentialsProvider{Value: current}
	})
	if err != nil {
		return cloud.Account{}, wrap(err)
	}
	account := cloud.Account{ID: awssdk.ToString(out.Account), Region: c.region}
	c.learn(account.ID)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.key, c.known = current.AccessKeyID, account
	return account, nil
}

// remembered returns the account of a key, if it is known.
func (c *callers) remembered(key string) (cloud.Account, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known, c.key == key && key != ""
}
