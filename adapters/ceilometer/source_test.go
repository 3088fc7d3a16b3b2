package ceilometer

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/datacenter"
	"github.com/openstack-artifice/artifice/usage"
)

// write fills a new directory with files, those called *.gz compressed.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".gz") {
			text = compress(t, text)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func compress(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// collect reads everything that a source gives. In messages the directory is
// left out.
func collect(t *testing.T, c Config, q usage.Query) (samples []usage.Sample, messages []string) {
	t.Helper()
	source, err := NewSource(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for sample, err := range source.Samples(t.Context(), q) {
		if err != nil {
			messages = append(messages, strings.ReplaceAll(err.Error(), string(c.Path), "DIR"))
			continue
		}
		samples = append(samples, sample)
	}
	return samples, messages
}

// read is collect where no mistake is expected.
func read(t *testing.T, c Config, q usage.Query) []usage.Sample {
	t.Helper()
	samples, messages := collect(t, c, q)
	if messages != nil {
		t.Fatalf("mistakes:\n%s", strings.Join(messages, "\n"))
	}
	return samples
}

// samplesOf yields everything that a document gives, also what is left out.
func samplesOf(t *testing.T, d *document) iter.Seq2[usage.Sample, error] {
	return func(yield func(usage.Sample, error) bool) {
		more := true
		each := func(s usage.Sample, err error) bool {
			more = more && yield(s, err)
			return more
		}
		newParser(placing{}, usage.Query{LeftOut: func(s usage.Sample, _ string) { each(s, nil) }}).samples(t.Context(), d, each)
	}
}

// plain is a well-formed sample with a text put into it, or a part replaced.
func plain(pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(`{"id":"1","meter":"instance","type":"gauge","unit":"instance","volume":1.0,` +
		`"project_id":"acme","resource_id":"vm","timestamp":"2013-08-04T23:29:05","metadata":{}}`)
}

var equalVolumes = cmp.Comparer(func(a, b decimal.Decimal) bool { return a.Equal(b) && a.String() == b.String() })

func TestSampleIsReadWhole(t *testing.T) {
	query := usage.Query{Meters: []string{"network.incoming.bytes"}, Metadata: []string{"name", "mac", "absent"}}
	got := read(t, Config{Path: "testdata/2014.json", Rules: datacenter.Rules{DatacenterKey: []string{"zone"}}}, query)
	if len(got) != 2 {
		t.Fatalf("%d samples, want 2", len(got))
	}
	want := usage.Sample{
		ID:         "4be86a2a-9391-11e3-aaab-08002705114b",
		Meter:      "network.incoming.bytes",
		Kind:       usage.Cumulative,
		Unit:       "B",
		Tenant:     "3f7b702e4ca14cd99aebf4c4320e00ec",
		Resource:   "nova-instance-instance-00000001-fa163edf2e3c",
		Datacenter: "RegionOne",
		Assumed:    true,
		Volume:     decimal.New(11938, 0),
		HasVolume:  true,
		Time:       time.Date(2014, 2, 12, 2, 56, 40, 0, time.UTC),
		Metadata:   map[string]string{"name": "tapa3addd6a-ca", "mac": "fa:16:3e:df:2e:3c"},
		Origin:     usage.Origin{Name: "testdata/2014.json", Line: 54, Index: 2},
	}
	if diff := cmp.Diff(want, got[0], equalVolumes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestShapesAreEqual(t *testing.T) {
	var old []usage.Sample
	for _, name := range []config.Path{"testdata/2013.json", "testdata/2014.json"} {
		old = append(old, read(t, Config{Path: name}, usage.Query{})...)
	}
	if len(old) != 6 {
		t.Fatalf("%d samples, want 6", len(old))
	}
	for _, name := range []config.Path{"testdata/new.json", "testdata/publisher.jsonl", "testdata/publisher-python.jsonl"} {
		got := read(t, Config{Path: name}, usage.Query{})
		if diff := cmp.Diff(old, got, equalVolumes, cmpopts.IgnoreFields(usage.Sample{}, "Origin")); diff != "" {
			t.Errorf("%s: -old +new:\n%s", name, diff)
		}
	}
}

func TestFilesInOrder(t *testing.T) {
	one := func(id string) string { return plain(`"1"`, `"`+id+`"`) }
	dir := write(t, map[string]string{
		"b/1.json":        "[" + one("b1") + "]",
		"b/.hidden.json":  "not read",
		"b/deep/x.json":   one("bx"),
		".git/a.json":     "not read",
		"a.json":          " [ " + one("a1") + " , " + one("a2") + " ] \n",
		"a.json.bak":      "not read",
		"c.jsonl":         one("c1") + "\n" + one("c2") + "\n",
		"d.jsonl.gz":      "[" + one("d1") + "]\n[]\n[" + one("d2") + "," + one("d3") + "]\n" + one("d4"),
		"e.json.gz":       "[" + one("e1") + "]",
		"empty.jsonl":     "",
		"README":          "not read",
		"none.json":       "[]",
		"g.json":          "\ufeff[" + one("g1") + "]",
		"h.jsonl.gz":      "\ufeff" + one("h1") + "\n" + one("h2"),
		"z.json/file.txt": "not read",
	})
	if err := os.Symlink(filepath.Join(dir, "a.json"), filepath.Join(dir, "f.json")); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range read(t, Config{Path: config.Path(dir)}, usage.Query{}) {
		got = append(got, s.ID)
	}
	want := strings.Fields("a1 a2 b1 bx c1 c2 d1 d2 d3 d4 e1 a1 a2 g1 h1 h2")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestQuery(t *testing.T) {
	dir := write(t, map[string]string{"a.json": "[" + strings.Join([]string{
		plain(`"1"`, `"on time"`),
		plain(`"1"`, `"late"`, "23:29:05", "23:29:06"),
		plain(`"1"`, `"other"`, `"meter":"instance"`, `"meter":"image"`),
		plain(`"1"`, `"escaped"`, `"meter":"instance"`, `"m\u0065ter":"inst\u0061nce"`),
		plain(`"1"`, `"not looked at"`, `"meter":"instance"`, `"meter":"other"`, "1.0", "-1", "acme", ""),
	}, ",") + "]"})
	for _, test := range []struct {
		query usage.Query
		want  string
	}{
		{usage.Query{Meters: []string{"instance"}}, "on time late escaped"},
		{usage.Query{Meters: []string{"instance", "image"}}, "on time late other escaped"},
		{usage.Query{Meters: []string{"instance"}, Before: time.Date(2013, 8, 4, 23, 29, 6, 0, time.UTC)}, "on time escaped"},
		{usage.Query{Meters: []string{"volume"}}, ""},
	} {
		var ids []string
		for _, s := range read(t, Config{Path: config.Path(dir)}, test.query) {
			ids = append(ids, s.ID)
		}
		if got := strings.Join(ids, " "); got != test.want {
			t.Errorf("%v gives %q, want %q", test.query, got, test.want)
		}
	}
}

func TestMetadata(t *testing.T) {
	dir := write(t, map[string]string{"a.json": plain(`"metadata":{}`, `"metadata": {"flat.key": "t\u00e9xt", "number": 1.50, "large": 1e400, "yes": true, "no": false,
		"nothing": null, "empty": "", "list": [ 1, {"a" : "]}" } ], "object": {"name": "n", "deeper": {"x": "\"}"}}, "q\"uote": "ends in \\", "host": "compute-1"}`)})
	all := map[string]string{
		"flat.key": "téxt", "number": "1.50", "large": "1e400", "yes": "true", "no": "false", "empty": "",
		"list": `[1,{"a":"]}"}]`, "object.name": "n", "object.deeper.x": `"}`, "host": "compute-1", `q"uote`: `ends in \`,
	}
	for _, test := range []struct {
		name string
		keys []string
		want map[string]string
	}{
		{"all", nil, all},
		{"some", []string{"flat.key", "object.deeper.x", "nothing", "absent"}, map[string]string{"flat.key": "téxt", "object.deeper.x": `"}`}},
		{"none there", []string{"object"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Config{Path: config.Path(dir), Rules: datacenter.Rules{DatacenterHost: map[string]string{"here": "compute-*"}}}
			got := read(t, c, usage.Query{Metadata: test.keys})
			if len(got) != 1 || got[0].Datacenter != "here" || got[0].Assumed {
				t.Fatalf("got %+v, want one sample that ran here", got)
			}
			if diff := cmp.Diff(test.want, got[0].Metadata); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestOptionalParts(t *testing.T) {
	// A sample takes nothing over from the one before.
	full := plain(`"unit":`, `"recorded_at":"2013-08-06T00:00:00","unit":`, "{}", `{"a":"1"}`) + " "
	dir := write(t, map[string]string{"a.json": full + plain(`"id":"1",`, ``, `"unit":"instance"`, `"unit":null`, `"volume":1.0,`, `"recorded_at":"2013-08-05 00:00:00.5",`, `"metadata":{}`, `"metadata":null,"counter_volume":null,"more":[{}]`) + plain()})
	got := read(t, Config{Path: config.Path(dir)}, usage.Query{})
	want := []usage.Sample{{
		Meter: "instance", Kind: usage.Gauge, Tenant: "acme", Resource: "vm", Datacenter: "RegionOne",
		Time:     time.Date(2013, 8, 4, 23, 29, 5, 0, time.UTC),
		Recorded: time.Date(2013, 8, 5, 0, 0, 0, 500_000_000, time.UTC),
		Origin:   usage.Origin{Name: filepath.Join(dir, "a.json"), Line: 1, Index: 2},
	}}
	if diff := cmp.Diff(want, got[1:2], equalVolumes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if last := got[2]; !last.Recorded.IsZero() || last.Unit != "instance" || !last.HasVolume {
		t.Errorf("the last sample is %+v", last)
	}
}

func TestSettingsAreNotMixedUp(t *testing.T) {
	// Keys and values whose texts run together are still told apart.
	var b strings.Builder
	for range 2 {
		for _, metadata := range []string{`{"a":"bc"}`, `{"ab":"c"}`, `{"a":"b","c":""}`, `{"a":"b\u0001c"}`, `{}`} {
			b.WriteString(plain(`"metadata":{}`, `"metadata":`+metadata))
		}
	}
	dir := write(t, map[string]string{"a.json": b.String()})
	want := []map[string]string{{"a": "bc"}, {"ab": "c"}, {"a": "b", "c": ""}, {"a": "b\x01c"}, nil}
	for i, s := range read(t, Config{Path: config.Path(dir)}, usage.Query{}) {
		if diff := cmp.Diff(want[i%5], s.Metadata); diff != "" {
			t.Errorf("sample %d: -want +got:\n%s", i+1, diff)
		}
	}
}

func TestContextEndsReading(t *testing.T) {
	dir := write(t, map[string]string{"a.json": "[" + strings.Repeat(plain()+",", 999) + plain() + "]", "b.json": "[" + plain() + "]"})
	source, err := NewSource(t.Context(), Config{Path: config.Path(dir)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var (
		count int
		errs  []error
	)
	for _, err := range source.Samples(ctx, usage.Query{}) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if count++; count == 3 {
			cancel()
		}
	}
	if count != 3 || len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("%d samples and %v after cancelling at the third", count, errs)
	}
}

func TestBreakClosesFiles(t *testing.T) {
	const fds = "/proc/self/fd"
	before, err := os.ReadDir(fds)
	if err != nil {
		t.Skip("needs " + fds + " to count open files")
	}
	dir := write(t, map[string]string{"a.json": "[" + plain() + "," + plain() + "]"})
	source, err := NewSource(t.Context(), Config{Path: config.Path(dir)})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		for range source.Samples(t.Context(), usage.Query{}) {
			break
		}
	}
	after, err := os.ReadDir(fds)
	if err != nil {
		t.Fatal(err)
	}
	if len(after) >= len(before)+20 {
		t.Errorf("%d files are open, %d were before", len(after), len(before))
	}
}

func TestCheckHealth(t *testing.T) {
	dir := write(t, map[string]string{"a.json": "cut short, which only reading finds", "b.jsonl.gz": "", "other": ""})
	empty := t.TempDir()
	for _, test := range []struct {
		path string
		want []string
	}{
		{dir, []string{"path " + dir + ": <nil>", "files of samples: 2: <nil>"}},
		{filepath.Join(dir, "a.json"), []string{"path " + dir + "/a.json: <nil>", "files of samples: 1: <nil>"}},
		{filepath.Join(dir, "other"), []string{"path " + dir + "/other: <nil>", "files of samples: 0: " + dir +
			"/other: not called as a file of samples is (*.json, *.jsonl, *.json.gz, *.jsonl.gz); rename it, or set path to another"}},
		{dir + "/gone", []string{"path " + dir + "/gone: " + dir + "/gone: no such file or directory; set path to a directory or file of samples"}},
		{empty, []string{"path " + empty + ": <nil>", "files of samples: 0: " + empty +
			": no file of samples in this directory (*.json, *.jsonl, *.json.gz, *.jsonl.gz); put some there, or set path to where they are"}},
	} {
		source, err := NewSource(t.Context(), Config{Path: config.Path(test.path)})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for name, err := range source.CheckHealth(t.Context()) {
			outcome := "<nil>"
			if err != nil {
				outcome = err.Error()
			}
			got = append(got, name+": "+outcome)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", test.path, diff)
		}
	}
}

// Two samples without an id that differ in nothing but metadata which nobody
// asked for are still two.
func TestSamplesWithoutAnIDKeepTheirMetadata(t *testing.T) {
	const sample = `{"meter":"storage.api.request","type":"delta","unit":"request","volume":1,"project_id":"t","resource_id":"r","timestamp":"2014-02-12T02:00:00",%s"metadata":{"path":"/%s"}}` + "\n"
	file := filepath.Join(t.TempDir(), "x.jsonl")
	lines := fmt.Sprintf(sample, "", "a") + fmt.Sprintf(sample, "", "b") + fmt.Sprintf(sample, "", "b") + fmt.Sprintf(sample, `"id":"1",`, "c")
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := NewSource(t.Context(), Config{Path: config.Path(file)})
	if err != nil {
		t.Fatal(err)
	}
	var all []usage.Sample
	for sample, err := range s.Samples(t.Context(), usage.Query{Metadata: []string{"other"}}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, sample)
	}
	if len(all) != 4 || len(all[3].Metadata) != 0 {
		t.Errorf("%d samples, the last with %v", len(all), all[3].Metadata)
	}
	if once := usage.Sort(all); len(once) != 3 {
		t.Errorf("%d are counted, want 3", len(once))
	}
}
