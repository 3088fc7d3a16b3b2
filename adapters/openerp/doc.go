// Package openerp saves invoices in Odoo, which was called OpenERP until 2014.
//
// [Invoice] is the adapter: `invoice:object = "adapters.openerp:Invoice"`.
// Prices are Odoo's own, from a pricelist or from the products, and so are
// partners, taxes, journals and the numbers of posted invoices. The README has
// the set-up in Odoo and what is promised for which version.
//
// An invoice is saved once: it is loaded under an external id that is made from
// the order's key, which Odoo's database keeps unique, and it is looked up by
// it before anything is sent again. Its header says how many lines it has and
// what they come to, so that one which was saved in part is told from a whole
// one.
//
// What Odoo would round is never sent: its digits are read beforehand, and what
// the lines came to is read back before an invoice is posted.
package openerp
