package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

func TestHourOf(t *testing.T) {
	for _, test := range []struct {
		at   time.Time
		want int64
	}{
		{time.Unix(0, 0), 0},
		{time.Unix(3599, 999_999_999), 0},
		{time.Unix(3600, 0), 1},
		{time.Unix(0, -1), -1},
		{time.Unix(-3600, 0), -1},
		{time.Unix(-3600, -1), -2},
		{time.Date(2013, 8, 5, 0, 0, 0, 0, time.UTC), 382_128}, // 15,922 days * 24
	} {
		if got := hourOf(test.at); got != test.want {
			t.Errorf("hourOf(%v) = %d, want %d", test.at.UTC(), got, test.want)
		}
		if w := window(test.want); !w.Contains(test.at) || w.Duration() != time.Hour {
			t.Errorf("window(%d) = %v, which is not the hour of %v", test.want, w, test.at.UTC())
		}
	}
}

func TestInstant(t *testing.T) {
	for _, at := range []time.Time{{}, time.Unix(0, 0), time.Unix(0, math.MaxInt64), time.Unix(0, math.MinInt64), time.Unix(-1, 1)} {
		value, err := instant(at).Value()
		must(t, err)
		var back instant
		must(t, back.Scan(value))
		if !time.Time(back).Equal(at) || time.Time(back).Location() != time.UTC {
			t.Errorf("%v came back as %v", at, time.Time(back))
		}
	}
	for _, at := range []time.Time{time.Unix(0, math.MaxInt64).Add(1), time.Unix(0, math.MinInt64).Add(-1), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if v, err := instant(at).Value(); err == nil {
			t.Errorf("%v was stored as %v", at, v)
		}
	}
	if err := new(instant).Scan("2024"); err == nil {
		t.Error("text was read as an instant")
	}
	if err := new(attributes).Scan(int64(1)); err == nil {
		t.Error("a number was read as attributes")
	}
}

// TestValidate: what could not be kept as it is is refused, all of it at once.
func TestValidate(t *testing.T) {
	vm := ledger.Series{Source: "object", Meter: "instance", Resource: "vm-1"}
	far := time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)
	farWindow := ledger.Fold{Window: usage.WindowAt(far)}
	farState := ledger.Fold{Window: hours(0, 1), State: usage.State{Until: far}}
	stranger := entryFold(ledger.Series{Source: "object", Meter: "cpu", Resource: "vm-1"}, 1, "acme", "1")
	twice := entryFold(vm, 2, "acme", "1")
	twice.Entries = append(twice.Entries, twice.Entries[0])
	long := entryFold(vm, 3, "acme", "1")
	long.Entries[0].Volume.Volume = decimal.New(1, 2000)
	err := validateBatch(ledger.Batch{
		Series:    []ledger.SeriesFolds{{Series: vm, Folds: []ledger.Fold{farWindow, farState, stranger, twice, long, entryFold(vm, 4, "acme", "1")}}},
		Resources: []ledger.Resource{{Tenant: "acme", ID: "vm-1", Seen: far}},
		Marks:     []ledger.Mark{{Tenant: "acme", Source: "object", Through: hour(1).Add(1)}, {Tenant: "initech", Source: "object"}},
	})
	wantLines(t, err,
		"instance vm-1 of object, 2300-01-01T00:00:00Z/2300-01-01T01:00:00Z: 2300-01-01T00:00:00Z is beyond the years that can be stored, 1678 to 2261",
		"instance vm-1 of object, 1970-01-01T00:00:00Z/1970-01-01T01:00:00Z: 2300-01-01T00:00:00Z is beyond the years",
		`entry of tenant acme for "c1.small" is for cpu vm-1 of object`,
		`entry of tenant acme for "c1.small" in second is there twice in "wlg"`,
		"exponent 2000 is too long to be stored, the most is 1000",
		"resource vm-1 of tenant acme: 2300-01-01T00:00:00Z is beyond",
		"mark of tenant acme for object: 1970-01-01T01:00:00.000000001Z is no border between windows",
		"mark of tenant initech for object: 0001-01-01T00:00:00Z is no border",
	)

	o := newOrder("aa", "acme", usage.Span{Start: far, End: far.AddDate(0, 1, 0)}, 2)
	o.Items[0].Adjusts = usage.Span{Start: hour(1)}
	o.Items[1].Cost = decimal.New(1, -2000)
	wantLines(t, validateOrder(o),
		"order aa of tenant acme: 2300-01-01T00:00:00Z is beyond",
		"order aa of tenant acme: item 1, c1.small: 1970-01-01T01:00:00Z/0001-01-01T00:00:00Z does not end after its start",
		"order aa of tenant acme: item 2, c1.small: a number with the exponent -2000",
	)
	wantLines(t, validateOrder(newOrder("", "", usage.Span{End: hour(1)}, 0)),
		"needs a key and a tenant", "0001-01-01T00:00:00Z/1970-01-01T01:00:00Z has no start")

	// A time zone must be found again by its name.
	for zone, want := range map[*time.Location]string{
		time.Local:                           "this machine's own time zone",
		time.FixedZone("Mars/Olympus", 3600): "Mars/Olympus",
		time.FixedZone("Asia/Tokyo", 3600):   `the block's time zone "Asia/Tokyo" is not the one of that name`,
		time.FixedZone("", 3600):             `the block's time zone "" is not the one of that name`,
	} {
		wantLines(t, validateOrder(newOrder("aa", "acme", usage.Span{Start: hour(0).In(zone), End: hour(1).In(zone)}, 0)), want)
	}
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

// TestWaiting: a writer that waits for another process gives up when its
// context does, and readers do not wait.
func TestWaiting(t *testing.T) {
	s := populated(t)
	other, err := sql.Open("sqlite", dsn(s.path, "_txlock=immediate"))
	must(t, err)
	defer other.Close()
	tx, err := other.Begin()
	must(t, err)
	orders, err := newStore(t, s.path).Orders(t.Context(), ledger.OrderFilter{})
	must(t, err)
	if len(orders) != 4 {
		t.Errorf("got %d orders beside a writer, want 4", len(orders))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := s.Settle(ctx, "c1", "INV", hour(60)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got error %v, want context.DeadlineExceeded", err)
	}
	must(t, tx.Rollback())
	must(t, s.Settle(t.Context(), "c1", "INV", hour(60)))
}

// TestItemsLost: an order that has lost an item is never given out.
func TestItemsLost(t *testing.T) {
	s := populated(t)
	db, err := sql.Open("sqlite", filepath.ToSlash(s.path))
	must(t, err)
	_, err = db.Exec(`DROP TRIGGER items_delete; DELETE FROM items WHERE order_id = 1 AND position = 0`)
	must(t, errors.Join(err, db.Close()))
	_, err = s.Order(t.Context(), "c1")
	if err == nil || !strings.Contains(err.Error(), "order c1 has 1 of its 2 items: restore the file from a backup") {
		t.Errorf("got error %v", err)
	}
}
