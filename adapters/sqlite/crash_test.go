package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/ledger"
)

// How much a step of writeForEver writes.
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
	b.Marks = []ledger.Mark{{Tenant: "acme", Source: "object", From: hour(i * crashFolds), Through: hour((i + 1) * crashFolds)}}
	return b, newOrder(fmt.Sprintf("%08x", i), "umbrella", hours(i, i+1), crashItems)
}

// writeForEver writes step after step, and says so after each transaction.
func writeForEver(path string) error {
	ctx := context.Background()
	s, err := NewStore(ctx, Config{Path: config.Path(path)})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		b, o := crashStep(i)
		if err := s.Record(ctx, b); err != nil {
			return err
		}
		fmt.Println("recorded", i)
		if err := claim(ctx, s, o); err != nil {
			return err
		}
		fmt.Println("claimed", i)
		if err := s.Settle(ctx, ledger.Hold{Key: o.Key, Fence: 1}, "INV", note(i, "")); err != nil {
			return err
		}
		fmt.Println("settled", i)
	}
}

// TestKilled kills a process that writes, at instants that differ from seed to
// seed, and looks at what it leaves: each transaction wholly or not at all,
// and all that it had been told is kept.
func TestKilled(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			path := filepath.Join(t.TempDir(), "ledger.db")
			recorded, claimed, settled := killed(t, path, random.IntN(12), time.Duration(random.IntN(20_000))*time.Microsecond)

			s := newStore(t, path)
			_, err := checks(t, s)
			must(t, err)
			lookAtUsage(t, s, recorded)
			lookAtOrders(t, s, claimed, settled)

			// The ledger can be gone on with, from the same step.
			b, _ := crashStep(recorded + 1)
			must(t, s.Record(t.Context(), b))
			lookAtUsage(t, s, recorded+1)
			var integrity string
			p, err := s.open(t.Context())
			must(t, err)
			must(t, p.read.QueryRow(`PRAGMA integrity_check`).Scan(&integrity))
			if integrity != "ok" {
				t.Error(integrity)
			}
		})
	}
}

// killed runs writeForEver in a process of its own, lets it say so many lines,
// and kills it after a moment more. It returns the last steps that the process
// said were done, -1 for none.
func killed(t *testing.T, path string, lines int, moment time.Duration) (recorded, claimed, settled int) {
	t.Helper()
	child := childProcess("write for ever", path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	last := map[string]int{"recorded": -1, "claimed": -1, "settled": -1}
	reader := bufio.NewReader(out)
	read := func() error {
		line, err := reader.ReadString('\n')
		if err != nil {
			return err // the last line may be cut
		}
		var what string
		var step int
		_, err = fmt.Sscan(line, &what, &step)
		last[what] = step
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
	return last["recorded"], last["claimed"], last["settled"]
}

// lookAtUsage finds the steps up to the one that was recorded, and of the next
// all or nothing.
func lookAtUsage(t *testing.T, s *Store, recorded int) {
	t.Helper()
	steps := map[int]int{} // entries by step
	for e, err := range s.Entries(t.Context(), ledger.EntryFilter{}) {
		must(t, err)
		steps[int(e.Window.Start.Unix()/3600)/crashFolds]++
	}
	for step, entries := range steps {
		if entries != crashSeries*crashFolds {
			t.Errorf("step %d has %d entries, want %d", step, entries, crashSeries*crashFolds)
		}
	}
	for step := range recorded + 1 {
		if steps[step] == 0 {
			t.Errorf("step %d was recorded and is not there", step)
		}
	}
	if len(steps) > recorded+2 {
		t.Errorf("there are %d steps, but only %d were begun", len(steps), recorded+2)
	}
	marks, err := s.Marks(t.Context())
	must(t, err)
	var want []ledger.Mark
	if len(steps) > 0 {
		want = []ledger.Mark{{Tenant: "acme", Source: "object", From: hour(0), Through: hour(len(steps) * crashFolds)}}
	}
	if !slices.Equal(marks, want) {
		t.Errorf("got the marks %v, want %v", marks, want)
	}
}

// lookAtOrders finds the orders that were claimed, complete, and those settled
// that were settled; of the next all or nothing.
func lookAtOrders(t *testing.T, s *Store, claimed, settled int) {
	t.Helper()
	orders, err := s.Orders(t.Context(), ledger.OrderFilter{})
	must(t, err)
	if len(orders) != claimed+1 && len(orders) != claimed+2 {
		t.Errorf("there are %d orders, want %d or one more", len(orders), claimed+1)
	}
	for i, o := range orders {
		if o.Status != ledger.Settled && i <= settled || o.Status != ledger.Claimed && i > settled+1 {
			t.Errorf("order %d is %s, and the orders up to %d were settled", i, o.Status, settled)
		}
		o, err := s.Order(t.Context(), o.Key)
		must(t, err)
		if len(o.Items) != crashItems {
			t.Errorf("order %d has %d items, want %d", i, len(o.Items), crashItems)
		}
		history, err := s.History(t.Context(), o.Key)
		must(t, err)
		if last := history[len(history)-1]; last.Status != o.Status || last.Reference != o.Reference {
			t.Errorf("order %d is %s %q, and its history ends in %s %q", i, o.Status, o.Reference, last.Status, last.Reference)
		}
	}
}
