// Package usage turns samples of telemetry into billable volumes.
//
// A [Source] yields samples. The samples of one resource for one meter form a
// series; [Sort] puts a series in order and counts every sample once;
// [Meter.Prepare] leaves out and fills in what the config says; [Walk] cuts the
// series into windows of one hour and lets a [Transformer] fold them into
// volumes. A [Walker] does that for one window after the other, where a series
// is too long to be in memory. What a transformer must remember from one window
// to the next is a [State], a value that the caller keeps, so that folding
// resumes at any window and gives the same volumes wherever it was cut.
//
// What a source or a transformer can do beyond that are small interfaces:
// [TenantLister], [Names], [HealthChecker], [Identifier], [Receiver], [KeyUser],
// [NameUser], [GapFinder]. Package usagetest proves sources and transformers.
//
// The package is pure: it reads no files, asks no clock and keeps no state of
// its own. Times are UTC, spans are half-open, volumes are exact decimals.
package usage
