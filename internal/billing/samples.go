package billing

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// earliest is before any cloud was there: what is said to be older is of a clock
// that was never set.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// clockSkew is how far ahead of us an agent's clock may be.
const clockSkew = 24 * time.Hour

// plausible returns an error for a sample that cannot be right.
func plausible(s *usage.Sample, latest time.Time) error {
	switch {
	case s.Tenant == "":
		return fmt.Errorf("%v: no tenant (a source gives each sample its project's id)", s.Origin)
	case s.Time.Before(earliest):
		return fmt.Errorf("%v: timestamp %s lies before there was anything to measure (look at the clock of the agent that sent it)", s.Origin, s.Time.Format(time.RFC3339))
	case s.Time.After(latest):
		return fmt.Errorf("%v: timestamp %s lies in the future (look at the clock of the agent that sent it)", s.Origin, s.Time.Format(time.RFC3339))
	}
	return nil
}

// prepare asks the source for all that it knows beside samples.
func (c *collector) prepare(ctx context.Context) error {
	meters, err := c.named(ctx)
	if err != nil {
		return err
	}
	c.meters, c.keys = meters, lookedAt(meters)
	c.tenants, err = tenantNames(ctx, c.source)
	return err
}

// query is what the meters ask a source for.
func (c *collector) query() usage.Query {
	meters, bookmarks := map[string]bool{}, c.bookmarks
	collected := map[string]time.Time{}
	for tenant, mark := range c.marked {
		collected[tenant] = mark.Through
	}
	for _, m := range c.meters {
		meters[m.Meter] = true
		if c.isNew(m) || c.isOther(m) {
			bookmarks = nil // what was read was not for this one
		}
		for tenant, mark := range c.marked {
			// Of a new meter nothing was collected, though its samples may have
			// been there, and by another rule nothing was. Of who lags that has
			// time, lest a source that looks back only so far misses what lies
			// between.
			if c.isNew(m) || c.isOther(m) && !c.lags(mark) {
				collected[tenant] = time.Time{}
			}
		}
	}
	return usage.Query{Meters: slices.Sorted(maps.Keys(meters)), Metadata: c.keys, Collected: collected, Remembered: c.remembered, Bookmarks: bookmarks}
}

// isOther reports whether the meter was collected by another rule, or by one
// that is not known.
func (c *collector) isOther(m usage.Meter) bool { return c.metered[m.Name].Rule != ruleDigest(m) }

// lags reports whether a tenant was collected less far than the source.
func (c *collector) lags(mark ledger.Mark) bool { return mark.Through.Before(c.marked[""].Through) }

// isNew reports whether the source was collected without the meter.
func (c *collector) isNew(m usage.Meter) bool {
	return c.metered[m.Name].Through.Before(c.marked[""].Through)
}

// lookedAt returns the keys of metadata that meters look at, nil for all.
func lookedAt(meters []usage.Meter) []string {
	keys := map[string]bool{}
	for _, m := range meters {
		used, ok := m.Keys()
		if !ok {
			return nil
		}
		for _, key := range used {
			keys[key] = true
		}
	}
	return slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(keys)))) // not nil
}

// tenantNames is what the source knows of tenants beside their ids.
func tenantNames(ctx context.Context, source Source) (map[string]usage.Tenant, error) {
	lister, ok := source.Source.(usage.TenantLister)
	if !ok {
		return nil, nil
	}
	names := map[string]usage.Tenant{}
	var mistakes []error
	for t, err := range lister.Tenants(ctx) {
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		names[t.ID] = t
	}
	return names, errors.Join(mistakes...)
}

// named returns the meters with what the source knows of the names of flavors,
// types and policies. The names become part of the meter's rule: time that is
// not billed is billed under the names that hold when it is.
func (c *collector) named(ctx context.Context) ([]usage.Meter, error) {
	source, ok := c.source.Source.(usage.Names)
	if !ok {
		return c.Meters, nil
	}
	known := map[usage.NameKind]map[string]string{}
	meters := slices.Clone(c.Meters)
	for i := range meters {
		m := &meters[i]
		user, ok := m.Transformer.(usage.NameUser)
		if !ok {
			continue
		}
		kind := user.NameKind()
		if known[kind] == nil {
			names, err := namesOf(ctx, source, kind)
			if err != nil {
				return nil, err
			}
			known[kind] = names
		}
		if len(known[kind]) == 0 {
			continue
		}
		m.Transformer = user.WithNames(known[kind])
		var rule strings.Builder
		rule.WriteString(m.Rule)
		for _, id := range slices.Sorted(maps.Keys(known[kind])) {
			fmt.Fprintf(&rule, "\n%q = %q", id, known[kind][id])
		}
		m.Rule = rule.String()
	}
	return meters, nil
}

func namesOf(ctx context.Context, source usage.Names, kind usage.NameKind) (map[string]string, error) {
	names := map[string]string{}
	var mistakes []error
	for n, err := range source.Names(ctx, kind) {
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("names of each %s: %w", kind, err))
			continue
		}
		names[n.ID] = n.Name
	}
	return names, errors.Join(mistakes...)
}

// ruleDigest stands for the rule of a meter in a fold's digest.
func ruleDigest(m usage.Meter) string {
	sum := sha256.Sum256([]byte(m.Rule))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}
