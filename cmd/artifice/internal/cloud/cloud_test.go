package cloud_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/cmd/artifice/internal/cloud"
	"github.com/openstack-artifice/artifice/usage"
)

var (
	// April 2026 in Pacific/Auckland, whose clocks go back within it:
	// 30 days of 24 hours and one hour more.
	april = usage.Span{
		Start: time.Date(2026, 3, 31, 11, 0, 0, 0, time.UTC),
		End:   time.Date(2026, 4, 30, 12, 0, 0, 0, time.UTC),
	}
	// A day is short enough to look at every second of it.
	day = usage.Span{
		Start: time.Date(2026, 2, 27, 11, 0, 0, 0, time.UTC),
		End:   time.Date(2026, 2, 28, 11, 0, 0, 0, time.UTC),
	}
)

// written writes a cloud's samples and returns the bytes of every file.
func written(t *testing.T, c *cloud.Cloud) map[string]string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "new", "samples")
	if err := c.WriteSamples(dir); err != nil {
		t.Fatal(err)
	}
	return contents(t, dir)
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(text)
	}
	return files
}

func TestSameSeedSameBytes(t *testing.T) {
	c := cloud.New(7, day)
	first := written(t, c)
	if again := written(t, c); !maps.Equal(first, again) {
		t.Error("one cloud wrote its samples twice, and the bytes differ")
	}
	auckland := time.FixedZone("NZDT", 13*60*60)
	same := cloud.New(7, usage.Span{Start: day.Start.In(auckland), End: day.End.In(auckland)})
	if !maps.Equal(first, written(t, same)) {
		t.Error("two clouds of one seed and month wrote different bytes")
	}
	if diff := cmp.Diff(c.Bill(), same.Bill()); diff != "" {
		t.Errorf("two clouds of one seed and month (-first +second):\n%s", diff)
	}
	for name, text := range written(t, cloud.New(8, day)) {
		if text == first[name] {
			t.Errorf("%s: another seed gave the same bytes", name)
		}
	}
}

func TestFilesShowEveryShapeAndFormat(t *testing.T) {
	files := written(t, cloud.New(1, day))
	want := []string{
		"instance.json",
		"ip.floating.json",
		"network.incoming.bytes.json.gz",
		"network.outgoing.bytes.jsonl.gz",
		"volume.size.jsonl",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(files))); diff != "" {
		t.Fatalf("files (-want +got):\n%s", diff)
	}
	older := map[string]bool{"instance.json": true, "network.incoming.bytes.json.gz": true}
	ids := map[string]bool{}
	for name, text := range files {
		decoded := decode(t, name, text)
		meter, _, _ := strings.Cut(name, ".json")
		for _, s := range decoded {
			if s.meter != meter || s.older != older[name] {
				t.Fatalf("%s: sample of meter %q, older shape %t", name, s.meter, s.older)
			}
			if !day.Contains(s.time) {
				t.Fatalf("%s: sample at %s is not within the month", name, s.time)
			}
			if ids[s.id] {
				t.Fatalf("%s: id %s was given twice", name, s.id)
			}
			ids[s.id] = true
		}
		ordered := func(a, b sample) int { return a.time.Compare(b.time) }
		if strings.Contains(name, ".jsonl") != slices.IsSortedFunc(decoded, ordered) {
			t.Errorf("%s: a list is newest first, lines are oldest first", name)
		}
	}
}

// The demo reads a month of samples in a few seconds.
func TestMonthIsOfHandySize(t *testing.T) {
	var samples, size int
	for name, text := range written(t, cloud.New(1, april)) {
		size += len(text)
		samples += strings.Count(plain(t, name, text), `"resource_id":`)
	}
	if samples < 60_000 || samples > 90_000 {
		t.Errorf("%d samples, want 60,000 to 90,000", samples)
	}
	if size > 40<<20 {
		t.Errorf("%d bytes, want at most 40 MiB", size)
	}
}

func TestEverythingHappens(t *testing.T) {
	files := written(t, cloud.New(1, day))
	events := map[string]int{}
	for name, text := range files {
		for _, s := range decode(t, name, text) {
			if event := s.metadata["event_type"]; event != "" {
				events[event]++
			}
		}
	}
	want := map[string]int{
		"compute.instance.create.start":       2,
		"compute.instance.create.end":         2,
		"compute.instance.delete.end":         2,
		"compute.instance.finish_resize.end":  2,
		"compute.instance.resize.confirm.end": 2,
		"compute.instance.power_off.end":      3,
		"compute.instance.power_on.end":       3,
		"compute.instance.reboot.end":         2,
		"volume.create.end":                   2,
		"volume.resize.end":                   2,
		"volume.delete.end":                   2,
		"floatingip.create.end":               2,
		"floatingip.delete.end":               1,
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("notifications (-want +got):\n%s", diff)
	}
}

// What is polled is looked at all at once, at whole intervals since the start.
func TestPolledTogether(t *testing.T) {
	every := map[string]time.Duration{
		"instance.json":     25 * time.Minute,
		"volume.size.jsonl": time.Hour,
		"ip.floating.json":  time.Hour,
	}
	files := written(t, cloud.New(1, day))
	for name, interval := range every {
		for _, s := range decode(t, name, files[name]) {
			if s.metadata["event_type"] == "" && s.time.Sub(day.Start)%interval != 0 {
				t.Errorf("%s: resource %s was polled at %s", name, s.resource, s.time)
			}
		}
	}
}

func TestTenants(t *testing.T) {
	c := cloud.New(1, day)
	var names []string
	ids := map[string]bool{}
	for _, tenant := range c.Tenants() {
		names = append(names, tenant.Name)
		ids[tenant.ID] = true
		if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(tenant.ID) {
			t.Errorf("tenant id %q is not 32 hexadecimal digits", tenant.ID)
		}
	}
	if diff := cmp.Diff([]string{"kererū-brewing", "Bright, Spark & Sons", "tui-analytics"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	c.Tenants()[0].Name = "changed"
	if c.Tenants()[0].Name != names[0] {
		t.Error("a caller changed the cloud's own tenants")
	}
	for _, line := range c.Bill() {
		if !ids[line.Tenant] {
			t.Errorf("the bill has a tenant %q that the cloud has not", line.Tenant)
		}
	}
}

func TestWriteSamplesReplacesWhole(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "instance.json"), []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := cloud.New(1, day)
	if err := c.WriteSamples(dir); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(contents(t, dir), written(t, c)) {
		t.Error("an old file was not replaced, or new ones left behind")
	}
}

func TestWriteSamplesFails(t *testing.T) {
	dir := t.TempDir()
	inTheWay := filepath.Join(dir, "instance.json")
	if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := cloud.New(1, day).WriteSamples(filepath.Join(inTheWay, "samples"))
	if err == nil || !strings.Contains(err.Error(), inTheWay) {
		t.Errorf("a directory within a file: got %v, want an error that names it", err)
	}

	// A directory that has the name of a file cannot be replaced by one.
	blocked := filepath.Join(dir, "volume.size.jsonl")
	if err := os.MkdirAll(filepath.Join(blocked, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	err = cloud.New(1, day).WriteSamples(dir)
	if err == nil || !strings.Contains(err.Error(), blocked) || !strings.Contains(err.Error(), "meter volume.size") {
		t.Errorf("a directory in a file's place: got %v, want an error that names it", err)
	}
	if _, err := os.Stat(blocked + ".tmp"); !os.IsNotExist(err) {
		t.Error("a temporary file was left behind")
	}
}
