// Package rates reads price lists from files, for invoice adapters that have
// no prices of their own.
//
// An adapter nests a [Config] in its own, calls [Read] once, and asks what one
// unit of a service costs in a datacenter of the [Prices] that [List.At] gives
// for a block.
//
// A rates file has a line for each price, without a header:
//
//	region | name                   | unit          | rate   | from       | to         | currency
//	*      | VM instance, size nano | hour          | 0.0125
//	north  | VM instance, size nano | hour          | 0.015  |            | 2013-08-01
//	north  | VM instance, size nano | hour          | 0.016  | 2013-08-01 |
//	north  | volume.size            | gigabyte hour | 0.0003 |            |            | NZD
//
// The region is a datacenter, or "*" (or the word "region", as the original's
// own files have it) for every datacenter without a line of its own. The
// rates of one region can hold where there is none for the datacenter, before
// those of "*": that region is the Region of the Config. The name is that of a
// service, or the one that the names file gives it:
//
//	m1.nano | VM instance, size nano
//
// A line may end after the rate, or after the dates. A rate holds from the
// beginning of the first day up to the beginning of the second, in the time
// zone of the deployment; without a day, since ever or for ever. Two rates of
// one name and region never hold on the same day. The rate in force where a
// block begins is its price, and one that changes within the block is an
// error, except to the same price. A rate without a currency is in that of the
// invoice; one in another is an error.
//
// Blanks around a field do not count, nor do empty lines and lines that begin
// with "#". A field that holds the delimiter or a quote is written in quotes,
// with its own quotes doubled. Files are UTF-8. A rate is an exact decimal,
// zero or more, the price of one unit; what the unit means is for the caller.
package rates
