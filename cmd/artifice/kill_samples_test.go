package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/cmd/artifice/internal/cloud"
	"github.com/openstack-artifice/artifice/usage"
)

// Two days are billed, each by itself. Some samples, of both days, come only
// when the first is billed.
var (
	crashStart, crashMiddle, crashEnd = "2025-03-01", "2025-03-02", "2025-03-03"
	crashSpan                         = usage.Span{Start: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC)}
)

// crashRates are per what usage is measured in, so that the lines of invoices
// can be held against what happened.
const crashRates = `
* | m1.small               | second  | 0.00004
* | m1.medium              | second  | 0.00009
* | m1.large               | second  | 0.00017
* | volume.size            | GB hour | 0.0005
* | ip.floating            | ip hour | 0.006
* | network.incoming.bytes | B       | 0
* | network.outgoing.bytes | B       | 0.0000000001
`

// crashSamples are the samples of a small cloud, and what happened in it.
type crashSamples struct {
	dir     string          // of the samples: two directories, early and late
	tenants int             // how many there are
	want    map[line]string // all that is to be billed, in both days together
}

// A line is what a tenant is billed for in a datacenter.
type line struct{ tenant, datacenter, service, unit string }

// newCrashSamples makes samples. Every fifth of some meters is late, and all of
// the floating IPs of the last cloud.
func newCrashSamples(t testing.TB, clouds int) *crashSamples {
	t.Helper()
	s := &crashSamples{dir: t.TempDir(), want: map[line]string{}}
	for _, name := range []string{"early", "late"} {
		noError(t, os.Mkdir(filepath.Join(s.dir, name), 0o755))
	}
	for seed := range clouds {
		c := cloud.New(uint64(seed+1), crashSpan)
		s.tenants += len(c.Tenants())
		for _, l := range c.Bill() {
			s.want[line{l.Tenant, l.Datacenter, l.Service, l.Unit}] = l.Volume.String()
		}
		whole := t.TempDir()
		noError(t, c.WriteSamples(whole))
		files, err := os.ReadDir(whole)
		noError(t, err)
		for _, f := range files {
			text, err := os.ReadFile(filepath.Join(whole, f.Name()))
			noError(t, err)
			early, late := text, []byte(nil)
			switch f.Name() {
			case "instance.json":
				early, late = splitList(t, text)
			case "volume.size.jsonl":
				early, late = splitLines(text)
			case "ip.floating.json":
				if seed == clouds-1 {
					early, late = nil, text
				}
			}
			for name, text := range map[string][]byte{"early": early, "late": late} {
				if text != nil {
					noError(t, os.WriteFile(filepath.Join(s.dir, name, fmt.Sprintf("%s-%d-%s", name, seed, f.Name())), text, 0o644))
				}
			}
		}
	}
	return s
}

const everyLate = 5

func splitList(t testing.TB, text []byte) (early, late []byte) {
	t.Helper()
	var all []json.RawMessage
	noError(t, json.Unmarshal(text, &all))
	var parts [2][]json.RawMessage
	for i, sample := range all {
		part := &parts[0]
		if i%everyLate == 0 {
			part = &parts[1]
		}
		*part = append(*part, sample)
	}
	early, err := json.Marshal(parts[0])
	noError(t, err)
	late, err = json.Marshal(parts[1])
	noError(t, err)
	return early, late
}

func splitLines(text []byte) (early, late []byte) {
	i := 0
	for sample := range bytes.Lines(text) {
		if i%everyLate == 0 {
			late = append(late, sample...)
		} else {
			early = append(early, sample...)
		}
		i++
	}
	return early, late
}

// arrive puts the early or the late samples where a deployment reads them.
func (s *crashSamples) arrive(t testing.TB, name, to string) {
	t.Helper()
	noError(t, os.MkdirAll(to, 0o755))
	files, err := os.ReadDir(filepath.Join(s.dir, name))
	noError(t, err)
	for _, f := range files {
		noError(t, os.Link(filepath.Join(s.dir, name, f.Name()), filepath.Join(to, f.Name())))
	}
}

// A saved is an invoice that an ERP has.
type saved struct {
	key, tenant string
	lines       []savedLine
}

type savedLine struct{ datacenter, service, value, unit string }

// billed adds up what invoices bill, without what comes to nothing.
func billed(t testing.TB, invoices []saved) map[line]string {
	t.Helper()
	sums := map[line]decimal.Decimal{}
	for _, inv := range invoices {
		for _, l := range inv.lines {
			key := line{inv.tenant, l.datacenter, l.service, l.unit}
			value, err := decimal.NewFromString(l.value)
			noError(t, err)
			sums[key] = sums[key].Add(value)
		}
	}
	text := map[line]string{}
	for key, sum := range sums {
		if !sum.IsZero() {
			text[key] = sum.String()
		}
	}
	return text
}
