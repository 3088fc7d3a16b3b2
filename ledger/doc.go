// Package ledger is the contract of a store: Artifice's own record of usage
// and of the time that has been billed.
//
// A [Store] keeps two things. [Usage] is what each resource used in each
// window, with what a transformer must be given to go on from there. [Orders]
// is what was billed: a claim reserves a tenant's block and freezes the priced
// items, and the store itself, by a constraint of its database, refuses a
// second claim that overlaps it and any change to usage that lies in it.
//
// Every method is one transaction: after an error, or a crash, nothing of the
// call is kept. Volumes, costs and amounts are kept to the last digit. Times
// are kept to the nanosecond and given back in UTC, but for an order's block
// and date, which come back in the order's time zone.
//
// What a store can do beyond that are interfaces of one method:
// [HealthChecker], [Locker], and io.Closer where it holds something open.
// Package ledgertest proves that a store keeps the contract.
package ledger
