package billing_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/memory"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A fragile store loses its locks, and lets somebody in before it records.
type fragile struct {
	*memory.Store
	before func() // the next Record, nil for nothing
}

var errLockLost = errors.New(`the lock "collect" was lost with its connection`)

func (f *fragile) Lock(ctx context.Context, name string) (func() error, error) {
	unlock, err := f.Store.Lock(ctx, name)
	if err != nil {
		return nil, err
	}
	return func() error { return errors.Join(unlock(), errLockLost) }, nil
}

func (f *fragile) Record(ctx context.Context, b ledger.Batch) error {
	if before := f.before; before != nil {
		f.before = nil
		before()
	}
	return f.Store.Record(ctx, b)
}

// A lock that was lost is told of by whatever took it, beside what was done.
func TestLockLost(t *testing.T) {
	source := &samples{all: []usage.Sample{volume("a", "disk", "2013-08-01T00:10:00Z", "5")}}
	e := newEngine(source, searchable{newDesk(map[string]string{"volume.size": "1"})})
	e.Store = &fragile{Store: e.Store.(*memory.Store)}
	through := august.End
	collected, err := e.Collect(t.Context(), through)
	if len(collected) != 1 || !collected[0].Through.Equal(through) {
		t.Errorf("collected %+v", collected)
	}
	outcomes, billErr := e.Bill(t.Context(), august, nil)
	if diff := cmp.Diff(map[string]billing.Result{"a": billing.Billed}, results(outcomes)); diff != "" {
		t.Error(diff)
	}
	reconciled, reconcileErr := e.Reconcile(t.Context(), august, nil)
	if diff := cmp.Diff(map[string]billing.Result{"a": billing.Confirmed}, results(reconciled)); diff != "" {
		t.Error(diff)
	}
	voidErr := e.Void(t.Context(), outcomes[0].Order.Key, "credited")
	for name, err := range map[string]error{"collect": err, "bill": billErr, "reconcile": reconcileErr, "void": voidErr} {
		if !errors.Is(err, errLockLost) || !strings.Contains(err.Error(), "run it again") {
			t.Errorf("%s: got error %v, want that the lock was lost, and what to do", name, err)
		}
	}
	if order, err := e.Store.Order(t.Context(), outcomes[0].Order.Key); err != nil || order.Status != ledger.Void {
		t.Errorf("the order is %s, %v", order.Status, err)
	}
	if err := e.Resolve(t.Context(), "none", true, "INV"); !errors.Is(err, errLockLost) || !errors.Is(err, ledger.ErrNoOrder) {
		t.Errorf("resolve: got error %v", err)
	}
}

// Two programs collect at once, for one has lost its lock. The one that was
// overtaken, with less samples, writes nothing over what the other wrote, says
// so, and can be run again.
func TestCollectOvertaken(t *testing.T) {
	early := volume("a", "disk", "2013-08-01T00:10:00Z", "5")
	late := volume("a", "disk", "2013-08-01T00:40:00Z", "7")
	slow := newEngine(&samples{all: []usage.Sample{early}}, nil)
	store := &fragile{Store: slow.Store.(*memory.Store)}
	quick := newEngine(&samples{all: []usage.Sample{early, late}}, nil)
	quick.Store = store
	slow.Store = store
	store.before = func() {
		store.Unlock()
		if _, err := quick.Collect(t.Context(), august.End); !errors.Is(err, errLockLost) || errors.Is(err, ledger.ErrStale) {
			t.Errorf("the program that was faster: %v", err)
		}
	}
	_, err := slow.Collect(t.Context(), august.End)
	if !errors.Is(err, ledger.ErrStale) || !errors.Is(err, errLockLost) || !strings.Contains(err.Error(), "another program collected to the same store meanwhile") {
		t.Errorf("the program that was overtaken: got error %v", err)
	}
	folds, err := store.Folds(t.Context(), ledger.Series{Source: "object", Meter: "volume.size", Resource: "disk"}, august.Start)
	if err != nil || len(folds) == 0 || folds[0].Samples != 2 {
		t.Errorf("what the faster one wrote is now %+v, %v", folds, err)
	}
	if _, err := slow.Collect(t.Context(), august.End); errors.Is(err, ledger.ErrStale) {
		t.Errorf("run again: %v", err)
	}
}
