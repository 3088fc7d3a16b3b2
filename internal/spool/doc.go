// Package spool sorts the samples of a source by series and time, however many
// there are, in memory that does not grow with their number.
//
// A [Spool] takes samples in any order. They are kept as compact records in
// buffers of a fixed size; a buffer that is full is sorted and written to a
// temporary file, as a run. [Spool.Parts] then merges the runs: each part
// yields its series one after the other, by meter and resource, and each
// [Series] its windows, oldest first, with the samples in the order of
// usage.Sort, each once. Where all fits into the buffers no file is made.
//
// At no time are more samples held than the buffers hold, or one window. What
// grows beyond that are 16 bytes, and up to twice that in reserve, for each id
// of the one series that is being read: a message id may come again in another
// window, and counts once. They are 96-bit hashes: among a million ids the odds
// that two agree are one in 10^17.
package spool
