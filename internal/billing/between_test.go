package billing_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/memory"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A meantime is a store in which something happens just before usage is written:
// after a collect has read which blocks are reserved.
type meantime struct {
	ledger.Store
	happens func()
}

func (m *meantime) Record(ctx context.Context, b ledger.Batch) error {
	if f := m.happens; f != nil && len(b.Series) > 0 {
		m.happens = nil
		f()
	}
	return m.Store.Record(ctx, b)
}

// Who bills, or voids, while somebody collects takes none of what is collected
// away, and bills none of it twice: what the orders come to in the end is what
// they would have come to, had one waited for the other.
func TestBilledWhileCollected(t *testing.T) {
	at := func(hour string) string { return "2013-08-05T" + hour + ":10:00Z" }
	snapshot := volume("a", "s", at("03"), "7")
	snapshot.Meter = "snapshot.size"
	meters := func(names ...string) []usage.Meter {
		var all []usage.Meter
		for _, m := range usage.DefaultMeters() {
			for _, name := range names {
				if m.Name == name {
					all = append(all, m)
				}
			}
		}
		return all
	}
	five := meters("volume.size")
	five[0].FixedVolume, five[0].Rule = decimal.NewFromInt(5), "volume = 5"
	for _, test := range []struct {
		name   string
		late   []usage.Sample
		meters []usage.Meter // of the second collect
		billed bool          // August, before it, and it becomes void meanwhile
		want   map[string]string
	}{
		{"nothing else", nil, meters("volume.size"), false, map[string]string{"volume.size": "3"}},                                                                        // 1 + 2
		{"late samples", []usage.Sample{volume("a", "w", at("03"), "4")}, meters("volume.size"), false, map[string]string{"volume.size": "7"}},                            // 3 + 4
		{"a sample of another value", []usage.Sample{volume("a", "v", "2013-08-05T02:40:00Z", "6")}, meters("volume.size"), false, map[string]string{"volume.size": "7"}}, // 1 + 6, the largest
		{"another rule of the meter", nil, five, false, map[string]string{"volume.size": "10"}},                                                                           // 5 + 5
		{"another meter", nil, meters("volume.size", "snapshot.size"), false, map[string]string{"volume.size": "3", "snapshot.size": "7"}},
		{"another tenant", []usage.Sample{volume("b", "x", at("03"), "4")}, meters("volume.size"), false, map[string]string{"volume.size": "7"}},
		{"late samples, and the order is void", []usage.Sample{volume("a", "w", at("03"), "4")}, meters("volume.size"), true, map[string]string{"volume.size": "7"}},
	} {
		for name, store := range map[string]ledger.Store{
			"memory": memory.New(memory.Options{Now: func() time.Time { return october }, Shared: true}),
			"sqlite": openSQLite(t, filepath.Join(t.TempDir(), "ledger.db")),
		} {
			t.Run(test.name+" in "+name, func(t *testing.T) {
				source := &samples{all: []usage.Sample{volume("a", "v", at("01"), "1"), volume("a", "v", at("02"), "2"), snapshot}}
				d := newDesk(map[string]string{"volume.size": "1", "snapshot.size": "1"})
				e := newEngine(source, searchable{d})
				m := &meantime{Store: store}
				e.Store, e.Meters, e.SettleAfter = m, meters("volume.size"), 0
				collect(t, e, august.End)
				if test.billed {
					bill(t, e)
				}
				source.all = append(source.all, test.late...)
				e.Meters = test.meters
				happened := false
				m.happens = func() {
					happened = true
					if test.billed {
						if err := e.Void(t.Context(), onlyOrder(t, e, "a").Key, "wrong"); err != nil {
							t.Fatal(err)
						}
						return
					}
					// Whoever bills has the config that the collect has.
					bill(t, e)
				}
				collect(t, e, october)
				if writes := test.name != "nothing else"; happened != writes {
					t.Fatalf("it happened: %t", happened)
				}
				for range 2 { // again, nothing more comes of it
					collect(t, e, october)
					bill(t, e)
					if _, err := e.Bill(t.Context(), usage.Span{Start: august.End, End: october}, nil); err != nil {
						t.Fatal(err)
					}
				}
				if diff := cmp.Diff(test.want, billedVolumes(t, e)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if v, err := e.Verify(t.Context(), nil); err != nil || len(v.Mistakes)+len(v.Unbilled) > 0 {
					t.Errorf("%v, %v, %v", v.Mistakes, v.Unbilled, err)
				}
			})
		}
	}
}

// billedVolumes is what the orders that stand come to, by service.
func billedVolumes(t *testing.T, e *billing.Engine) map[string]string {
	t.Helper()
	orders, err := e.Store.Orders(t.Context(), ledger.OrderFilter{Statuses: []ledger.Status{ledger.Settled}})
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]decimal.Decimal{}
	for _, o := range orders {
		full, err := e.Store.Order(t.Context(), o.Key)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range full.Items {
			sums[item.Name] = sums[item.Name].Add(item.Value)
		}
	}
	all := map[string]string{}
	for name, sum := range sums {
		all[name] = sum.String()
	}
	return all
}
