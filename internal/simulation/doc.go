// Package simulation runs the real billing engine in a world that fails.
//
// Several processes work on one store and one ERP. They take turns, a step at a
// time, in an order that a seed decides; so does everything else: what tenants
// use and what of it comes late, which calls fail and how, how clocks differ,
// and what a person does in between. A process may be made to die at any of
// the numbered [Points]: before and after every transaction of the store, every
// call of the ERP, and every answer. At the end nothing fails any more, and
// what the ERP holds is compared with what was used, to the last digit.
//
// The same seed and point always run alike, so that a failure can be replayed.
package simulation
