package deployment_test

import (
	"context"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/deployment"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// registry is one of adapters that take any section, but for the transformer,
// which has the options factor (required) and unit.
func registry() deployment.Registry {
	return deployment.Registry{
		Invoices:     []deployment.Adapter[invoice.ERP]{adapter[invoice.ERP]("invoice:object", "Invoice")},
		Sources:      []deployment.Adapter[usage.Source]{adapter[usage.Source]("source:object", "Source")},
		Stores:       []deployment.Adapter[ledger.Store]{adapter[ledger.Store]("store:object", "Store")},
		Transformers: []deployment.Adapter[usage.Transformer]{{Compiled: compiled("transformer:times", "Times"), Bind: bindTimes}},
	}
}

func compiled(key, typ string) config.Compiled {
	return config.Compiled{Key: key, Reference: "adapters.test:" + typ, Package: "github.com/openstack-artifice/artifice/adapters/test", Type: typ}
}

func adapter[T any](key, typ string) deployment.Adapter[T] {
	return deployment.Adapter[T]{Compiled: compiled(key, typ), Bind: func(s *config.Section) (deployment.Open[T], error) {
		var text string
		b := config.Bind(s)
		config.Field(b, &text, config.String, "text")
		return func(context.Context) (t T, err error) { return t, nil }, b.Done()
	}}
}

// times is a transformer of an outside author.
type times struct {
	usage.Sum
	factor int
	label  string
}

func bindTimes(s *config.Section) (deployment.Open[usage.Transformer], error) {
	var t times
	b := config.Bind(s)
	config.Field(b, &t.factor, config.Int[int], "factor", config.Required())
	config.Field(b, &t.label, config.String, "label")
	return func(context.Context) (usage.Transformer, error) { return t, nil }, b.Done()
}

const adapters = `
invoice:object = adapters.test:Invoice
source:object = adapters.test:Source
store:object = adapters.test:Store
transformer:times = adapters.test:Times
[transformer:times]
factor = 2
`

func load(t *testing.T, text string) (*deployment.Deployment, error) {
	t.Helper()
	f, err := config.Parse("artifice.ini", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return registry().Load(f)
}

func TestMistakes(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "[main]\ndeployment = x", `
artifice.ini:1:1: [main] has no invoice:object, but this program was compiled with invoice:object = "adapters.test:Invoice" (add the line, or run go generate and build again)
artifice.ini:1:1: [main] has no source:object, but this program was compiled with source:object = "adapters.test:Source" (add the line, or run go generate and build again)
artifice.ini:1:1: [main] has no store:object, but this program was compiled with store:object = "adapters.test:Store" (add the line, or run go generate and build again)
artifice.ini:1:1: [main] has no transformer:times, but this program was compiled with transformer:times = "adapters.test:Times" (add the line, or run go generate and build again)
artifice.ini:1:1: [main] needs the key "currency"`},
		{"plain keys", "[main]\ndeployment = x\ncurrency = nzd\ntimezone = Auckland\nrounding = up\nvalue_digits = 19\nsettle_after = -1h\nbill_from = 2013-08-01T00:30:00Z\ncurency = NZD" + adapters, `
artifice.ini:3:12: [main] currency: "nzd" is not an ISO 4217 code (write NZD)
artifice.ini:4:12: [main] timezone: "Auckland" is not a time zone (write an IANA name such as Pacific/Auckland, or UTC)
artifice.ini:5:12: [main] rounding: "up" is no way to round (write half-away-from-zero or half-even)
artifice.ini:6:16: [main] value_digits: 19 is not between 0 and 18
artifice.ini:7:16: [main] settle_after: "-1h" is negative
artifice.ini:8:13: [main] bill_from: "2013-08-01T00:30:00Z" is not on a window border, a whole UTC hour (write 2013-08-01T01:00:00Z)
artifice.ini:9:1: [main] unknown key "curency" (did you mean "currency"?)`},
		{"no such currency", "[main]\ndeployment = x\ncurrency = QQQ" + adapters, `
artifice.ini:3:12: [main] currency: QQQ is not an ISO 4217 code (write EUR, NZD, USD ...)`},
		{"meters", "[main]\ndeployment = x\ncurrency = NZD" + adapters + `
[meter:instance]
hold = 0s
unit = hour
[meter:gpu]
type = GPU
[meter:cpu]
transformer = sums
[meter:vpn]
transformer = max
hold = 1h
billed = perhaps
[meter:lb]
transformer = times
factor = many
[meter:]
transformer = max`, `
artifice.ini:11:1: [meter:instance] unit: uptime is measured in seconds, not in hour (what one unit of a cost is belongs to the rates)
artifice.ini:12:8: [meter:instance] hold: "0s" is no time to hold a state for (write 1h)
artifice.ini:14:1: [meter:gpu] needs the key "transformer" (one of cumulative, database_uptime, database_volume_max, from_image, integral, max, network_service, numbool, object_storage_max, storage_max, sum, times, uptime, uptime_sampled)
artifice.ini:17:15: [meter:cpu] transformer: there is no "sums" (did you mean "sum"? there are cumulative, database_uptime, database_volume_max, from_image, integral, max, network_service, numbool, object_storage_max, storage_max, sum, times, uptime, uptime_sampled)
artifice.ini:20:1: [meter:vpn] unknown key "hold" (it takes no keys)
artifice.ini:21:10: [meter:vpn] billed: "perhaps" is neither true nor false (write true, yes, on, 1 or false, no, off, 0)
artifice.ini:24:10: [meter:lb] factor: "many" is not a whole number
artifice.ini:25:1: [meter:] names no meter (write [meter:instance])`},
		{"sections", "[main]\ndeployment = x\ncurrency = NZD" + adapters + "[invoice:objekt]\n[metre:instance]", `
artifice.ini:10:1: section [invoice:objekt] belongs to no key of [main] (did you mean [invoice:object]?)
artifice.ini:11:1: section [metre:instance] belongs to no key of [main]`},
		{"a section whose key is missing", "[main]\ndeployment = x\ncurrency = NZD" + strings.Replace(adapters, "source:object", "#", 1) + "[source:object]", `
artifice.ini:1:1: [main] has no source:object, but this program was compiled with source:object = "adapters.test:Source" (add the line, or run go generate and build again)
artifice.ini:10:1: section [source:object] belongs to no key of [main] (the key source:object is missing there)`},
		{"a transformer that no meter uses is checked, too", "[main]\ndeployment = x\ncurrency = NZD" + strings.Replace(adapters, "factor = 2", "factr = 2", 1), `
artifice.ini:8:1: [transformer:times] needs the key "factor"
artifice.ini:9:1: [transformer:times] unknown key "factr" (did you mean "factor"?)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := load(t, test.text)
			if err == nil {
				t.Fatal("no mistake was found")
			}
			if diff := cmp.Diff(strings.TrimSpace(test.want), err.Error()); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

// A transformer that is called like a built-in one would take the meters that
// have a section, and no others.
func TestTransformersOfOneName(t *testing.T) {
	r := registry()
	r.Transformers[0].Key = "transformer:uptime"
	text := "[main]\ndeployment = x\ncurrency = NZD" + strings.ReplaceAll(adapters, ":times", ":uptime") + "[meter:instance]\nbilled = no\n"
	f, err := config.Parse("artifice.ini", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := `artifice.ini:7:1: transformer:uptime: there is a built-in transformer of this name (give yours another, here and in the meters that use it)`
	if _, err := r.Load(f); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestReferencesThatMeanTheSame(t *testing.T) {
	text := "[main]\ndeployment = x\ncurrency = NZD" + adapters
	for reference, ok := range map[string]bool{
		"adapters.test:Invoice": true,
		"github.com/openstack-artifice/artifice/adapters/test:Invoice": true,
		"adapters.test:Other":                   false,
		"adapters.tests:Invoice":                false,
		"github.com/acme/adapters/test:Invoice": false,
		"adapters.test":                         false,
	} {
		_, err := load(t, strings.Replace(text, "adapters.test:Invoice", reference, 1))
		if ok != (err == nil) {
			t.Errorf("%s: %v", reference, err)
		}
		if !ok && !strings.Contains(err.Error(), "run go generate and build again") {
			t.Errorf("%s: %v gives no remedy", reference, err)
		}
	}
}

func TestMainKeys(t *testing.T) {
	d, err := load(t, "[main]\ndeployment = nz-prod\ncurrency = JPY\ntimezone = Pacific/Auckland\nrounding = half-even\nvalue_digits = 3\nsettle_after = 2d\nbill_from = 2013-08-01"+adapters)
	if err != nil {
		t.Fatal(err)
	}
	if d.Deployment != "nz-prod" || d.Currency != "JPY" || d.Digits != 0 || d.Timezone.String() != "Pacific/Auckland" || !d.HalfEven || d.ValueDigits != 3 || d.SettleAfter != 48*time.Hour {
		t.Errorf("main is %+v", d.Main)
	}
	// Midnight in Auckland, twelve hours ahead.
	if want := time.Date(2013, 7, 31, 12, 0, 0, 0, time.UTC); !d.BillFrom.Equal(want) {
		t.Errorf("bill from %v, want %v", d.BillFrom, want)
	}
	d, err = load(t, "[main]\ndeployment = x\ncurrency = NZD"+adapters)
	if err != nil {
		t.Fatal(err)
	}
	if d.Timezone != time.UTC || d.HalfEven || d.ValueDigits != 6 || d.SettleAfter != 24*time.Hour || !d.BillFrom.IsZero() || d.Digits != 2 {
		t.Errorf("the defaults are %+v", d.Main)
	}
	if d.Invoice.Name() != "object" || len(d.Sources) != 1 {
		t.Errorf("adapters %+v", d)
	}
}

func TestMinorUnits(t *testing.T) {
	// ISO 4217, list one; the CLDR has 0 digits for IQD.
	for code, want := range map[string]int32{"NZD": 2, "EUR": 2, "JPY": 0, "ISK": 0, "BHD": 3, "IQD": 3, "CLF": 4} {
		d, err := load(t, "[main]\ndeployment = x\ncurrency = "+code+adapters)
		if err != nil {
			t.Fatal(err)
		}
		if d.Digits != want {
			t.Errorf("%s has %d digits, want %d", code, d.Digits, want)
		}
	}
}

func TestMeters(t *testing.T) {
	d, err := load(t, "[main]\ndeployment = x\ncurrency = NZD"+adapters+`
[meter:instance]
hold = 2h
tracked_states = active, paused
metadata.name = hostname
[meter:volume.size]
billed = false
[meter:vm_hours]
meter = instance
transformer = numbool
service = vm
[meter:gpu]
transformer = times
factor = 3
[meter:tpu]
transformer = times
label = t`)
	if err != nil {
		t.Fatal(err)
	}
	all, err := d.Meters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	meters := map[string]usage.Meter{}
	for _, m := range all {
		meters[m.Name] = m
	}
	if len(all) != len(usage.DefaultMeters())+3 {
		t.Errorf("%d meters", len(all))
	}
	uptime, ok := meters["instance"].Transformer.(usage.Uptime)
	if !ok || uptime.Hold != 2*time.Hour || cmp.Diff([]string{"active", "paused"}, uptime.Tracked) != "" {
		t.Errorf("instance: %+v", meters["instance"].Transformer)
	}
	if got := meters["instance"].Metadata["name"]; cmp.Diff([]string{"hostname"}, got) != "" {
		t.Errorf("the name is taken from %v", got)
	}
	if meters["volume.size"].Billed || !meters["instance"].Billed {
		t.Error("billed = false does not hold for just its meter")
	}
	if m := meters["vm_hours"]; m.Meter != "instance" || m.Service != "vm" {
		t.Errorf("vm_hours: %+v", m)
	}
	// A meter's options go over the transformer's section, for that meter alone.
	if m := meters["gpu"].Transformer.(times); m.factor != 3 || m.label != "" {
		t.Errorf("gpu: %+v", m)
	}
	if m := meters["tpu"].Transformer.(times); m.factor != 2 || m.label != "t" {
		t.Errorf("tpu: %+v", m)
	}
}
