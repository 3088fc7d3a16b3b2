// Package cloud simulates a small cloud for the demo: a few tenants in two
// datacenters whose instances are resized, stopped, rebooted and deleted, with
// volumes, floating IPs and traffic counters that restart.
//
// [New] plans everything that happens within a month from a seed.
// [Cloud.WriteSamples] writes what telemetry would have recorded of it, in
// every shape and format that Ceilometer's samples come in. [Cloud.Bill] says
// what the month must come to. It follows from the plan itself and knows none
// of Artifice's transformers, so that the two can be compared.
//
// There are no mistakes in these samples: no gaps, no duplicates and no late
// ones.
package cloud

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// A Cloud is a simulated cloud and what happened in it within one month. It
// does not change after New.
type Cloud struct {
	seed      uint64
	month     usage.Span
	tenants   []Tenant
	instances []*instance
	volumes   []*holding
	ips       []*holding
}

// A Tenant is a project of the cloud.
type Tenant struct {
	ID   string // 32 hexadecimal digits, as Keystone has them
	Name string // may hold commas and letters beyond ASCII
}

// A Line is what a tenant used of a service in a datacenter within the month.
type Line struct {
	Tenant     string // the id
	Datacenter string
	Service    string // a flavor's name for uptime, the meter's name otherwise
	Volume     decimal.Decimal
	Unit       string // "second", "GB hour", "ip hour" or "B"
}

// March2025 is that month in Pacific/Auckland: 744 hours, all of them in
// daylight saving time.
func March2025() usage.Span {
	const daylight = 13 * time.Hour
	return usage.Span{
		Start: time.Date(2025, time.March, 1, 0, 0, 0, 0, time.UTC).Add(-daylight),
		End:   time.Date(2025, time.April, 1, 0, 0, 0, 0, time.UTC).Add(-daylight),
	}
}

// New plans a cloud. The same seed and month give the same cloud, to the byte.
// The month's borders lie on whole hours; any span of a day or more will do,
// and everything happens at the same share of it.
func New(seed uint64, month usage.Span) *Cloud {
	month = usage.Span{Start: month.Start.UTC(), End: month.End.UTC()}
	c := &Cloud{seed: seed, month: month}
	d := &dice{Rand: rand.New(rand.NewPCG(seed, 0)), month: month}
	for _, plan := range plans() {
		c.add(d, plan)
	}
	return c
}

// add moves a tenant into the cloud.
func (c *Cloud) add(d *dice, plan tenantPlan) {
	tenant := Tenant{ID: d.hex(32), Name: plan.name}
	user := d.hex(32)
	c.tenants = append(c.tenants, tenant)
	owned := func(name, datacenter string) resource {
		return resource{id: d.uuid(), name: name, tenant: tenant.ID, user: user, datacenter: datacenter}
	}
	for _, p := range plan.instances {
		in := newInstance(d, owned(p.name, p.datacenter), len(c.instances)+1, p.life(d, p.flavor))
		c.instances = append(c.instances, in)
	}
	for _, p := range plan.volumes {
		c.volumes = append(c.volumes, newVolume(d, owned(p.name, p.datacenter), p))
	}
	for _, p := range plan.ips {
		c.ips = append(c.ips, newIP(d, owned("", p.datacenter), len(c.ips)+1, p))
	}
}

// Tenants returns the tenants of the cloud, always in the same order.
func (c *Cloud) Tenants() []Tenant { return slices.Clone(c.tenants) }

// Bill returns the exact volumes of the month: by tenant in the order of
// Tenants, then by datacenter, then by service. What was not used has no line.
//
// Uptime counts the seconds that an instance was building, active or resized.
// Volumes and floating IPs count every hour that they were there in, if only
// for an instant, as a whole one, a volume at its largest size within it.
// Traffic counts the bytes that passed up to the last reading of the counter
// before the month's end.
func (c *Cloud) Bill() []Line {
	t := tally{}
	for _, in := range c.instances {
		in.charge(t, c.month.End)
	}
	for _, h := range slices.Concat(c.volumes, c.ips) {
		h.charge(t, c.month.End)
	}
	order := map[string]int{}
	for i, tenant := range c.tenants {
		order[tenant.ID] = i
	}
	lines := make([]Line, 0, len(t))
	for k, n := range t {
		lines = append(lines, Line{
			Tenant: k.tenant, Datacenter: k.datacenter, Service: k.service,
			Volume: decimal.NewFromInt(n), Unit: k.unit,
		})
	}
	slices.SortFunc(lines, func(a, b Line) int {
		return cmp.Or(
			cmp.Compare(order[a.Tenant], order[b.Tenant]),
			cmp.Compare(a.Datacenter, b.Datacenter),
			cmp.Compare(a.Service, b.Service),
		)
	})
	return lines
}

// A resource is what telemetry knows about anything that a tenant has.
type resource struct {
	id, name     string
	tenant, user string
	datacenter   string
}

// A tally adds up what was used.
type tally map[tallyKey]int64

type tallyKey struct{ tenant, datacenter, service, unit string }

func (t tally) add(r resource, service, unit string, n int64) {
	if n != 0 {
		t[tallyKey{r.tenant, r.datacenter, service, unit}] += n
	}
}
