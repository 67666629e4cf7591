// Package background runs calls that take longer than a reconcile may, such as
// those of a Lambda function or a webhook, beside the reconciles, which ask for
// their answers by key.
//
// Nothing of it survives a restart, by design: a call of which nothing is known
// is started again under the same key, so whatever is called must be idempotent
// by that key or bear being called twice.
//
// It imports the standard library only.
package background
