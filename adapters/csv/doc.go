// Package csv saves invoices as CSV files, one for each tenant and block.
//
// [Invoice] is the adapter: `invoice:object = "adapters.csv:Invoice"`. Its
// prices come from a rates file, see package rates. A file appears under its
// name whole or not at all, and never in the place of another: its name is the
// invoice's reference, and its last row carries the order's key, so that the
// same order is never saved twice.
//
// Files are UTF-8 with lines that end as RFC 4180 has them, with CR and LF.
package csv
