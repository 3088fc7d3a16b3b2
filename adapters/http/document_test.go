package http

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/usage"
)

// The whole document, written out.
func TestDocument(t *testing.T) {
	m := &memory{}
	a, _ := open(t, defaults(t, m.start(t).URL))
	order := august()
	order.Tenant.Extra = map[string]string{"partner": "0042", "contact": "x@example.org"}
	july := order.Block
	july.Start, july.End = july.Start.AddDate(0, -1, 0), july.Start
	back := item("south", "volume.size", "-3", "gigabyte hour", "0.5", "-1.5")
	back.Adjusts, back.Resource, back.Description = july, "disk-1", "Volume"
	inv := filled(t, a, order,
		item("north", "m1.nano", "744", "hour", "0.015", "11.16"),
		back,
		item("north", "image.size", "0.000001", "GB", "12345678901234.567891", "12345678.90")) // 12345678.901234...
	if _, err := inv.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	const want = `{"key":"5f0e8c6a7d5b4c3a2b1c0d9e8f7a6b5c",` +
		`"tenant":{"id":"cd3deadd3d5a4f11802d03928195f4ef","name":"acme","extra":{"contact":"x@example.org","partner":"0042"}},` +
		`"block":{"start":"2013-07-31T12:00:00Z","end":"2013-08-31T12:00:00Z","label":"2013-08"},` +
		`"currency":"NZD","date":"2013-09-01T21:30:00Z","sections":[` +
		`{"name":"north","lines":[` +
		`{"name":"m1.nano","description":"","resource":"","value":"744","unit":"hour","cost":"0.015","amount":"11.16"},` +
		`{"name":"image.size","description":"","resource":"","value":"0.000001","unit":"GB","cost":"12345678901234.567891","amount":"12345678.90"}` +
		`],"subtotal":"12345690.06"},` + // 11.16 + 12345678.90
		`{"name":"south","lines":[` +
		`{"name":"volume.size","description":"Volume","resource":"disk-1","value":"-3","unit":"gigabyte hour","cost":"0.5","amount":"-1.50",` +
		`"adjusts":{"start":"2013-06-30T12:00:00Z","end":"2013-07-31T12:00:00Z","label":"2013-07"}}` +
		`],"subtotal":"-1.50"}` +
		`],"total":"12345688.56"}` // 12345690.06 - 1.50
	if diff := cmp.Diff(want, strings.TrimSpace(string(m.bodies[0]))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	r := m.seen[0]
	for name, want := range map[string]string{
		"Idempotency-Key": `"5f0e8c6a7d5b4c3a2b1c0d9e8f7a6b5c"`,
		"Content-Type":    "application/json", "Accept": "application/json", "User-Agent": "artifice",
		"Authorization": "", "Webhook-Id": "", "Webhook-Signature": "", "Accept-Encoding": "",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// An order that comes out of a store, its times in another zone and its
// decimals with other zeros, has the same bytes.
func TestTheSameOrderHasTheSameBytes(t *testing.T) {
	m := &memory{}
	a, _ := open(t, defaults(t, m.start(t).URL))
	order := august()
	line := item("north", "m1.nano", "744", "hour", "0.015", "11.16")
	line.Adjusts = order.Block
	again, same := order, item("north", "m1.nano", "744.000", "hour", "0.0150", "11.160")
	again.Date = order.Date.UTC()
	same.Adjusts = usage.Span{Start: order.Block.Start.UTC(), End: order.Block.End.UTC()}
	for _, inv := range []invoice.Invoice{filled(t, a, order, line), filled(t, a, again, same)} {
		if _, err := inv.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.twice) != 0 {
		t.Errorf("other bytes:\n%s\n%s", m.bodies[0], m.bodies[1])
	}
}

func TestLabel(t *testing.T) {
	kolkata := time.FixedZone("IST", 5*3600+1800)
	nz := time.FixedZone("NZST", 12*3600)
	at := func(zone *time.Location, month time.Month, day, hour, minute int) time.Time {
		return time.Date(2013, month, day, hour, minute, 0, 0, zone)
	}
	for _, tc := range []struct {
		start, end time.Time
		zone       *time.Location
		want       string
	}{
		{at(nz, 8, 1, 0, 0), at(nz, 9, 1, 0, 0), nz, "2013-08"},
		{at(nz, 12, 1, 0, 0), at(nz, 13, 1, 0, 0), nz, "2013-12"},
		{at(nz, 8, 1, 0, 0).UTC(), at(nz, 9, 1, 0, 0).UTC(), nz, "2013-08"},
		// Months there begin at 18:30 UTC; blocks at the next whole hour.
		{at(kolkata, 8, 1, 0, 30), at(kolkata, 9, 1, 0, 30), kolkata, "2013-08"},
		{at(nz, 8, 1, 0, 0), at(nz, 8, 15, 0, 0), nz, "2013-08-01 to 2013-08-15"},
		{at(nz, 8, 2, 0, 0), at(nz, 9, 1, 0, 0), nz, "2013-08-02 to 2013-09-01"},
		{at(nz, 8, 1, 0, 0), at(nz, 10, 1, 0, 0), nz, "2013-08-01 to 2013-10-01"},
		{at(nz, 8, 1, 0, 0), at(nz, 9, 1, 1, 0), nz, "2013-08-01 to 2013-09-01T01:00+12:00"},
		{at(time.UTC, 8, 1, 7, 0), at(time.UTC, 8, 1, 8, 0), time.UTC, "2013-08-01T07:00Z to 2013-08-01T08:00Z"},
	} {
		if got := label(usage.Span{Start: tc.start, End: tc.end}, tc.zone); got != tc.want {
			t.Errorf("label of %v to %v in %v is %q, want %q", tc.start, tc.end, tc.zone, got, tc.want)
		}
	}
}

// Whatever names hold, the document is JSON and the names come out of it.
func TestHostileNames(t *testing.T) {
	m := &memory{}
	a, _ := open(t, defaults(t, m.start(t).URL))
	hostile := "\r\nX-Evil: 1\r\n\r\n{\"total\":\"0\"}\x00\x1b[2J\u2028\u202e\"\\</script>"
	order := august()
	order.Tenant.ID, order.Tenant.Name, order.Tenant.Extra = hostile, hostile, map[string]string{hostile: hostile}
	line := item(hostile, hostile, "1", hostile, "1", "1")
	line.Resource, line.Description = hostile, hostile+"\xff"
	if _, err := filled(t, a, order, line).Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tenant   struct{ ID, Name string }
		Sections []struct {
			Name  string
			Lines []struct{ Name, Unit, Resource, Description string }
		}
		Total string
	}
	if err := json.Unmarshal(m.bodies[0], &got); err != nil {
		t.Fatal(err)
	}
	l := got.Sections[0].Lines[0]
	for _, name := range []string{got.Tenant.ID, got.Tenant.Name, got.Sections[0].Name, l.Name, l.Unit, l.Resource, strings.TrimSuffix(l.Description, "\ufffd")} {
		if name != hostile {
			t.Errorf("%q came out as %q", hostile, name)
		}
	}
	if got.Total != "1.00" || m.seen[0].Header.Get("X-Evil") != "" || len(m.seen) != 1 {
		t.Errorf("total %s, headers %v, %d requests", got.Total, m.seen[0].Header, len(m.seen))
	}
	for _, c := range m.bodies[0] {
		if c < ' ' && c != '\n' {
			t.Errorf("the document has the control character %#x", c)
		}
	}
}

func TestRefusedBeforeAnythingIsSent(t *testing.T) {
	m := &memory{}
	a, _ := open(t, defaults(t, m.start(t).URL))
	for _, key := range []string{"", "ABC", "a b", "a\r\nX-Evil: 1", `a"`, "ä", "a&b", "../a"} {
		order := august()
		order.Key = key
		if _, err := a.NewInvoice(t.Context(), order); class(err) != "permanent" {
			t.Errorf("the key %q: %v", key, err)
		}
	}
	inv := filled(t, a, august(), item("north", "m1.nano", "1", "hour", "1", "1.10"))
	if err := inv.AddLine(item("north", "m1.nano", "1", "hour", "1.005", "1.005")); class(err) != "permanent" ||
		!strings.Contains(err.Error(), "more than the 2 digits of NZD") {
		t.Errorf("AddLine of an amount that is not rounded: %v", err)
	}
	if m.requests() != 0 {
		t.Errorf("%d requests", m.requests())
	}
}
