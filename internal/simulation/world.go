package simulation

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

const (
	deployment  = "simulated"
	blockHours  = 3
	blocks      = 4 // and one more at the end, of so much usage that every correction fits into it
	leaseLength = 10 * time.Minute
	maxRounds   = 40 // of trying again, until everything is billed
)

// epoch is when the first block begins.
var epoch = time.Date(2014, 2, 11, 0, 0, 0, 0, time.UTC)

// Options say what a simulation runs over.
type Options struct {
	// Store opens an empty store whose clock is now.
	Store func(now func() time.Time) (ledger.Store, error)
	// Shared says that several processes may bill from the store at once.
	Shared bool
	// NoLeases lets every lease end at once, for a store with a clock of its
	// own: then only the ERP that refuses a repeated key bills once.
	NoLeases bool
	// Point is where a process dies, "" for nowhere.
	Point string
	Seed  uint64
}

// A world is all that is simulated, and what only somebody outside of it can
// know: what was really used.
type world struct {
	*scheduler
	shared  bool
	lease   time.Duration
	tenants []string
	ledger  ledger.Store
	server  *server
	all     []sample // ever taken
	stage   int      // the samples that are there by now
	faults  int      // of the store: a call fails once in so many times
	started int      // processes
	crashed bool
	failed  error // what a process last failed with
}

// A sample is one, and when it comes: there are two stages to each block, that
// of its end, and one while it is being billed.
type sample struct {
	usage.Sample
	stage int
}

func newWorld(o Options) (*world, error) {
	rng := rand.New(rand.NewPCG(o.Seed, 0x0a47))
	w := &world{
		scheduler: &scheduler{rng: rng, now: epoch, events: make(chan struct{}), passed: map[string]int{}, owners: map[string]string{}},
		shared:    o.Shared,
		lease:     leaseLength,
		tenants:   []string{"a", "b", "c"},
	}
	var err error
	if w.ledger, err = o.Store(func() time.Time { return w.now }); err != nil {
		return nil, err
	}
	w.server = &server{kind: Kind(rng.IntN(3)), credits: rng.IntN(2) == 0, prices: map[string]decimal.Decimal{}}
	if o.NoLeases {
		w.lease, w.server.kind = time.Nanosecond, Unique
	}
	w.faults = []int{0, 40, 150}[rng.IntN(3)]
	w.server.faults = []int{0, 3, 10}[rng.IntN(3)]
	for block := range blocks + 1 {
		for i, service := range []string{"net", "disk", "small", "large"} {
			w.server.prices[priceKey(w.block(block), service)] = decimal.New(int64(100*(i+1)+block), -2)
		}
	}
	for _, tenant := range w.tenants {
		w.use(tenant)
	}
	return w, nil
}

// block is the n-th block, from 0.
func (w *world) block(n int) usage.Span {
	start := epoch.Add(time.Duration(n) * blockHours * time.Hour)
	return usage.Span{Start: start, End: start.Add(blockHours * time.Hour)}
}

// use decides what a tenant uses, and which samples of it come late.
func (w *world) use(tenant string) {
	w.take(0, tenant, "net", usage.Delta, "7", epoch, nil)
	owed := -1 // the block of which much is given back, after which little is used
	if w.chance(2) {
		owed = w.rng.IntN(blocks - 1)
		start := w.block(owed).Start
		for late, status := range []string{"active", "deleted"} {
			metadata := map[string]string{"status": status, "flavor.name": "large"}
			w.all = append(w.all, sample{w.sample(tenant, "vm", usage.Gauge, "1", start.Add(time.Duration(late)*time.Minute), metadata), 2 * (owed + late)})
		}
	}
	for block := range blocks {
		if block == owed+1 || w.chance(4) {
			continue // nothing to bill, or less than what came late takes away
		}
		for at := w.block(block).Start; at.Before(w.block(block).End); at = at.Add(time.Duration(10+w.rng.IntN(40)) * time.Minute) {
			if w.chance(5) {
				continue // silence
			}
			switch w.rng.IntN(3) {
			case 0:
				w.take(block, tenant, "net", usage.Delta, strconv.Itoa(w.rng.IntN(900)), at, nil)
			case 1:
				w.take(block, tenant, "disk", usage.Gauge, strconv.Itoa(1+w.rng.IntN(50)), at, nil)
			default:
				// One that comes late may well take time away again.
				w.take(block, tenant, "vm", usage.Gauge, "1", at, map[string]string{
					"status":      []string{"active", "active", "deleted"}[w.rng.IntN(3)],
					"flavor.name": []string{"small", "large"}[w.rng.IntN(2)],
				})
			}
		}
	}
	// The block after all others, where nothing comes late.
	w.all = append(w.all, sample{w.sample(tenant, "net", usage.Delta, "1000000", w.block(blocks).Start, nil), 2 * blocks})
}

// take adds a sample, which is there at once, or some blocks later.
func (w *world) take(block int, tenant, meter string, kind usage.Kind, volume string, at time.Time, metadata map[string]string) {
	at = at.Add(time.Duration(w.rng.IntN(600)) * time.Second)
	if !at.Before(w.block(block).End) {
		return
	}
	stage := 2 * block
	if w.chance(4) {
		stage = 2*min(blocks, block+w.rng.IntN(blocks)) + w.rng.IntN(2)
	}
	w.all = append(w.all, sample{w.sample(tenant, meter, kind, volume, at, metadata), stage})
}

func (w *world) sample(tenant, meter string, kind usage.Kind, volume string, at time.Time, metadata map[string]string) usage.Sample {
	return usage.Sample{
		ID: strconv.Itoa(len(w.all)), Meter: meter, Kind: kind, Unit: "GB", Tenant: tenant, Resource: meter + " of " + tenant,
		Datacenter: "north", Volume: decimal.RequireFromString(volume), HasVolume: true, Time: at, Metadata: metadata,
		Origin: usage.Origin{Name: "simulated", Index: len(w.all) + 1},
	}
}

// meters are those of the deployment.
func meters() []usage.Meter {
	meter := func(name string, t usage.Transformer) usage.Meter {
		return usage.Meter{Name: name, Meter: name, Transformer: t, Service: name, Type: name, Billed: true, Rule: name}
	}
	return []usage.Meter{meter("vm", usage.Uptime{}), meter("disk", usage.Max{}), meter("net", usage.Sum{})}
}

// Samples implements usage.Source: those that have come by now.
func (w *world) Samples(_ context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	return func(yield func(usage.Sample, error) bool) {
		for _, s := range w.all {
			if s.stage <= w.stage && slices.Contains(q.Meters, s.Meter) && !yield(s.Sample, nil) {
				return
			}
		}
	}
}

// engine is the billing engine of one process.
func (w *world) engine(p *process) *billing.Engine {
	return &billing.Engine{
		Deployment: deployment, Adapter: "simulated:ERP",
		Store:       &store{process: p, world: w, inner: w.ledger, faults: w.faults},
		ERP:         &erp{process: p, server: w.server},
		SourceNames: []string{"object"},
		Sources:     []billing.Source{{Name: "object", Source: w}},
		Meters:      meters(),
		Currency:    "NZD", Digits: 2, ValueDigits: 6, Location: time.UTC,
		Holder: p.name, By: p.name, Lease: w.lease,
		Now: p.Now,
	}
}

// A job is what one process does.
type job func(ctx context.Context, e *billing.Engine) error

// do runs jobs side by side, each in a process of its own, and returns whether
// all did what they were to do.
func (w *world) do(jobs ...job) bool {
	errs := make([]error, len(jobs))
	processes := make([]*process, len(jobs))
	for i, job := range jobs {
		w.started++
		clock := time.Duration(0)
		if w.chance(4) {
			clock = time.Duration(w.rng.IntN(120)-60) * time.Minute
		}
		processes[i] = w.start(fmt.Sprintf("process %d", w.started), clock, func(p *process) {
			errs[i] = job(context.Background(), w.engine(p))
		})
	}
	w.run()
	done := true
	for i, p := range processes {
		w.crashed = w.crashed || p.dead
		done = done && !p.dead && errs[i] == nil
		if errs[i] != nil {
			w.failed = errs[i]
		}
	}
	return done
}

// surely does a job that must succeed, though its process may die, once.
func (w *world) surely(j job) bool {
	for range 2 {
		if w.do(j) {
			return true
		}
	}
	return false
}

// later lets time pass with nobody at work.
func (w *world) later(d time.Duration) {
	w.now = w.now.Add(d)
	w.server.arrive(w.now)
}

// calm ends all faults: what is left to do must now succeed.
func (w *world) calm() {
	w.faults, w.server.faults = 0, 0
	w.server.mend()
}
