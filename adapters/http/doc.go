// Package http saves invoices as JSON over HTTP, in whatever system takes them.
//
// [Invoice] is the adapter: `invoice:object = "adapters.http:Invoice"`. An
// invoice is one JSON document, sent by one POST that carries the order's key
// as its Idempotency-Key; openapi.yaml describes what is sent and what is
// understood, and example/receiver is a system that takes it. Prices come from
// a URL, or from a rates file, see package rates.
//
// A request is sent again only where that is safe: where nothing of it left,
// where the receiver says that it did nothing (429), or where it keeps keys.
// Everything else that leaves open whether the invoice was saved is an unknown
// outcome.
//
// Every request has a connection of its own. On a kept one net/http would send
// a request with an Idempotency-Key a second time by itself, and a connection
// that the receiver closed meanwhile could not be told from a lost answer.
package http
