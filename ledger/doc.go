// Package ledger is the contract of a store: Artifice's own record of usage
// and of the time that has been billed.
//
// A [Store] keeps two things. [Usage] is what each resource used in each
// window, with what a transformer must be given to go on from there. [Orders]
// is what was billed: a claim reserves a tenant's block and freezes the priced
// items and the entries that they sum, and the store itself, by a constraint of
// its database, refuses a second claim that overlaps it and any change to
// these. Usage that comes later is kept beside them as an [Adjustment], which a
// later order carries.
//
// Several processes may work on one store. An order that is claimed is held by
// one of them for the length of a [Lease]; once it has ended, another may take
// the order over, and from then on the first can change nothing: every [Hold]
// has a fence, a number that the store compares.
//
// Every method is one transaction: after an error, or a crash, nothing of the
// call is kept. Volumes, costs and amounts are kept to the last digit. Times
// are kept to the nanosecond and given back in UTC, but for an order's block
// and date, which come back in the order's time zone.
//
// What a store can do beyond that are small interfaces: [HealthChecker],
// [Prober], [Locker], [Archiver], [Pruner], and io.Closer where it holds something open.
// Package ledgertest proves that a store keeps the contract.
package ledger
