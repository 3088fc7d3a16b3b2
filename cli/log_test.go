package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// said is what an App says in a log, a line for each record: its message, and
// its fields by name.
func said(t *testing.T, speak func(a *App) error, args ...string) []map[string]any {
	t.Helper()
	var log bytes.Buffer
	command := func(a *App) *cobra.Command {
		return &cobra.Command{Use: "speak", RunE: func(*cobra.Command, []string) error { return speak(a) }}
	}
	app := &App{Stdout: io.Discard, Stderr: &log, Commands: []Command{command}, Program: "acme"}
	app.Run(t.Context(), append(args, "--log-format", "json")...)
	var lines []map[string]any
	for line := range strings.Lines(log.String()) {
		fields := map[string]any{}
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		delete(fields, "time")
		lines = append(lines, fields)
	}
	return lines
}

// What people read as a part of a text, a log has as a field.
func TestLogHasFields(t *testing.T) {
	series := ledger.Series{Source: "object", Meter: "instance", Resource: "r1"}
	got := said(t, func(a *App) error {
		late := a.hinted("run artifice draft")
		late.sayf("late: tenant %s, resource %s, order %s", ofTenant("t1"), ofSeries(series), ofOrder("0123456789abcdef"))
		late.end()
		a.warnf("not billed\nhint: artifice bill")
		a.talk.log.Warn("bill", billing.LogResult, string(billing.InDoubt), billing.LogReason, "no answer\nhint: wait")
		return nil
	}, "speak")
	want := []map[string]any{
		{"level": "INFO", "msg": "late: tenant t1, resource r1, order 0123456789ab", "command": "speak",
			"tenant": "t1", "source": "object", "meter": "instance", "resource": "r1", "order": "0123456789abcdef", "hint": "run acme draft"},
		{"level": "WARN", "msg": "not billed", "command": "speak", "hint": "acme bill"},
		{"level": "WARN", "msg": "bill", "command": "speak", "result": "in doubt", "reason": "no answer",
			"hint": "look in the ERP, and then say acme resolve ORDER --billed REFERENCE, or --not-billed; wait"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A log has a line for each mistake that an error tells of, and what it is
// about.
func TestLogTakesErrorsApart(t *testing.T) {
	unread := &usage.TenantError{Tenant: "t1", Err: errors.New("403 Forbidden")}
	unfit := fmt.Errorf("meter cpu: resource r1: %w", errors.New("it counts backwards"))
	held := &ledger.HeldError{Key: "k1", Holder: "host:1", Until: time.Unix(0, 0)}
	got := said(t, func(*App) error {
		return errors.Join(
			fmt.Errorf("source object: %w", fmt.Errorf("%w\nnothing was collected\nhint: mend it", errors.Join(unread, unfit))),
			fmt.Errorf("tenant t2: %w\nhint: wait", held),
			fmt.Errorf("tenant t 3: order k3 stays parked: %w", errors.New("no")))
	}, "speak")
	want := []map[string]any{
		{"level": "ERROR", "command": "speak", "source": "object", "tenant": "t1", "msg": "source object: tenant t1: 403 Forbidden"},
		{"level": "ERROR", "command": "speak", "source": "object", "meter": "cpu", "resource": "r1", "msg": "source object: meter cpu: resource r1: it counts backwards"},
		{"level": "ERROR", "command": "speak", "source": "object", "msg": "source object: nothing was collected", "hint": "mend it"},
		{"level": "ERROR", "command": "speak", "tenant": "t2", "order": "k1", "msg": "tenant t2: order k1 is held by host:1 until 1970-01-01T00:00:00Z", "hint": "wait"},
		{"level": "ERROR", "command": "speak", "msg": "tenant t 3: order k3 stays parked: no"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Wrong use is a line, too.
func TestLogOfWrongUse(t *testing.T) {
	got := said(t, nil, "nope")
	want := []map[string]any{{"level": "ERROR", "command": "acme", "msg": `there is no command "nope"`, "hint": "acme --help"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What adapters warn of goes to the log of the process.
func TestLogOfAdapters(t *testing.T) {
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	said(t, func(*App) error { return nil }, "speak")
	if slog.Default() != before {
		t.Error("a program in another's process takes its log")
	}
	got := said(t, func(a *App) error {
		a.process = true
		a.Run(t.Context(), "version", "--log-format", "json")
		slog.Warn("unencrypted", "url", "http://erp")
		return nil
	}, "speak")
	want := []map[string]any{{"level": "WARN", "command": "version", "msg": "unencrypted", "url": "http://erp"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A log has a line for each tenant that lags, and one for a whole source.
func TestLogOfLags(t *testing.T) {
	through := time.Date(2013, 9, 1, 12, 0, 0, 0, time.FixedZone("", 12*3600))
	got := said(t, func(a *App) error {
		for _, l := range apart([]billing.Lag{{Source: "north"}, {Source: "south", Through: through, Tenants: []string{"t1", "t2"}}}) {
			a.sayf("%v", ofLag(l))
		}
		return nil
	}, "speak")
	want := []map[string]any{
		{"level": "INFO", "command": "speak", "source": "north", "msg": "source north: never collected"},
		{"level": "INFO", "command": "speak", "source": "south", "tenant": "t1", "through": "2013-09-01T00:00:00Z", "msg": "tenant t1, source south: collected through 2013-09-01T12:00:00+12:00 only"},
		{"level": "INFO", "command": "speak", "source": "south", "tenant": "t2", "through": "2013-09-01T00:00:00Z", "msg": "tenant t2, source south: collected through 2013-09-01T12:00:00+12:00 only"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
