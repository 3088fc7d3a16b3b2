// Package csv saves invoices as CSV files, one for each tenant and block.
//
// [Invoice] is the adapter: `invoice:object = "adapters.csv:Invoice"`. Its
// prices come from a rates file, see package rates. A file appears under its
// name whole or not at all, and never in the place of another: its name is the
// invoice's reference, and it carries the order's key, so that the same order
// is never saved twice.
//
// Unless the config says otherwise, files are UTF-8 with lines that end as
// RFC 4180 has them, with CR and LF, and hold no text that a spreadsheet would
// run.
package csv
