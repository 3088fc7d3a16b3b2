package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/cli"
	"github.com/openstack-artifice/artifice/internal/pgtest"
)

var (
	kills       = flag.Int("kills", 10, "how many processes TestKill kills, for each store")
	serverKills = flag.Int("server-kills", 3, "how often TestServerKilled kills the PostgreSQL server")
	killSeed    = flag.Int("kill-seed", 0, "the first seed that TestKill and TestServerKilled try")
)

// asArtifice makes the test binary be the program itself.
const asArtifice = "ARTIFICE_BE_THE_PROGRAM"

var cluster = pgtest.Shared{Options: pgtest.Options{NoSync: true}}

// Whenever collect and bill are killed, with whichever store and ERP, however
// many of them run at once and whatever their clocks say: running them again
// bills what was used, once.
func TestKill(t *testing.T) {
	samples := newCrashSamples(t, 4)
	for _, store := range []string{"sqlite", "postgres"} {
		for _, erp := range []string{"csv", "http"} {
			t.Run(store+"/"+erp, func(t *testing.T) { testKill(t, kind{store, erp}, samples, (*kills+1)/2) })
		}
	}
}

// seeds calls f with a test for each seed, until enough is done.
func seeds(t *testing.T, f func(t *testing.T, seed uint64) (enough bool)) {
	t.Helper()
	for seed := *killSeed; seed <= *killSeed+10+*kills; seed++ {
		enough := false
		ok := t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("again: go test ./cmd/artifice -run '^%s$' -kills 1 -kill-seed %d", filepath.Dir(t.Name()), seed)
				}
			}()
			enough = f(t, uint64(seed)) && seed > *killSeed // odd ones differ from the others
		})
		if !ok || enough {
			return
		}
	}
	t.Error("too little was killed")
}

// newSeeded makes the deployment of a seed. In PostgreSQL it has a database of
// its own.
func newSeeded(t testing.TB, k kind, seed uint64, samples *crashSamples, c func(testing.TB) *pgtest.Cluster) *crash {
	t.Helper()
	dir := t.TempDir()
	d := &crash{r: rand.New(rand.NewPCG(seed, 6))}
	anytime := seed%2 == 1
	var e erp = csvFiles(filepath.Join(dir, "invoices"))
	if k.erp == "http" {
		d.receiver = newReceiver(t, seed)
		e = d.receiver
	}
	if k.store == "sqlite" {
		d.deployment = deploy(t, k, dir, e, "", samples)
		d.anytime = anytime
		return d
	}
	d.db = c(t).Create(t)
	d.deployment = deploy(t, k, dir, e, fmt.Sprintf("[store:object]\nurl = %s\npassword = env:CRASH_PASSWORD\n", d.db.URL), samples)
	d.env, d.anytime = []string{"CRASH_PASSWORD=" + d.db.Password}, anytime
	return d
}

func testKill(t *testing.T, k kind, samples *crashSamples, enough int) {
	want := newSeeded(t, k, 0, samples, cluster.Get).undisturbed()
	killed, runs, taken := 0, 0, 0
	seeds(t, func(t *testing.T, seed uint64) bool {
		d := newSeeded(t, k, seed, samples, cluster.Get)
		d.compare(want)
		killed, runs, taken = killed+d.killed, runs+d.runs, taken+d.taken
		return killed >= enough
	})
	t.Logf("%d of %d processes were killed; orders were taken over, or again, %d times", killed, runs, taken)
}

// Whenever the server of the database is killed, while several processes are
// at work: running them again bills what was used, once.
func TestServerKilled(t *testing.T) {
	samples := newCrashSamples(t, 2)
	// The store does not leave to the server whether commits wait for the disk.
	server := pgtest.Start(t, pgtest.Options{Settings: map[string]string{"synchronous_commit": "off"}})
	started := func(testing.TB) *pgtest.Cluster { return server }
	killed, failed := 0, 0
	seeds(t, func(t *testing.T, seed uint64) bool {
		k := kind{"postgres", []string{"csv", "http"}[seed%2]}
		want := newSeeded(t, k, seed, samples, started).undisturbed()
		d := newSeeded(t, k, seed, samples, started)
		d.killsServer = true
		d.compare(want)
		killed, failed = killed+d.killed, failed+d.failed
		return killed >= *serverKills
	})
	t.Logf("the server was killed %d times, and %d processes failed of it", killed, failed)
}

// compare runs a deployment through all that its seed has for it, and holds
// what it comes to against one that was left alone.
func (d *crash) compare(want calm) {
	d.t.Helper()
	d.takes = want.takes
	for _, s := range steps {
		if s == steps[0] || !d.anytime {
			d.begin(s)
		}
		d.disturb(s)
	}
	// What comes while somebody bills may go on either day's invoice.
	if diff := cmp.Diff(want.state, d.check()); diff != "" && !d.anytime {
		d.t.Errorf("what there is (-calm +disturbed):\n%s", diff)
	}
	// Where several send, a lease that is cut short lets two send the same.
	if d.receiver != nil && d.db.Cluster == nil && len(d.receiver.repeated) > 0 {
		d.t.Errorf("invoices were sent again although the ERP had them: %v", d.receiver.repeated)
	}
}

// A crash is a deployment whose processes are killed, as its seed says.
type crash struct {
	*deployment
	receiver *receiver       // nil where the ERP is another
	db       pgtest.Database // of a deployment with PostgreSQL
	r        *rand.Rand
	takes    map[string]time.Duration
	// killsServer says that the server of the database is killed, and no other
	// process.
	killsServer bool

	runs, killed, failed int // processes; killed counts servers where these are
}

// disturb runs the commands of a day, and kills them, before it lets them end.
func (d *crash) disturb(s step) {
	collect, bill := s.collect(), s.bill()
	if d.db.Cluster == nil {
		for range 2 {
			d.together(s, collect)
		}
	} else {
		d.together(s, d.crowd(collect, bill)...)
	}
	d.untilDone(collect...)
	if d.anytime && s == steps[0] {
		d.begin(steps[1])
	}
	for range 2 {
		switch {
		case d.db.Cluster != nil:
			d.together(s, d.crowd(collect, bill)...)
		case d.anytime:
			d.together(s, collect, bill)
		default:
			d.together(s, bill)
		}
	}
	d.untilDone(bill...)
	d.untilDone(collect...)
}

// instant is one while a command runs, or soon after.
func (d *crash) instant(s step, command string) time.Duration {
	return 1 + time.Duration(d.r.Int64N(int64(d.takes[command+" "+s.name])*5/4))
}

// crowd is a collect and up to seven bills.
func (d *crash) crowd(collect, bill []string) [][]string {
	all := [][]string{collect}
	for range 1 + d.r.IntN(7) {
		all = append(all, bill)
	}
	return all
}

// together runs commands at the same time, and kills most of them, or the
// server, at any instant; where invoices go over HTTP some of them when one has
// just arrived.
func (d *crash) together(s step, commands ...[]string) {
	d.t.Helper()
	var all []*process
	for _, args := range commands {
		kill := neverKilled
		if !d.killsServer && d.r.IntN(8) > 0 {
			kill = d.instant(s, args[0])
		}
		all = append(all, d.start(jump(d.r), kill, args...))
		if len(commands) > 1 {
			<-time.After(d.instant(s, args[0]) / time.Duration(len(commands)))
		}
	}
	if d.killsServer {
		<-time.After(d.instant(s, "bill"))
		noError(d.t, d.db.Cluster.Kill())
		d.restart()
		d.killed++
	} else if d.receiver != nil && d.r.IntN(2) == 0 {
		p, answer := all[d.r.IntN(len(all))], d.r.IntN(2) == 0
		d.receiver.trap(func(fate *int) {
			p.kill()
			if answer {
				*fate = answered
			}
		})
		defer d.receiver.trap(nil)
	}
	if jumped := jump(d.r); d.db.Cluster != nil && jumped != 0 {
		d.jumpServer(jumped)
		if jumped < 0 {
			defer d.jumpServer(-jumped) // nobody waits for an hour
		}
	}
	for _, p := range all {
		d.runs++
		switch p.wait() {
		case -1:
			d.killed++
		case cli.ExitFailed:
			d.failed++
		}
	}
	if d.receiver != nil {
		d.receiver.drain(d.t)
	}
}

// restart starts the server again, which waits until nothing is left of what
// was killed.
func (d *crash) restart() {
	d.t.Helper()
	var err error
	for range maxRuns {
		if err = d.db.Cluster.Start(); err == nil || !strings.Contains(err.Error(), "still in use") {
			break
		}
	}
	noError(d.t, err)
}

// jumpServer does to the leases what a jump of the server's clock does: where
// it is an hour ahead, all of them end an hour earlier than they should.
func (d *crash) jumpServer(ahead time.Duration) {
	d.db.Cluster.Exec(d.t, d.db.Name, "SET session_replication_role = replica", // without triggers
		fmt.Sprintf(`DO $$ BEGIN IF to_regclass('artifice.orders') IS NOT NULL THEN
			UPDATE artifice.orders SET held_until = held_until - (%d) WHERE held_until IS NOT NULL;
		END IF; END $$`, ahead))
}
