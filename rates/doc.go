// Package rates reads price lists from files, for invoice adapters that have
// no prices of their own.
//
// An adapter nests a [Config] in its own, calls [Read] once, and asks the
// [List] what one unit of a service costs in a datacenter.
//
// A rates file has a line for each price, without a header:
//
//	region | name                   | unit           | rate
//	*      | VM instance, size nano | hour           | 0.0125
//	north  | VM instance, size nano | hour           | 0.015
//
// The region is a datacenter, or "*" (or the word "region", as the original's
// own files have it) for every datacenter without a line of its own. The name
// is that of a service, or the one that the names file gives it:
//
//	m1.nano | VM instance, size nano
//
// Blanks around a field do not count, nor do empty lines and lines that begin
// with "#". A field that holds the delimiter or a quote is written in quotes,
// with its own quotes doubled. Files are UTF-8. A rate is an exact decimal,
// zero or more, the price of one unit; what the unit means is for the caller.
package rates
