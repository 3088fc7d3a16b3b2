package sqlledger

// The queries whose plans matter most, as text for a test that asks SQLite for
// them.
var (
	EntriesOfTenant   = entriesOfTenant
	EntriesOfResource = entriesOfResource
	FoldsIn           = `SELECT f.samples FROM (VALUES ` + numberTuples(2, 3) + `)` + foldsIn
	EntriesIn         = `SELECT e.samples FROM (VALUES ` + numberTuples(2, 3) + `)` + entriesIn
	AdjustmentsIn     = `SELECT a.samples FROM (VALUES ` + numberTuples(2, 3) + `)` + adjustmentsIn
	GapsIn            = `SELECT g.since FROM (VALUES ` + numberTuples(2, 3) + `)` + gapsIn
	Reaching          = selectReaching
	LastFolds         = `SELECT f.until FROM (VALUES ` + numberTuples(2, 1) + `)` + lastFolds
	SelectOrders      = selectOrders
	PendingAt         = `SELECT volume FROM adjustments` + pendingAt
	SeriesByName      = `SELECT id FROM series WHERE (source, meter, resource) IN (VALUES ` + tuples(2, 3) + `)`
	SelectBookmarks   = selectBookmarks + repeated(2, `(CAST(? AS BIGINT), ?)`) + `)`
	SelectAdjustments = selectAdjustments
	SelectGaps        = selectGaps
	FreedBy           = `SELECT volume FROM adjustments` + freedBy
	OthersEntries     = othersEntries
	OthersAdjustments = othersAdjustments
)
