package usagetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// A SourceSetup is what the suite must know about a source.
type SourceSetup struct {
	// New returns the source over what there is to read, once for each check.
	// What must be closed it leaves to t.Cleanup; to close it twice does no harm.
	New func(t testing.TB) usage.Source

	// Samples are those that there are to read, all of them, as the source
	// yields them; their Origin is not looked at. An author whose source can be
	// filled with anything takes those of [Samples]. With several meters,
	// tenants, resources, windows and keys of metadata among them, more is proved.
	Samples []usage.Sample

	// NamesMeters says that the source reads nothing unless it is told meters.
	NamesMeters bool

	// LeftOut are samples that there are as well, and that the source leaves out
	// by a rule of its own.
	LeftOut []usage.Sample

	// Damaged returns the source over the same samples and, among them, at least
	// one that cannot be right.
	Damaged func(t testing.TB) usage.Source

	// Unread returns the source over the same samples where those of a tenant
	// cannot be read, or only some of them.
	Unread func(t testing.TB) (source usage.Source, tenant string)

	// Tenants are some that a usage.TenantLister lists; one without Extra may have
	// any.
	Tenants []usage.Tenant

	// Names are some that a source of usage.Names knows.
	Names map[usage.NameKind][]usage.Name
}

// RunSource proves a source, one subtest for each check.
func RunSource(t *testing.T, s SourceSetup) {
	t.Helper()
	if s.New == nil || len(s.Samples) == 0 {
		t.Fatal("usagetest: SourceSetup needs New and at least one of Samples")
	}
	for _, c := range sourceChecks {
		t.Run(c.name, func(t *testing.T) { c.run(newSourceBench(t, s)) })
	}
}

// A sourceCheck proves one promise of the contract.
type sourceCheck struct {
	name string
	run  func(*sourceBench)
}

// sourceChecks are the promises, from the simple to the hard.
var sourceChecks = []sourceCheck{
	{"all is read", allIsRead},
	{"a second reading is the same", readTwice},
	{"samples are well formed", wellFormed},
	{"an id is one sample's", idsAreUnique},
	{"meters narrow", metersNarrow},
	{"before narrows", beforeNarrows},
	{"metadata that is asked for is there", metadataNarrows},
	{"resources may narrow", resourcesNarrow},
	{"windows collected are left out whole", collectedWhole},
	{"marks of tenants are their own", collectedByTenant},
	{"marks of zero leave nothing out", collectedNothing},
	{"what is left out is told", leftOutIsTold},
	{"who does not ask is not told", nobodyAsks},
	{"progress only grows", progressGrows},
	{"what is remembered reads the same", rememberedReads},
	{"bookmarks read on", bookmarksReadOn},
	{"what was reached is complete", reachedIsComplete},
	{"reached with marks", reachedWithMarks},
	{"a reading may be left", leftEarly},
	{"a context that has ended reads nothing", contextEnded},
	{"a context that ends stops the reading", contextEnds},
	{"no goroutine stays", noGoroutineStays},
	{"readings side by side", sideBySide},
	{"what was yielded stays as it was", yieldedStays},
	{"the query stays as it was", queryStays},
	{"a mistake is told and the rest is read", mistakesAreTold},
	{"a tenant that cannot be read is told", unreadTenant},
	{"tenants are listed", tenantsListed},
	{"names are known", namesKnown},
	{"health is told without a change", healthTold},
	{"what is read has one identity", identityStays},
	{"receiving ends with its context", receivingEnds},
	{"closed", closed},
}

// A sourceBench is what a check works with: a source, and short words for what
// every check does.
type sourceBench struct {
	testing.TB
	setup  SourceSetup
	source usage.Source
	ctx    context.Context

	// patience is how long what was started may take to end. Nothing waits for
	// it where all is well.
	patience time.Duration
}

// newSourceBench makes the source that one check works with.
func newSourceBench(t testing.TB, s SourceSetup) *sourceBench {
	t.Helper()
	source := s.New(t)
	if source == nil {
		t.Fatal("New returned no source")
	}
	return &sourceBench{TB: t, setup: s, source: source, ctx: context.WithoutCancel(t.Context()), patience: 10 * time.Second}
}

// meters are those of the samples.
func (b *sourceBench) meters() []string {
	return distinct(b.setup.Samples, func(s *usage.Sample) string { return s.Meter })
}

// tenants are those of the samples.
func (b *sourceBench) tenants() []string {
	return distinct(b.setup.Samples, func(s *usage.Sample) string { return s.Tenant })
}

// resources are those of the samples.
func (b *sourceBench) resources() []string {
	return distinct(b.setup.Samples, func(s *usage.Sample) string { return s.Resource })
}

// all is the query for everything.
func (b *sourceBench) all() usage.Query {
	var q usage.Query
	if b.setup.NamesMeters {
		q.Meters = b.meters()
	}
	return q
}

// needs skips a check that the samples are too much alike for.
func (b *sourceBench) needs(n int, of []string, what string) {
	b.Helper()
	if len(of) < n {
		b.Skipf("needs Samples of %d %s or more, there are %d", n, what, len(of))
	}
}

// wanted reports whether a query, but for its Resources and Collected, asks for
// a sample.
func wanted(q usage.Query, s *usage.Sample) bool {
	return (len(q.Meters) == 0 || slices.Contains(q.Meters, s.Meter)) &&
		(q.Before.IsZero() || s.Time.Before(q.Before))
}

// want reports what a reading has that it must not have, and lacks what it must
// have: of what the query asks for, all that must holds of.
func (b *sourceBench) want(q usage.Query, got []usage.Sample, must func(*usage.Sample) bool) {
	b.Helper()
	may, lacks := map[content]bool{}, map[content]bool{}
	for i := range b.setup.Samples {
		if s := &b.setup.Samples[i]; wanted(q, s) {
			c := contentOf(s, q.Metadata)
			may[c] = true
			if must(s) {
				lacks[c] = true
			}
		}
	}
	var strange []string
	for i := range got {
		c := contentOf(&got[i], q.Metadata)
		delete(lacks, c)
		if !may[c] {
			strange = append(strange, string(c)+" ("+got[i].Origin.String()+")")
		}
	}
	b.tell("%d samples are yielded that are not among Samples, or not asked for:", strange)
	var missing []string
	for c := range lacks {
		missing = append(missing, string(c))
	}
	slices.Sort(missing)
	b.tell("%d samples are not yielded:", missing)
}

// tell reports a list of things that are wrong, if there are any.
func (b *sourceBench) tell(format string, list []string) {
	b.Helper()
	if len(list) == 0 {
		return
	}
	text := ""
	for _, line := range list[:min(most, len(list))] {
		text += "\n\t" + line
	}
	if len(list) > most {
		text += "\n\t..."
	}
	b.Errorf(format+"%s", len(list), text)
}

// every holds of each sample.
func every(*usage.Sample) bool { return true }
