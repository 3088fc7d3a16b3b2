package usagetest

import (
	"context"
	"iter"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// listed reads a sequence of an ability, which must be the same each time, may
// be left, and must end where its context has.
func listed[T any](b *sourceBench, what string, list func(context.Context) iter.Seq2[T, error]) []T {
	b.Helper()
	read := func() (all []T) {
		for v, err := range list(b.ctx) {
			if err != nil {
				b.Errorf("%s: %v", what, err)
				continue
			}
			all = append(all, v)
		}
		return all
	}
	all := read()
	if again := read(); !reflect.DeepEqual(all, again) {
		b.Errorf("%s are %v in a second reading, and were %v", what, again, all)
	}
	left := 0
	list(b.ctx)(func(T, error) bool { left++; return false })
	if left > 1 {
		b.Errorf("%s: the sequence goes on after the loop was left", what)
	}
	ended, cancel := context.WithCancel(b.ctx)
	cancel()
	for range list(ended) {
	}
	return all
}

func tenantsListed(b *sourceBench) {
	lister, ok := b.source.(usage.TenantLister)
	if !ok {
		b.Skip("needs a usage.TenantLister")
	}
	known := map[string]usage.Tenant{}
	for _, t := range listed(b, "tenants", lister.Tenants) {
		if _, again := known[t.ID]; t.ID == "" || again {
			b.Errorf("tenant %+v has no id of its own", t)
		}
		known[t.ID] = t
	}
	for _, want := range b.setup.Tenants {
		got, ok := known[want.ID]
		if !ok || got.Name != want.Name || want.Extra != nil && !maps.Equal(got.Extra, want.Extra) {
			b.Errorf("tenant %q is %+v, want %+v", want.ID, got, want)
		}
	}
}

func namesKnown(b *sourceBench) {
	source, ok := b.source.(usage.Names)
	if !ok {
		b.Skip("needs a source of usage.Names")
	}
	for _, kind := range []usage.NameKind{usage.FlavorNames, usage.VolumeTypeNames, usage.PolicyNames} {
		known := map[string]string{}
		names := listed(b, string(kind)+" names", func(ctx context.Context) iter.Seq2[usage.Name, error] { return source.Names(ctx, kind) })
		for _, n := range names {
			if _, again := known[n.ID]; n.ID == "" || again {
				b.Errorf("%s %+v has no id of its own", kind, n)
			}
			known[n.ID] = n.Name
		}
		for _, want := range b.setup.Names[kind] {
			if known[want.ID] != want.Name {
				b.Errorf("%s %q is called %q, want %q", kind, want.ID, known[want.ID], want.Name)
			}
		}
	}
	for n, err := range source.Names(b.ctx, "no such kind") {
		if err == nil {
			b.Errorf("a kind that there is not has the name %+v", n)
		}
	}
}

func healthTold(b *sourceBench) {
	checker, ok := b.source.(usage.HealthChecker)
	if !ok {
		b.Skip("needs a usage.HealthChecker")
	}
	var names []string
	passed := func(ctx context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for name, err := range checker.CheckHealth(ctx) {
				if _, ok := err.(*usage.Warning); ok {
					err = nil // it works
				}
				if !yield(name, err) {
					return
				}
			}
		}
	}
	for _, name := range listed(b, "checks of health", passed) {
		if name == "" || slices.Contains(names, name) {
			b.Errorf("a check of health is called %q, after %q", name, names)
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		b.Error("CheckHealth yields no check")
	}
	b.want(b.all(), b.read(b.all()).samples, every)
}

// receivingEnds lets a source receive, from nobody, on an address of its own.
func receivingEnds(b *sourceBench) {
	receiver, ok := b.source.(usage.Receiver)
	if !ok {
		b.Skip("needs a usage.Receiver")
	}
	ctx, cancel := context.WithTimeout(b.ctx, b.patience)
	defer cancel()
	var told sync.Once // a source says that it listens
	ended := make(chan error, 1)
	go func() { ended <- receiver.Receive(ctx, "127.0.0.1:0", func(slog.Level, string) { told.Do(cancel) }) }()
	select {
	case err := <-ended:
		if err != nil {
			b.Errorf("Receive, whose context ended: %v", err)
		}
		if ctx.Err() == nil {
			b.Error("Receive returns before its context ends")
		}
	case <-time.After(2 * b.patience):
		b.Fatal("Receive does not return though its context has ended")
	}
	b.want(b.all(), b.read(b.all()).samples, every)
}

// identityStays asks twice what the source reads.
func identityStays(b *sourceBench) {
	identifier, ok := b.source.(usage.Identifier)
	if !ok {
		b.Skip("needs a usage.Identifier")
	}
	first, err := identifier.Identity(b.ctx)
	if err != nil {
		b.Fatalf("Identity: %v", err)
	}
	if first.Place == "" {
		b.Error("Identity tells no Place")
	}
	if second, err := identifier.Identity(b.ctx); err != nil || second != first {
		b.Errorf("Identity tells %+v, and then %+v (%v)", first, second, err)
	}
}
