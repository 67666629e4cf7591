// Package dataplane owns the way of requests through the simulated load
// balancers to tasks: it matches rules as they have propagated, shares requests
// by weight, picks targets by health and counts what happens.
//
// Route takes a request in process, so that it works where sockets don't, as
// in a synctest bubble. With Options.Sockets every listener is also a local
// HTTP port, and every task a local HTTP responder behind it. Listeners speak
// plain HTTP there, HTTPS ones too.
//
// It imports the standard library, core, elb and ecs.
package dataplane
