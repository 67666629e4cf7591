// Package webhook posts a gate's request to an HTTPS address. The address comes
// from a user of a shared controller, who must not get access to the
// controller's network: requests go only to public addresses, and to others
// that the operator of the controller allows.
//
// The check is made on the address that is connected to, after the name is
// resolved and at every attempt, so a name that resolves differently the second
// time can't bypass it. Proxies are not used, as they could connect to any
// address; redirects are not followed. Errors mention only the host: the rest
// of a URL may contain a token.
//
// Whether an address is public is decided by the address alone. A network that
// uses public addresses inside, as IPv6 in a VPC does, or its own NAT64 prefix,
// has to be protected from the controller by other means, such as a
// NetworkPolicy.
//
// # Receiving
//
// A request has the headers of Standard Webhooks 1.0: Webhook-Id, Webhook-Timestamp,
// in Unix seconds, and, if it is signed, Webhook-Signature; Verify shows how to check
// them. Reject timestamps that are more than a few minutes old, or the request can be
// replayed. Repeated calls of the same attempt have the same Webhook-Id and
// Idempotency-Key.
//
// It imports only the standard library.
package webhook
