package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// The exit code tells what is left to do, the worst of it first, and every
// tenant that is not done is told of, with its remedy.
func TestTellOutcomes(t *testing.T) {
	august := usage.Span{Start: time.Date(2013, 8, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2013, 9, 1, 0, 0, 0, 0, time.UTC)}
	outcome := func(result billing.Result, text string) billing.Outcome {
		o := billing.Outcome{Result: result, Err: errors.New(text)}
		o.Order = ledger.Order{Order: invoice.Order{Key: "0123456789abcdef", Tenant: usage.Tenant{ID: "t1"}, Block: august}, Reason: text}
		return o
	}
	tests := []struct {
		name     string
		outcomes []billing.Outcome
		code     int
		says     []string
	}{
		{"done", []billing.Outcome{outcome(billing.Billed, ""), outcome(billing.NothingToBill, ""), outcome(billing.Confirmed, ""), outcome(billing.Found, "")}, ExitDone, nil},
		{"done before", []billing.Outcome{outcome(billing.AlreadyBilled, "")}, ExitDone, []string{"nothing was written"}},
		{"parked", []billing.Outcome{outcome(billing.Parked, "no cost for x")}, ExitParked, []string{"parked: tenant t1: no cost for x", "mend the cause"}},
		{"in doubt", []billing.Outcome{outcome(billing.InDoubt, "lost")}, ExitParked, []string{"in doubt: tenant t1: order 0123456789abcdef: lost", "artifice resolve ORDER"}},
		{"waiting", []billing.Outcome{outcome(billing.Waiting, "can be trusted from 5 on")}, ExitParked, []string{"waiting: can be trusted from 5 on"}},
		{"not sent", []billing.Outcome{outcome(billing.NotSent, "")}, ExitParked, nil},
		{"busy", []billing.Outcome{outcome(billing.Busy, "is being billed by x until 5"), outcome(billing.Billed, "")}, ExitParked, []string{"busy: is being billed by x until 5"}},
		{"taken over", []billing.Outcome{outcome(billing.TakenOver, "was taken over by x")}, ExitParked, []string{"taken over: was taken over by x"}},
		{"busy and parked", []billing.Outcome{outcome(billing.Busy, "x"), outcome(billing.Parked, "y")}, ExitParked, nil},
		{"failed", []billing.Outcome{outcome(billing.Parked, "y"), outcome(billing.NotBilled, "connection refused"), outcome(billing.Busy, "x")}, ExitFailed, []string{"connection refused", "tried again by the next artifice bill"}},
		{"overlaps", []billing.Outcome{outcome(billing.Overlaps, "overlaps")}, ExitFailed, []string{"overlaps"}},
		{"missing", []billing.Outcome{outcome(billing.Absent, "the ERP has it not")}, ExitFailed, []string{"missing: the ERP has it not"}},
		{"renamed", []billing.Outcome{outcome(billing.Renamed, "has it as y")}, ExitFailed, []string{"renamed: has it as y"}},
		{"not looked up", []billing.Outcome{outcome(billing.NotLookedUp, "cannot look up")}, ExitFailed, []string{"not looked up: cannot look up"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var said bytes.Buffer
			a := &App{Stderr: &said}
			err := a.tellOutcomes(&session{Engine: &billing.Engine{Location: time.UTC}}, test.outcomes)
			code := ExitDone
			if exit := (*exitError)(nil); errors.As(err, &exit) {
				code = exit.code
			}
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			for _, want := range test.says {
				if !strings.Contains(said.String(), want) {
					t.Errorf("said %q, want %q", said.String(), want)
				}
			}
			if test.says == nil && said.Len() > 0 && test.code == ExitDone {
				t.Errorf("said %q", said.String())
			}
		})
	}
}

// A run that goes on after one that was stopped counts what that one did, rather
// than to tell hundreds of tenants one by one.
func TestTellManyBilledBefore(t *testing.T) {
	for _, test := range []struct {
		n              int
		verbose        bool
		counted, lines int
	}{{10, false, 0, 10}, {11, false, 1, 0}, {11, true, 1, 11}} {
		var said bytes.Buffer
		a := &App{Stderr: &said}
		a.talk.verbose = test.verbose
		outcomes := []billing.Outcome{{Result: billing.Billed}}
		for i := range test.n {
			o := billing.Outcome{Result: billing.AlreadyBilled}
			o.Order.Tenant.ID = fmt.Sprintf("t%d", i)
			outcomes = append(outcomes, o)
		}
		if err := a.tellOutcomes(&session{Engine: &billing.Engine{Location: time.UTC}}, outcomes); err != nil {
			t.Error(err)
		}
		counted := strings.Count(said.String(), fmt.Sprintf("%d orders were billed before; nothing was written for them (--verbose names each)\n", test.n))
		if lines := strings.Count(said.String(), " was billed on "); counted != test.counted || lines != test.lines {
			t.Errorf("of %d (verbose %v) it said\n%s", test.n, test.verbose, said.String())
		}
	}
}

// A block that overlaps an order says what to type instead, where something is
// left of it.
func TestTellOverlaps(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2025, 3, n, 0, 0, 0, 0, time.UTC) }
	const (
		due  = "hint: artifice bill --due bills what is left of a month"
		part = "name what is left with --from and --to"
	)
	for _, test := range []struct {
		name      string
		block, by usage.Span
		hint      string
	}{
		{"a month", usage.Span{Start: day(1), End: day(32)}, usage.Span{Start: day(1), End: day(16)}, due},
		{"a part of one", usage.Span{Start: day(10), End: day(20)}, usage.Span{Start: day(1), End: day(16)}, part},
		{"nothing is left", usage.Span{Start: day(5), End: day(6)}, usage.Span{Start: day(1), End: day(16)}, ""},
	} {
		o := billing.Outcome{Result: billing.Overlaps, Err: &ledger.OverlapError{By: ledger.Order{Order: invoice.Order{Key: "0123456789abcdef", Block: test.by}, Status: ledger.Settled}}}
		o.Order.Tenant.ID, o.Order.Block = "t1", test.block
		var said bytes.Buffer
		a := &App{Stderr: &said}
		if err := a.tellOutcomes(&session{Engine: &billing.Engine{Location: time.UTC}}, []billing.Outcome{o, o}); err == nil {
			t.Errorf("%s: there is no exit code", test.name)
		}
		hints := strings.Count(said.String(), "hint: ")
		if test.hint == "" && hints != 0 || test.hint != "" && (hints != 1 || !strings.Contains(said.String(), test.hint)) {
			t.Errorf("%s: it said\n%s", test.name, said.String())
		}
	}
}

// An order that is held says by whom, and when to come back.
func TestHeld(t *testing.T) {
	err := held(&ledger.HeldError{Key: "k", Holder: "there:2", Until: time.Date(2013, 8, 1, 0, 0, 0, 0, time.UTC)})
	var exit *exitError
	if !errors.As(err, &exit) || exit.code != ExitParked || !strings.Contains(exit.err.Error(), "is held by there:2 until 2013-08-01T00:00:00Z\nhint: ") {
		t.Errorf("%v", err)
	}
	if other := errors.New("x"); held(other) != other {
		t.Error("another error is changed")
	}
}
