package openstack

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/openstack/rig"
)

// TestRealFaults stops servers, so it has a rig of its own.
func TestRealFaults(t *testing.T) {
	r := rig.Start(t, "TOKEN_CACHE=-1")
	ahead := time.Duration(0)
	waits := 0
	var back func() // brings the server back that is down
	cloud := admin(t, r, TenantFilter{}, Options{
		Now: func() time.Time { return time.Now().Add(ahead) },
		Sleep: func(context.Context, time.Duration) error {
			if waits++; back != nil && waits == 2 {
				back()
			}
			return nil
		},
	})
	// within has the server that act stops come back after two waits.
	within := func(act, undo func(testing.TB, rig.Server), s rig.Server) {
		t.Helper()
		act(t, s)
		waits, back = 0, func() { undo(t, s) }
	}
	waited := func(what string) {
		t.Helper()
		if waits < 2 {
			t.Errorf("%s: went on after %d waits, although nothing served", what, waits)
		}
		back = nil
	}

	asksGnocchi(t, cloud)
	first := tokenOf(t, cloud)
	r.Revoke(t, first)
	asksGnocchi(t, cloud)
	if tokenOf(t, cloud) == first {
		t.Error("a token that Gnocchi refuses was not renewed")
	}

	within(r.Kill, r.Run, rig.Gnocchi)
	asksGnocchi(t, cloud)
	waited("Gnocchi killed")

	// Keystone down when a renewal is due: the token is good for 4 minutes more.
	second := tokenOf(t, cloud)
	ahead = 56 * time.Minute
	r.Kill(t, rig.Keystone)
	if tokenOf(t, cloud) != second {
		t.Error("a token that is good was let go")
	}
	// And when the token has ended.
	ahead = 2 * time.Hour
	waits, back = 0, func() { r.Run(t, rig.Keystone) }
	asksGnocchi(t, cloud)
	waited("Keystone killed")
	if tokenOf(t, cloud) == second {
		t.Error("a token that has ended was kept")
	}

	// Gnocchi's database: answers are 500 or 503 until it is back.
	within(r.Kill, r.Run, rig.Postgres)
	asksGnocchi(t, cloud)
	waited("PostgreSQL killed")

	// A server that takes the connection, and then says nothing.
	r.Pause(t, rig.Keystone)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	for _, err := range cloud.Tenants(ctx) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a Keystone that says nothing: %v", err)
		}
	}
	r.Resume(t, rig.Keystone)

	// Keystone's own limit cuts lists off.
	r.Stop(t, rig.Keystone)
	conf, err := os.OpenFile(filepath.Join(r.Dir, "etc", "keystone.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conf.WriteString("[resource]\nlist_limit = 2\n")
	if err := errors.Join(err, conf.Close()); err != nil {
		t.Fatal(err)
	}
	r.Run(t, rig.Keystone)
	domain := create(t, r, "/domains", "domain", map[string]any{"name": "small"})
	create(t, r, "/projects", "project", map[string]any{"name": "a", "domain_id": domain})
	tenants, _, errs := list(t, cloud)
	if len(tenants) != 3 || len(errs) > 0 { // admin, service and a
		t.Errorf("a list that is cut off gives %v, %q", tenants, errs)
	}
	create(t, r, "/projects", "project", map[string]any{"name": "b", "domain_id": domain})
	create(t, r, "/projects", "project", map[string]any{"name": "c", "domain_id": domain})
	tenants, _, errs = list(t, cloud)
	if len(tenants) != 4 || !strings.Contains(strings.Join(errs, "\n"), "raise list_limit") {
		t.Errorf("a domain's list that is cut off gives %v, %q", tenants, errs)
	}
}
