package postgres

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/pgtest"
	"github.com/openstack-artifice/artifice/ledger"
)

// How much a step of a biller writes.
const (
	crashSeries = 20
	crashFolds  = 10
	crashItems  = 50
)

// crashStep is what step i records and claims: of each of the series the same
// hours, a mark, and an order for another tenant.
func crashStep(i int) (ledger.Batch, ledger.Order) {
	var b ledger.Batch
	for n := range crashSeries {
		series := ledger.Series{Source: "object", Meter: "instance", Resource: fmt.Sprint("vm-", n)}
		folds := ledger.SeriesFolds{Series: series}
		for h := range crashFolds {
			folds.Folds = append(folds.Folds, entryFold(series, i*crashFolds+h, "acme", fmt.Sprint(i)))
		}
		b.Series = append(b.Series, folds)
	}
	b.Marks = []ledger.Mark{{Tenant: "acme", Source: "object", From: hour(0), Through: hour((i + 1) * crashFolds)}}
	return b, newOrder(fmt.Sprintf("%08x", i), "umbrella", hours(i, i+1), crashItems)
}

// A biller does one step after the other, and says so after each transaction.
// It goes on where what it did last is not known.
type biller struct {
	step int
	done func(what string, step int)
}

func (b *biller) run(ctx context.Context, s *Store) error {
	for ; ; b.step++ {
		batch, order := crashStep(b.step)
		if err := s.Record(ctx, batch); err != nil {
			return err
		}
		b.done("recorded", b.step)
		hold, err := claim(ctx, s, order, ledger.Lease{Holder: "biller"})
		if overlap, ok := errors.AsType[*ledger.OverlapError](err); ok && overlap.By.Key == order.Key {
			if overlap.By.Status == ledger.Settled {
				continue // before the connection was lost
			}
			_, hold, err = s.Take(ctx, order.Key, ledger.Lease{Holder: "biller"}, note)
		}
		if err != nil {
			return err
		}
		b.done("claimed", b.step)
		if err := s.Settle(ctx, hold, "INV", note); err != nil {
			return err
		}
		b.done("settled", b.step)
	}
}

// billForEver is a biller in a process of its own.
func billForEver(ctx context.Context, s *Store) error {
	b := biller{done: func(what string, step int) { fmt.Println(what, step) }}
	return b.run(ctx, s)
}

// progress is the last step that was said to be done, by what was done.
type progress map[string]int

func newProgress() progress { return progress{"recorded": -1, "claimed": -1, "settled": -1} }

// check looks at what is in a store: each transaction wholly or not at all, and
// all that was said to be done.
func (p progress) check(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	steps := map[int]int{} // entries by step
	for e, err := range s.Entries(ctx, ledger.EntryFilter{}) {
		must(t, err)
		steps[int(e.Window.Start.Unix()/3600)/crashFolds]++
	}
	for step, entries := range steps {
		if entries != crashSeries*crashFolds {
			t.Errorf("step %d has %d entries, want %d", step, entries, crashSeries*crashFolds)
		}
	}
	for step := range p["recorded"] + 1 {
		if steps[step] == 0 {
			t.Errorf("step %d was recorded and is not there", step)
		}
	}
	if len(steps) > p["recorded"]+2 {
		t.Errorf("there are %d steps, but only %d were begun", len(steps), p["recorded"]+2)
	}
	marks, err := s.Marks(ctx)
	must(t, err)
	if len(steps) > 0 && (len(marks) != 1 || !marks[0].Through.Equal(hour(len(steps)*crashFolds))) {
		t.Errorf("got the marks %v with %d steps", marks, len(steps))
	}
	orders, err := s.Orders(ctx, ledger.OrderFilter{})
	must(t, err)
	if len(orders) < p["claimed"]+1 || len(orders) > p["claimed"]+2 {
		t.Errorf("there are %d orders, want %d or one more", len(orders), p["claimed"]+1)
	}
	for i, o := range orders {
		if o.Status != ledger.Settled && i <= p["settled"] || o.Status != ledger.Claimed && i > p["settled"]+1 {
			t.Errorf("order %d is %s, and the orders up to %d were settled", i, o.Status, p["settled"])
		}
		o, err := s.Order(ctx, o.Key)
		must(t, err)
		if len(o.Items) != crashItems {
			t.Errorf("order %d has %d items, want %d", i, len(o.Items), crashItems)
		}
		changes, err := s.History(ctx, o.Key)
		must(t, err)
		settled := 0
		for _, change := range changes {
			if change.Status == ledger.Settled {
				settled++
			}
		}
		if (settled == 1) != (o.Status == ledger.Settled) || settled > 1 {
			t.Errorf("order %d is %s, and was settled %d times", i, o.Status, settled)
		}
	}
}

// TestServerKilled kills the server while a biller is at work, again and
// again, at instants that differ, and lets the same store go on.
func TestServerKilled(t *testing.T) {
	c := pgtest.Start(t, pgtest.Options{})
	s := openStore(t, c.Create(t))
	_, err := s.Marks(t.Context())
	must(t, err)
	p := newProgress()
	random := rand.New(rand.NewPCG(6, 0))
	killed := make(chan error, 1)
	left := 0 // transactions until the server is killed, a moment later
	b := biller{done: func(what string, step int) {
		p[what] = step
		if left--; left == 0 {
			moment := time.Duration(random.IntN(30)) * time.Millisecond
			time.AfterFunc(moment, func() { killed <- c.Kill() })
		}
	}}
	for round := range 8 {
		left = 1 + random.IntN(7)
		if err := b.run(t.Context(), s); err == nil || !strings.Contains(err.Error(), s.db.server.location) {
			t.Fatalf("round %d: got error %v, want one of the server", round, err)
		}
		must(t, <-killed)
		if _, err := s.Marks(t.Context()); err == nil {
			t.Error("a dead server answers")
		}
		must(t, c.Start())
		p.check(t, s) // on the first call, whatever the pool still holds
	}
}

// TestProcessKilled kills processes that bill, at instants that differ, and
// looks at what they leave; another goes on at once where a lease has ended.
func TestProcessKilled(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			db := asAdmin(t, newDatabase(t))
			p := killed(t, db, random.IntN(12), time.Duration(random.IntN(20_000))*time.Microsecond)
			s := openStore(t, db)
			settleDown(t, db)
			p.check(t, s)
			b := biller{step: p["recorded"] + 1, done: func(what string, step int) { p[what] = step }}
			ctx, cancel := context.WithCancel(t.Context())
			done := b.done
			b.done = func(what string, step int) {
				done(what, step)
				if what == "settled" {
					cancel()
				}
			}
			if err := b.run(ctx, s); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if o, err := s.Order(t.Context(), fmt.Sprintf("%08x", b.step-1)); err != nil || o.Status != ledger.Settled {
				t.Errorf("order %s is %s, %v, want settled", o.Key, o.Status, err)
			}
		})
	}
}

// settleDown waits until the server has noticed that a client is gone: it may
// be in the middle of a commit.
func settleDown(t *testing.T, db pgtest.Database) {
	t.Helper()
	conn := stranger(t, db)
	for others := 1; others > 0; {
		must(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`).Scan(&others))
	}
}

// killed runs a biller in a process of its own, lets it say so many lines, and
// kills it after a moment more. It returns what it said.
func killed(t *testing.T, db pgtest.Database, lines int, moment time.Duration) progress {
	t.Helper()
	child := childProcess(db, "bill")
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	p := newProgress()
	reader := bufio.NewReader(out)
	read := func() error {
		line, err := reader.ReadString('\n')
		if err != nil {
			return err // the last line may be cut
		}
		var what string
		var step int
		_, err = fmt.Sscan(line, &what, &step)
		p[what] = step
		return err
	}
	for range lines {
		must(t, read())
	}
	timer := time.AfterFunc(moment, func() { _ = child.Process.Kill() })
	defer timer.Stop()
	for err = nil; err == nil; {
		err = read()
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Fatalf("the process ended with %v, want signal: killed", err)
	}
	return p
}
