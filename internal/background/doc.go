// Package background runs calls that take longer than a reconcile may, such as
// calls to a Lambda function or a webhook. Reconciles poll for their results by
// key.
//
// By design, nothing survives a restart: an unknown call is started again with
// the same key, so whatever is called must be idempotent by that key or
// tolerate being called twice.
//
// It imports the standard library and internal/share.
package background
