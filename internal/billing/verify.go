package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Verified is what Verify looked at, and what it found.
type Verified struct {
	Tenants, Orders, Changes int
	Items                    int // whose figures follow from their volumes
	Entries                  int // of usage
	Windows                  int // of series, that were folded
	Adjustments              int
	// Unprovable are items from before volumes were kept: that they are what
	// their entries come to cannot be proved.
	Unprovable int
	// Unbilled is usage that no order reserves, before what was billed last of
	// anybody. What lies between billed blocks of its tenant is a mistake as well.
	Unbilled []Unbilled
	Mistakes []Mistake
}

func (v *Verified) add(other Verified) {
	v.Tenants += other.Tenants
	v.Orders += other.Orders
	v.Changes += other.Changes
	v.Items += other.Items
	v.Entries += other.Entries
	v.Windows += other.Windows
	v.Adjustments += other.Adjustments
	v.Unprovable += other.Unprovable
	v.Mistakes = append(v.Mistakes, other.Mistakes...)
}

// A Mistake is something in the ledger that cannot be.
type Mistake struct {
	Tenant string
	Order  string     // its key, where it is about one
	Window usage.Span // zero where it is about none
	Text   string
}

func (m Mistake) String() string {
	text := "tenant " + m.Tenant
	if m.Order != "" {
		text += ": order " + m.Order
	}
	if !m.Window.IsZero() {
		text += fmt.Sprintf(": %s to %s", m.Window.Start.UTC().Format(time.RFC3339), m.Window.End.UTC().Format(time.RFC3339))
	}
	return text + ": " + m.Text
}

// verifyTries is how often a tenant is verified that changes meanwhile.
const verifyTries = 5

// Verify proves what the store holds of the tenants, of all that it knows where
// none are named: that no time is billed twice, and none between billed blocks
// forgotten; that usage is what was folded; that every figure of an order follows from its items, every item
// from the usage that it sums, and every adjustment is carried once; and that
// keys and histories are what they must be. It changes nothing, and finds all
// mistakes at once.
func (e *Engine) Verify(ctx context.Context, ids []string) (Verified, error) {
	marks, err := e.begun(ctx)
	if err != nil {
		return Verified{}, err
	}
	tenants, err := e.allTenants(ctx, marks)
	if err != nil {
		return Verified{}, err
	}
	if err := e.areKnown(ctx, ids, slices.Collect(maps.Keys(tenants)), notInLedger); err != nil {
		return Verified{}, err
	}
	if len(ids) > 0 {
		maps.DeleteFunc(tenants, func(tenant string, _ bool) bool { return !slices.Contains(ids, tenant) })
	}
	progress := e.begin(Step{Name: "verify", Unit: "tenants", Total: int64(len(tenants)), Whole: true})
	defer progress.End()
	var all Verified
	var verified []string
	for _, tenant := range slices.Sorted(maps.Keys(tenants)) {
		began := e.Now()
		v, err := e.verifySteady(ctx, tenant)
		if err != nil {
			return all, fmt.Errorf("tenant %s: %w", tenant, err)
		}
		all.add(v)
		verified = append(verified, tenant)
		e.log(ctx, slog.LevelInfo, "verify", slog.String(LogTenant, tenant), slog.Int(LogEntries, v.Entries), slog.Int("mistakes", len(v.Mistakes)), e.took(began))
		progress.Add(1)
	}
	all.Unbilled, err = e.unbilledOf(ctx, verified, marks)
	return all, err
}

// allTenants are the tenants that anything in the store names.
func (e *Engine) allTenants(ctx context.Context, marks []ledger.Mark) (map[string]bool, error) {
	all := map[string]bool{}
	for _, m := range marks {
		all[m.Tenant] = true
	}
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{})
	if err != nil {
		return nil, err
	}
	for _, o := range orders {
		all[o.Tenant.ID] = true
	}
	named, err := e.Store.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range named {
		all[t.ID] = true
	}
	delete(all, "") // the marks of whole sources
	return all, nil
}

// verifySteady verifies a tenant, again where it was collected or billed
// meanwhile: what is read is not of one instant.
func (e *Engine) verifySteady(ctx context.Context, tenant string) (Verified, error) {
	before, err := e.fingerprint(ctx, tenant)
	if err != nil {
		return Verified{}, err
	}
	for range verifyTries {
		v, err := e.verifyTenant(ctx, tenant)
		if err != nil {
			return v, err
		}
		after, err := e.fingerprint(ctx, tenant)
		if err != nil || len(v.Mistakes) == 0 || before == after {
			return v, err
		}
		before = after
	}
	return Verified{}, errors.New("it changes all the time: verify it while nobody collects or bills")
}

// fingerprint is another one whenever a tenant's usage or orders have changed.
func (e *Engine) fingerprint(ctx context.Context, tenant string) (string, error) {
	revision, err := e.Store.Revision(ctx, tenant)
	if err != nil {
		return "", err
	}
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{Tenant: tenant})
	if err != nil {
		return "", err
	}
	var text strings.Builder
	fmt.Fprint(&text, revision)
	for _, o := range orders {
		fmt.Fprint(&text, " ", o.Key, o.Status, o.Changed.UnixNano())
	}
	return text.String(), nil
}

// A proof is the verification of one tenant.
type proof struct {
	*Engine
	tenant   string
	marks    []ledger.Mark // the tenant's
	orders   []ledger.Order
	reserved []*ledger.Order // of them, those that reserve their block, by block
	weighed  map[ledger.Series]decimal.Decimal
	Verified
}

func (e *Engine) verifyTenant(ctx context.Context, tenant string) (Verified, error) {
	p := &proof{Engine: e, tenant: tenant, weighed: map[ledger.Series]decimal.Decimal{}, Verified: Verified{Tenants: 1}}
	marks, err := e.Store.Marks(ctx)
	if err != nil {
		return p.Verified, err
	}
	for _, m := range marks {
		if m.Tenant == tenant {
			p.marks = append(p.marks, m)
		}
	}
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{Tenant: tenant})
	if err != nil {
		return p.Verified, err
	}
	p.orders = make([]ledger.Order, len(orders))
	for i, o := range slices.SortedFunc(slices.Values(orders), byBlock) {
		if p.orders[i], err = e.Store.Order(ctx, o.Key); err != nil {
			return p.Verified, err
		}
		if o.Reserves {
			p.reserved = append(p.reserved, &p.orders[i])
		}
	}
	p.blocks()
	for i := range p.orders {
		if err := p.order(ctx, &p.orders[i]); err != nil {
			return p.Verified, err
		}
	}
	if err := p.usage(ctx); err != nil {
		return p.Verified, err
	}
	if err := p.adjustments(ctx); err != nil {
		return p.Verified, err
	}
	p.before()
	err = p.folds(ctx)
	slices.SortFunc(p.Mistakes, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), a.Window.Start.Compare(b.Window.Start), cmp.Compare(a.Text, b.Text))
	})
	return p.Verified, err
}

func (p *proof) fail(order *ledger.Order, window usage.Span, format string, args ...any) {
	m := Mistake{Tenant: p.tenant, Window: window, Text: fmt.Sprintf(format, args...)}
	if order != nil {
		m.Order = order.Key
	}
	p.Mistakes = append(p.Mistakes, m)
}

// blocks proves that the reserved blocks do not overlap, and that each lies
// within what was collected.
func (p *proof) blocks() {
	for i, o := range p.reserved {
		if i > 0 && p.reserved[i-1].Block.Overlaps(o.Block) {
			p.fail(o, o.Block, "overlaps the block of order %s", p.reserved[i-1].Key)
		}
		if !o.Block.Start.Before(o.Block.End) {
			p.fail(o, o.Block, "the block ends before it begins")
		}
		reached := slices.ContainsFunc(p.marks, func(m ledger.Mark) bool { return !m.Through.Before(o.Block.End) })
		if !reached {
			p.fail(o, o.Block, "was billed, and is not collected to its end")
		}
		for _, m := range p.marks {
			if reached && slices.Contains(p.SourceNames, m.Source) && m.From.Before(o.Block.End) && m.Through.Before(o.Block.End) {
				p.fail(o, o.Block, "was billed, and source %s is collected through %s only", m.Source, m.Through.UTC().Format(time.RFC3339))
			}
		}
	}
}
