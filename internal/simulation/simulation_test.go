package simulation_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/memory"
	"github.com/openstack-artifice/artifice/internal/simulation"
	"github.com/openstack-artifice/artifice/ledger"
)

var (
	seeds = flag.Int("seeds", 50, "how many seeds each crash point is tried with")
	first = flag.Uint64("seed", 1, "the first seed")
	point = flag.String("point", "", "only this crash point; none for the runs without a crash")
)

func inMemory(shared bool) func(func() time.Time) (ledger.Store, error) {
	return func(now func() time.Time) (ledger.Store, error) {
		return memory.New(memory.Options{Now: now, Shared: shared}), nil
	}
}

// replay is the command that runs a failure again.
func replay(point string, seed uint64) string {
	return fmt.Sprintf("go test ./internal/simulation -run 'TestSimulation$' -seeds 1 -seed %d -point %q", seed, point)
}

// TestSimulation lets a process die at every crash point, with as many seeds as
// are asked for, and runs every seed without a crash as well.
func TestSimulation(t *testing.T) {
	points := simulation.Points()
	if len(points) < 40 {
		t.Fatalf("only %d crash points", len(points))
	}
	left := map[string]int{} // how many crashes are still to be seen
	for _, p := range points {
		if *point == "" || *point == p {
			left[p] = *seeds
		}
	}
	// Not every seed comes to every point.
	last := *first + uint64(8**seeds)
	var happened simulation.Result
	runs, seed := 0, *first
	for ; seed < last && (len(left) > 0 || seed < *first+uint64(*seeds)); seed++ {
		options := simulation.Options{Store: inMemory(seed%3 != 0), Shared: seed%3 != 0, Seed: seed}
		calm, err := simulation.Run(options, 0)
		runs++
		if err != nil {
			t.Errorf("%v\n%s", err, replay("", seed))
			continue
		}
		happened.Invoices += calm.Invoices
		happened.Cancelled += calm.Cancelled
		happened.Adjusted += calm.Adjusted
		happened.Doubts += calm.Doubts
		for _, p := range points {
			if left[p] == 0 || calm.Passed[p] == 0 {
				continue
			}
			options.Point = p
			// Another passage with every seed, and the same with the same.
			skip := int(seed*2654435761%1_000_003) % calm.Passed[p]
			result, err := simulation.Run(options, skip)
			runs++
			if err != nil {
				t.Errorf("%s, passage %d: %v\n%s", p, skip+1, err, replay(p, seed))
			}
			if !result.Crashed {
				t.Errorf("%s, passage %d: nothing crashed: the run is not the same twice\n%s", p, skip+1, replay(p, seed))
			}
			if left[p]--; left[p] == 0 {
				delete(left, p)
			}
		}
	}
	t.Logf("%d runs of %d seeds; without a crash: %d invoices, %d of them with adjustments, %d cancelled; %d doubts decided by a person",
		runs, seed-*first, happened.Invoices, happened.Adjusted, happened.Cancelled, happened.Doubts)
	if *seeds < 20 {
		return
	}
	for p, n := range left {
		t.Errorf("%s: %d crashes of %d were never seen", p, n, *seeds)
	}
	if happened.Adjusted < *seeds || happened.Cancelled < *seeds/4 || happened.Doubts < *seeds/8 {
		t.Errorf("too little happened: %+v", happened)
	}
}
