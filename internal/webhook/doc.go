// Package webhook posts a gate's question to an HTTPS address. The address comes
// from a user of a controller that many share, so the user must not get into
// the network that the controller is in: only public addresses are posted to,
// and others that whoever runs the controller allows.
//
// The address that is checked is the one that is connected to, after the name
// is resolved and at every attempt, so a name that resolves differently the
// second time gains nothing. Proxies are not used, as they would connect to
// what they like; redirects are not followed. Of what fails, only the host is
// told: the rest of a URL may hold a token.
//
// What is public is judged by the address alone. A network that uses public
// addresses inside, as IPv6 in a VPC does, or a NAT64 prefix of its own, has to
// be closed to the controller by other means, such as a NetworkPolicy.
//
// # Receiving
//
// A signed request has the headers X-Viridian-Timestamp, in Unix seconds, and
// X-Viridian-Signature; Verify shows how to check them. Refuse timestamps that
// are more than some minutes old, or the request can be replayed. Attempts at
// the same question have the same Idempotency-Key.
//
// It imports the standard library only.
package webhook
