// Package client speaks to the two services: Orders to order_service, Users to track_users.
//
// Whatever it asks can be asked again: reading changes nothing, and each placing has an Idempotency-Key, by which the
// service makes one order of all tries. So a request is sent again by itself when the connection fails or is cut, when a
// service says that it cannot now (429, 503, and 409 while a first try is under way), and when a proxy before it says so
// (502, 504): after as long as Retry-After says or else a growing, jittered pause, until the attempts or the context are
// at their end.
//
// What a service refuses is a *Problem (RFC 9457), to be found by errors.As, or by its type with Is. When an order may
// have been placed and nobody said so, the error is an *UnknownOutcome with the key to ask again with.
package client
