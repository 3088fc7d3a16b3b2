// Package odootest is a simulated Odoo server for tests: companies, journals,
// partners, products, pricelists and invoices that live in memory, and the
// methods of theirs that somebody needs who bills, over JSON-RPC, XML-RPC and
// JSON-2.
//
// What a real server does in silence it does too: it rounds to the precision
// that is set, moves the date of an invoice out of a locked period, and lets a
// posted invoice be written to.
//
// Begin with [New] and [Server.Start]. [Server.Add] and its kin set the state
// up and look at it, past all access rights. [Server.FailNext] and
// [Server.SetPlan] make calls fail, in the ways that matter to somebody who
// must bill once.
//
// The simulator's tests play the recordings of real servers, versions 16 and
// 17, to it in order, and compare the answers field by field: 538 of 628 are
// the same, and the tests name the rest (sales orders, credit notes, reports,
// the endpoints of OpenERP 6, records whose making was not recorded). What was
// never recorded is made after the documentation, or made up: the differences
// of 18 and 19, JSON-2, what is refused for its company, unit or account, the
// languages of errors, and the texts of faults that only a race or a broken
// database has.
package odootest
