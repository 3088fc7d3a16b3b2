package archive_test

import (
	"bytes"
	"errors"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/archive"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// dec reads a figure of a test.
func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

func hour(text string) usage.Span { return usage.WindowAt(at(text)) }

// ledgerOf is a ledger with one record of each kind, and all of their fields.
func ledgerOf(t *testing.T) []ledger.Record {
	zone, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	block := usage.Span{Start: at("2013-07-31T12:00:00Z").In(zone), End: at("2013-08-31T12:00:00Z").In(zone)}
	earlier := usage.Span{Start: at("2013-06-30T12:00:00Z"), End: at("2013-07-31T12:00:00Z")}
	entry := func(volume string, window usage.Span) usage.Entry {
		return usage.Entry{Source: "object", Meter: "volume.size", Resource: "v<1>", Window: window, Volume: usage.Volume{
			Tenant: "t1", Datacenter: "north", Service: "volume.size", Volume: dec(volume), Unit: "gigabyte hour", Samples: 6,
		}}
	}
	first := hour("2013-08-05T10:20:30Z")
	series := ledger.Series{Source: "object", Meter: "volume.size", Resource: "v<1>"}
	return []ledger.Record{
		{Tenant: &usage.Tenant{ID: "t1", Name: "Kākāpō & Sons", Extra: map[string]string{"partner": "ref-7"}}},
		{Mark: &ledger.Mark{Source: "object", From: first.Start, Through: first.End}},
		{Mark: &ledger.Mark{Tenant: "t1", Source: "object", From: first.Start, Through: first.End}},
		{Meter: &ledger.MeterMark{Source: "object", Meter: "volume.size", Through: first.End, Rule: "b3f-_"}},
		{Resource: &ledger.Resource{Tenant: "t1", ID: "v<1>", Meter: "volume.size", Type: "Volume", Info: map[string]string{"name": "disk"}, Seen: at("2013-08-05T10:59:59.999999999Z")}},
		{Fold: &ledger.SeriesFold{Series: series, Fold: ledger.Fold{
			Window: first, Samples: 6, Digest: "rule:abc", State: usage.State{Data: `{"dc":"north"}`, Until: at("2013-08-05T11:30:00Z")},
			Entries: []usage.Entry{entry("0.1234567890123456789", first)},
			Gaps:    []usage.Gap{{Tenant: "t1", From: at("2013-08-05T10:00:00.000000001Z"), To: at("2013-08-05T10:20:30Z")}, {Tenant: "t1", From: at("2013-08-05T10:50:00Z")}},
		}}},
		{Fold: &ledger.SeriesFold{Series: series, Fold: ledger.Fold{Window: first.Next(), Pruned: true}}},
		{Order: &ledger.OrderRecord{
			Order: ledger.Order{
				Order: invoice.Order{
					Key: "0a1b", Attempt: 2, Tenant: invoice.Tenant{ID: "t1", Name: "Kākāpō", Extra: map[string]string{"partner": "ref-6"}},
					Block: block, Currency: "NZD", Digits: 2, Date: at("2013-09-02T00:00:00Z").In(zone),
				},
				Deployment: "nz-prod", Adapter: "example.com/erp:Invoice", Status: ledger.Settled, Reserves: true,
				Reason: "", Reference: "INV/7", Total: dec("-0.05"), Claimed: at("2013-09-02T00:00:00.5Z"), Changed: at("2013-09-02T00:00:01Z"),
				ValueDigits: 6, Rounding: "half-even",
				Items: []ledger.Item{{
					Item: invoice.Item{
						Datacenter: "north", Name: "volume.size", Value: dec("-1.5"), Unit: "gigabyte hour", Resource: "v<1>", Description: "Volume disk",
						Cost: dec("0.000123"), Amount: dec("-0.05"), Adjusts: earlier,
					},
					Volume: dec("-1.50"), Measured: "gigabyte hour", Meters: []string{"volume.size"}, Begun: "hour", Before: dec("12.25"),
				}},
			},
			History: []ledger.Change{
				{Note: ledger.Note{At: at("2013-09-02T00:00:00.5Z"), By: "host", Reason: "artifice bill"}, Status: ledger.Claimed, Holder: "host:1"},
				{Note: ledger.Note{At: at("2013-09-02T00:00:01Z"), By: "host"}, Status: ledger.Settled, Reference: "INV/7"},
			},
		}},
		{Adjustment: &ledger.Adjustment{Entry: entry("-1.50", first), Order: "0a1b"}},
		{Adjustment: &ledger.Adjustment{Entry: entry("3", first)}},
		{Sum: &ledger.Sum{Entry: entry("1e3", block), Order: "0a1b", Entries: 744}},
	}
}

func each(records []ledger.Record) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func write(t *testing.T, records []ledger.Record) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := archive.Write(&out, "nz-prod", each(records)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func read(text string) (records []ledger.Record, deployment string, err error) {
	r, err := archive.NewReader("ledger.jsonl", strings.NewReader(text))
	if err != nil {
		return nil, "", err
	}
	for record, err := range r.Records() {
		if err != nil {
			return nil, "", err
		}
		records = append(records, record)
	}
	return records, r.Deployment(), nil
}

// alike compares instants as instants, in the zones that they must have.
var alike = cmp.Options{
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location().String() == b.Location().String() }),
	cmp.Comparer(func(a, b decimal.Decimal) bool { return a.Equal(b) }),
}

func TestWriteAndRead(t *testing.T) {
	want := ledgerOf(t)
	text := write(t, want)
	got, deployment, err := read(text)
	if err != nil {
		t.Fatal(err)
	}
	if deployment != "nz-prod" {
		t.Errorf("the deployment is %q", deployment)
	}
	// The block of a sum, and the block that an item adjusts, are instants.
	sum := want[len(want)-1].Sum
	sum.Window = usage.Span{Start: sum.Window.Start.UTC(), End: sum.Window.End.UTC()}
	if diff := cmp.Diff(want, got, alike); diff != "" {
		t.Errorf("read is not what was written (-written +read):\n%s", diff)
	}
	if again := write(t, got); again != text {
		t.Errorf("what was read is written in another way:\n%s", cmp.Diff(text, again))
	}
}

// The format is a promise: archives are kept.
func TestFormat(t *testing.T) {
	const path = "testdata/version-3.jsonl"
	text := write(t, ledgerOf(t))
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden), text); diff != "" {
		t.Errorf("the format has changed: it needs another version (-golden +now):\n%s", diff)
	}
}

// Version 1 had no records of meters, and version 2 no rules in them.
func TestEarlierVersions(t *testing.T) {
	for path, want := range map[string][]ledger.Record{
		"testdata/version-1.jsonl": slices.DeleteFunc(ledgerOf(t), func(r ledger.Record) bool { return r.Meter != nil }),
		"testdata/version-2.jsonl": withoutRules(ledgerOf(t)),
	} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := read(string(text))
		if err != nil {
			t.Fatal(err)
		}
		if a, b := write(t, want), write(t, got); a != b {
			t.Errorf("%s (-want +got):\n%s", path, cmp.Diff(a, b))
		}
	}
}

func withoutRules(records []ledger.Record) []ledger.Record {
	for _, r := range records {
		if r.Meter != nil {
			r.Meter.Rule = ""
		}
	}
	return records
}

// The order in which an error ends the writing: nothing that looks whole is
// left behind.
func TestWriteFails(t *testing.T) {
	failed := errors.New("the store is gone")
	var out bytes.Buffer
	_, err := archive.Write(&out, "", func(yield func(ledger.Record, error) bool) {
		_ = yield(ledgerOf(t)[0], nil) && yield(ledger.Record{}, failed)
	})
	if !errors.Is(err, failed) {
		t.Errorf("the error is %v", err)
	}
	if _, _, err := read(out.String()); err == nil {
		t.Error("half a ledger can be read")
	}
	for name, record := range map[string]ledger.Record{
		"of no kind": {},
		"of two":     {Tenant: &usage.Tenant{ID: "t"}, Mark: &ledger.Mark{}},
		"not UTF-8":  {Fold: &ledger.SeriesFold{Fold: ledger.Fold{Digest: "\xff"}}},
	} {
		if _, err := archive.Write(&out, "", each([]ledger.Record{record})); err == nil || !strings.HasPrefix(err.Error(), "record 1: ") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestBroken(t *testing.T) {
	whole := write(t, ledgerOf(t))
	lines := strings.SplitAfter(whole, "\n")
	lines = lines[:len(lines)-1]
	last := len(lines) - 1
	with := func(i int, line string) string {
		changed := slices.Clone(lines)
		changed[i] = line
		return strings.Join(changed, "")
	}
	tests := []struct{ name, text, want string }{
		{"nothing", "", "ledger.jsonl:1: the file is cut short: its last line is missing"},
		{"something else", "{\"a\":1}\n", "ledger.jsonl:1: this is no ledger that artifice export has written"},
		{"of something else", "{\"artifice\":\"usage\",\"version\":1}\n", "ledger.jsonl:1: this is no ledger that artifice export has written"},
		{"a later version", with(0, "{\"artifice\":\"ledger\",\"version\":4}\n"), "ledger.jsonl:1: the format is version 4, and this program reads 1 to 3: read it with the program that wrote it"},
		{"without its end", strings.Join(lines[:last], ""), "ledger.jsonl:13: the file is cut short: its last line is missing"},
		{"half a line", whole[:len(whole)-20], "ledger.jsonl:13: the file is cut short: its last line is missing"},
		{"a line less", strings.Join(slices.Concat(lines[:2], lines[3:]), ""), "ledger.jsonl:12: 11 records were written, and there are 10: the file was changed"},
		{"another figure", with(8, strings.Replace(lines[8], "-1.5", "-1.6", 1)), "ledger.jsonl:13: the checksum is "},
		{"two lines swapped", strings.Join(slices.Concat(lines[:2], []string{lines[3], lines[2]}, lines[4:]), ""), "ledger.jsonl:13: the checksum is "},
		{"more after the end", whole + "{}\n", "ledger.jsonl:13: there is more after the last line"},
		{"an unknown kind", with(3, "{\"invoice\":{}}\n"), `ledger.jsonl:4: json: unknown field "invoice"`},
		{"an unknown field", with(1, "{\"tenant\":{\"id\":\"t1\",\"nmae\":\"x\"}}\n"), `ledger.jsonl:2: json: unknown field "nmae"`},
		{"no kind", with(3, "{}\n"), "ledger.jsonl:4: a record of 0 kinds, not of one"},
		{"two kinds", with(3, "{\"tenant\":{\"id\":\"t1\"},\"mark\":{}}\n"), "ledger.jsonl:4: a record of 2 kinds, not of one"},
		{"no JSON", with(3, "volume\n"), "ledger.jsonl:4: invalid character 'v' looking for beginning of value"},
		{"two values", with(3, "{\"tenant\":{\"id\":\"t1\"}} {}\n"), "ledger.jsonl:4: more than one value in a line"},
		{"a figure like a bomb", with(8, strings.Replace(lines[8], `"-1.5"`, `"1e999999999"`, 1)), `ledger.jsonl:9: "1e999999999" is no figure such as "-12.5"`},
		{"a figure that is a number", with(8, strings.Replace(lines[8], `"-1.5"`, `-1.5`, 1)), `ledger.jsonl:9: -1.5 is no figure such as "-12.5"`},
		{"no such zone", with(8, strings.Replace(lines[8], "Pacific/Auckland", "Pacific/Atlantis", 1)), `ledger.jsonl:9: order 0a1b: time zone "Pacific/Atlantis" is not known here`},
		{"this machine's zone", with(8, strings.Replace(lines[8], "Pacific/Auckland", "Local", 1)), `ledger.jsonl:9: order 0a1b: time zone "Local" is not known here`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := read(test.text)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("the error is\n%v, want\n%s", err, test.want)
			}
		})
	}
}

// Whatever is read without an error is written again as it was.
func FuzzRead(f *testing.F) {
	f.Add("")
	f.Add("{\"artifice\":\"ledger\",\"version\":1}\n{\"end\":{\"records\":0,\"sha256\":\"\"}}\n")
	if golden, err := os.ReadFile("testdata/version-1.jsonl"); err == nil {
		f.Add(string(golden))
	}
	f.Fuzz(func(t *testing.T, text string) {
		records, deployment, err := read(text)
		if err != nil {
			return
		}
		var first, second bytes.Buffer
		if _, err := archive.Write(&first, deployment, each(records)); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, _, err := read(first.String())
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if _, err := archive.Write(&second, deployment, each(again)); err != nil || first.String() != second.String() {
			t.Fatalf("two ways to write it (%v):\n%s\n%s", err, first.String(), second.String())
		}
	})
}
