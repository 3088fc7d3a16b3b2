package sqlledger

import (
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// entryFold is a fold of one entry.
func entryFold(s ledger.Series, n int, tenant, volume string) ledger.Fold {
	w := hours(n, n+1)
	return ledger.Fold{Window: w, Entries: []usage.Entry{{Source: s.Source, Meter: s.Meter, Resource: s.Resource, Window: w, Volume: usage.Volume{
		Tenant: tenant, Datacenter: "wlg", Service: "c1.small", Volume: decimal.RequireFromString(volume), Unit: "second", Samples: 6}}}}
}

// TestValidate: all that cannot be stored is told at once.
func TestValidate(t *testing.T) {
	far := time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)
	vm := ledger.Series{Source: "object", Meter: "instance", Resource: "vm-1"}
	farWindow := ledger.Fold{Window: usage.WindowAt(far)}
	farState := entryFold(vm, 0, "acme", "1")
	farState.State.Until = far
	stranger := entryFold(ledger.Series{Source: "object", Meter: "cpu", Resource: "vm-1"}, 1, "acme", "1")
	twice := entryFold(vm, 2, "acme", "1")
	twice.Entries = append(twice.Entries, twice.Entries[0])
	long := entryFold(vm, 3, "acme", "1")
	long.Entries[0].Volume.Volume = decimal.New(1, 2000)
	silent := entryFold(vm, 5, "acme", "1")
	silent.Gaps = []usage.Gap{{Tenant: "acme"}, {Tenant: "acme", From: hour(5), To: hour(5)}, {Tenant: "acme", From: far}, {Tenant: "acme", From: hour(5), To: hour(6)}}
	err := validateBatch(ledger.Batch{
		Series: []ledger.SeriesFolds{{Series: vm, Folds: []ledger.Fold{
			farWindow, farState, stranger, twice, long, entryFold(vm, 4, "acme", "1"), silent, {Window: hours(1, 3)}}}},
		Resources: []ledger.Resource{{Tenant: "acme", ID: "vm-1", Seen: far}},
		Marks: []ledger.Mark{{Tenant: "acme", Source: "object", From: hour(0), Through: hour(1).Add(1)}, {Tenant: "initech", Source: "object", Through: hour(0)},
			{Tenant: "umbrella", Source: "object", From: hour(2), Through: hour(1)}},
	})
	wantLines(t, err,
		"instance vm-1 of object, 2300-01-01T00:00:00Z/2300-01-01T01:00:00Z: 2300-01-01T00:00:00Z is beyond the years that can be stored, 1678 to 2261",
		"instance vm-1 of object, 1970-01-01T00:00:00Z/1970-01-01T01:00:00Z: 2300-01-01T00:00:00Z is beyond the years",
		`entry of tenant acme for "c1.small" is for cpu vm-1 of object`,
		`entry of tenant acme for "c1.small" in second is there twice in "wlg"`,
		"exponent 2000 is too long to be stored, the most is 1000",
		"gap of tenant acme from 0001-01-01T00:00:00Z: it does not say from when",
		"gap of tenant acme from 1970-01-01T05:00:00Z: it does not end after its start",
		"gap of tenant acme from 2300-01-01T00:00:00Z: 2300-01-01T00:00:00Z is beyond",
		"gap of tenant acme from 1970-01-01T05:00:00Z: it is there twice",
		"1970-01-01T01:00:00Z/1970-01-01T03:00:00Z: a window is one whole hour of UTC",
		"resource vm-1 of tenant acme: 2300-01-01T00:00:00Z is beyond",
		"mark of tenant acme for object: 1970-01-01T01:00:00.000000001Z is no border between windows",
		"mark of tenant initech for object: 0001-01-01T00:00:00Z is no border",
		"mark of tenant umbrella for object: it ends at 1970-01-01T01:00:00Z, before it begins",
	)

	o := newOrder("aa", "acme", usage.Span{Start: far, End: far.AddDate(0, 1, 0)}, 3)
	o.Items[0].Adjusts = usage.Span{Start: hour(1)}
	o.Items[1].Cost = decimal.New(1, -2000)
	o.Items[2].Before = decimal.New(1, 2000)
	wantLines(t, validateOrder(o),
		"order aa of tenant acme: 2300-01-01T00:00:00Z is beyond",
		"order aa of tenant acme: item 1, c1.small: 1970-01-01T01:00:00Z/0001-01-01T00:00:00Z does not end after its start",
		"order aa of tenant acme: item 2, c1.small: a number with the exponent -2000",
		"order aa of tenant acme: item 3, c1.small: a number with the exponent 2000",
	)
	wantLines(t, validateOrder(newOrder("", "", usage.Span{End: hour(1)}, 0)),
		"needs a key and a tenant", "0001-01-01T00:00:00Z/1970-01-01T01:00:00Z has no start")
	wantLines(t, validateNote("aa", ledger.Note{At: far}), "order aa: 2300-01-01T00:00:00Z is beyond")

	// Texts that not every database keeps.
	for what, err := range map[string]error{
		"series":    validateBatch(ledger.Batch{Series: []ledger.SeriesFolds{{Series: ledger.Series{Resource: "a\x00b"}}}}),
		"resource":  validateResource(ledger.Resource{Type: "\xff"}),
		"info":      validateResource(ledger.Resource{Info: map[string]string{"\xff": ""}}),
		"tenant":    validateTenant(usage.Tenant{Name: "\x00"}),
		"extra":     validateTenant(usage.Tenant{Extra: map[string]string{"a": "\xff"}}),
		"mark":      validateMark(ledger.Mark{Source: "\x00"}),
		"bookmark":  validateBatch(ledger.Batch{Bookmarks: []ledger.Bookmark{{Text: "a\x00b"}}}),
		"its owner": validateBookmark(ledger.Bookmark{Tenant: "\xff"}),
		"note":      validateNote("aa", ledger.Note{By: "\x00"}),
		"holder":    validateNote("aa", ledger.Note{}, "\xff"),
		"reference": validateOrder(ledger.Order{Reference: "\x00"}),
	} {
		if err == nil || !strings.Contains(err.Error(), "UTF-8, and cannot be stored") {
			t.Errorf("%s: got error %v", what, err)
		}
	}
	if err := validateBookmark(ledger.Bookmark{Tenant: "acme", Source: "object", Text: strings.Repeat("long\x00", 1000)}); err == nil || len(err.Error()) > 120 {
		t.Errorf("a long bookmark: got error %v", err)
	}
	if err := validateAttributes(map[string]string{"a": "\x00"}); err != nil { // JSON has a way to write it
		t.Error(err)
	}

	// A time zone must be found again by its name, also where the machine's own
	// is called alike, as in a container with nothing in it.
	machines := time.Local
	defer func() { time.Local = machines }()
	time.Local = time.FixedZone("UTC", 0)
	if err := validateOrder(newOrder("aa", "acme", usage.Span{Start: hour(0).UTC(), End: hour(1).UTC()}, 0)); err != nil {
		t.Error(err)
	}
	for zone, want := range map[*time.Location]string{
		time.FixedZone("Local", 0):           "this machine's own time zone",
		time.FixedZone("Mars/Olympus", 3600): "Mars/Olympus",
		time.FixedZone("Asia/Tokyo", 3600):   `the block's time zone "Asia/Tokyo" is not the one of that name`,
		time.FixedZone("", 3600):             `the block's time zone "" is not the one of that name`,
	} {
		wantLines(t, validateOrder(newOrder("aa", "acme", usage.Span{Start: hour(0).In(zone), End: hour(1).In(zone)}, 0)), want)
	}
}

func newOrder(key, tenant string, block usage.Span, items int) ledger.Order {
	o := ledger.Order{Order: invoice.Order{Key: key, Tenant: invoice.Tenant{ID: tenant}, Block: block}}
	for range items {
		o.Items = append(o.Items, ledger.Item{Item: invoice.Item{Name: "c1.small"}})
	}
	return o
}

// wantLines wants an error of as many lines, each with the text.
func wantLines(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("got no error, want %q", want)
		return
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Errorf("got %d lines, want %d:\n%v", len(lines), len(want), err)
		return
	}
	for i := range lines {
		if !strings.Contains(lines[i], want[i]) {
			t.Errorf("line %d is %q, want it to contain %q", i+1, lines[i], want[i])
		}
	}
}
