package ceilometer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/adapters/ceilometer/internal/spool"
	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// A receiving is a Source that receives, on an address of its own.
type receiving struct {
	*Source
	t    testing.TB
	dir  string
	url  string
	stop func() error

	mu   sync.Mutex
	told []string
}

// startReceiving lets a Source receive into a directory until the test ends.
func startReceiving(t testing.TB, c ReceiveConfig) *receiving {
	t.Helper()
	r := &receiving{t: t, dir: t.TempDir()}
	s, err := NewSource(t.Context(), Config{Path: config.Path(r.dir), Datacenter: "d", Receive: c})
	if err != nil {
		t.Fatal(err)
	}
	r.Source = s
	s.now = func() time.Time { return time.Date(2013, 8, 5, 0, 0, 0, 0, time.UTC) }
	ctx, cancel := context.WithCancel(context.Background())
	at, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- s.Receive(ctx, "127.0.0.1:0", func(_ slog.Level, line string) {
			if rest, ok := strings.CutPrefix(line, "listening on "); ok {
				address, _, _ := strings.Cut(rest, ",")
				at <- address
				return
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.told = append(r.told, line)
		})
	}()
	select {
	case address := <-at:
		r.url = "http://" + address + "/telemetry"
	case err := <-ended:
		t.Fatal(err)
	}
	r.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// post sends a batch as Ceilometer's publisher does.
func (r *receiving) post(batch string) (status int, answer string) {
	r.t.Helper()
	got, err := http.Post(r.url, "application/json", strings.NewReader(batch))
	if err != nil {
		r.t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return got.StatusCode, string(text)
}

// ids reads the ids of all samples that the source has.
func (r *receiving) ids() string {
	r.t.Helper()
	var ids []string
	for s, err := range r.Samples(r.t.Context(), usage.Query{}) {
		if err != nil {
			r.t.Fatal(err)
		}
		ids = append(ids, s.ID)
	}
	return strings.Join(ids, " ")
}

func batchOf(ids ...string) string {
	var samples []string
	for _, id := range ids {
		samples = append(samples, plain(`"1"`, fmt.Sprintf("%q", id)))
	}
	return "[" + strings.Join(samples, ",\n ") + "]"
}

// What a publisher sent is read as samples: at once when the receiver stopped,
// and before that what was put into a file with its name.
func TestReceive(t *testing.T) {
	r := startReceiving(t, ReceiveConfig{})
	for i, batch := range []string{batchOf("a", "b"), plain(`"1"`, `"c"`), "[]", batchOf("a", "b")} {
		if status, answer := r.post(batch); status != 200 {
			t.Errorf("batch %d: %d %s", i, status, answer)
		}
	}
	if ids := r.ids(); ids != "" {
		t.Errorf("collect reads %q of a file that is being written", ids)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	// A batch that was sent again is there again: a sample counts once.
	if ids := r.ids(); ids != "a b c a b" {
		t.Errorf("the samples are %q", ids)
	}
	if got := strings.Join(r.told, "\n"); !strings.Contains(got, "received 5 samples in 4 batches") {
		t.Errorf("told is %q", got)
	}
}

// Before the first batch can be read there is nothing to collect, which is no
// mistake: neither of who set a receiver up, nor while one runs, nor after.
func TestReceiveHasNothingYet(t *testing.T) {
	const none = "files of samples: none yet (what is received is read 1m0s after it came)"
	health := func(s *Source) (last string, err error) {
		for last, err = range s.CheckHealth(t.Context()) {
		}
		return last, err
	}
	fresh, err := NewSource(t.Context(), Config{Path: config.Path(t.TempDir()), Receive: ReceiveConfig{Listen: "127.0.0.1:8777"}})
	if err != nil {
		t.Fatal(err)
	}
	r := startReceiving(t, ReceiveConfig{})
	if status, answer := r.post(batchOf("a")); status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	for _, s := range []*Source{fresh, r.Source} {
		for range s.Samples(t.Context(), usage.Query{}) {
			t.Error("there is something to collect")
		}
		if last, err := health(s); last != none || err != nil {
			t.Errorf("check says %q, %v", last, err)
		}
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if last, err := health(r.Source); last != "files of samples: 1" || err != nil {
		t.Errorf("check says %q, %v", last, err)
	}
	again, err := NewSource(t.Context(), Config{Path: config.Path(r.dir)}) // of a config without a word about receiving
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(r.dir, "*.jsonl"))
	if err != nil || len(files) != 1 || os.Remove(files[0]) != nil {
		t.Fatalf("files are %q, %v", files, err)
	}
	if last, err := health(again); last != none || err != nil {
		t.Errorf("of a receiver's directory check says %q, %v", last, err)
	}
}

// A batch of samples that cannot be right is refused whole, and set aside.
func TestReceiveMistakes(t *testing.T) {
	const again = "; correct the sample, and send the batch again"
	for _, test := range []struct{ name, batch, want string }{
		{"no resource", "[" + plain(`"vm"`, "null") + "]", "batch:1: sample 1: no resource (resource_id is missing, null or empty)" + again},
		{"no tenant", "[" + plain(`"project_id":"acme",`, "") + "]", "batch:1: sample 1: no tenant (project_id is missing)" + again},
		{"a tenant that is no text", "[" + plain(`"acme"`, `{}`) + "]", "batch:1: sample 1: the tenant is an object, not a text" + again},
		{"a sender that is no text", "[" + plain(`"unit":`, `"source":7,"unit":`) + "]", "batch:1: sample 1: the source is a number, not a text" + again},
		{"an event", `[{"message_id":"1","event_type":"compute.instance.create.end","generated":"2013-08-04T23:29:05","traits":[]}]`,
			"batch:1: sample 1: no meter (counter_name, meter or name is missing, null or empty)"},
		{"of next week", "[" + plain("2013-08-04", "2013-08-12") + "]", "batch:1: sample 1: timestamp 2013-08-12T23:29:05Z lies in the future; look at the clock of its agent"},
		{"not an object", "[1]", "batch:1: sample 1: a number, where a sample is an object" + again},
		{"cut", "[" + plain() + ",", "batch:1: the batch ends in the middle, after 1 sample: it was cut short; send it again"},
		{"no JSON", "hello", "batch:1: sample 1: not JSON: "},
		{"nothing", "", "batch: empty, where a list without samples is []"},
		{"deep", strings.Repeat("[", 20000), "batch:1: "},
		{"deep metadata", "[" + plain("{}", strings.Repeat(`{"a":`, 20)+"1"+strings.Repeat("}", 20)) + "]", "batch:1: sample 1: "},
		{"not UTF-8", "[" + plain("acme", "\xff") + "]", "batch:1: sample 1: "},
		{"a name twice", "[" + plain(`"unit":`, `"unit":"x","unit":`) + "]", "the name \"unit\" is given twice"},
		{"lists", plain() + "\n" + plain(), "not one JSON list of samples, nor one sample"},
		{"all wrong", "[" + strings.Repeat("{},", 50) + "{}]", "sample 10: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := startReceiving(t, ReceiveConfig{})
			status, answer := r.post(test.batch)
			if status != 400 || !strings.Contains(answer, test.want) || strings.Contains(answer, "sample 11: ") {
				t.Errorf("%d %s, want 400 with %s", status, answer, test.want)
			}
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}
			if ids := r.ids(); ids != "" {
				t.Errorf("it is read: %q", ids)
			}
			files, err := filepath.Glob(filepath.Join(r.dir, spool.Refused, "*.txt"))
			if err != nil || len(files) != 1 {
				t.Fatalf("%d files are set aside, %v", len(files), err)
			}
			if text, err := os.ReadFile(files[0]); err != nil || string(text) != test.batch {
				t.Errorf("set aside is %q, %v", text, err)
			}
			var warning *usage.Warning
			if health := r.refusedHealth(t); !errors.As(health, &warning) || !strings.Contains(health.Error(), "files of what could not be taken in: 1; correct them and move them to") {
				t.Errorf("check says %v", health)
			}
		})
	}
}

// refusedHealth is what a check tells of what was set aside.
func (r *receiving) refusedHealth(t *testing.T) (health error) {
	t.Helper()
	for check, err := range r.CheckHealth(t.Context()) {
		if check == "refused batches" {
			health = err
		}
	}
	return health
}

// What was set aside turns nothing red, but where no more can be.
func TestRefusedHealth(t *testing.T) {
	r := startReceiving(t, ReceiveConfig{})
	r.post("{}")
	dir := filepath.Join(r.dir, spool.Refused)
	var warning *usage.Warning
	for n := 1; n < spool.DefaultMaxRefused; n++ {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(n)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if n == spool.DefaultMaxRefused-2 { // and the one that was sent
			if health := r.refusedHealth(t); !errors.As(health, &warning) {
				t.Errorf("of %d files check says %v", n+1, health)
			}
		}
	}
	if health := r.refusedHealth(t); health == nil || errors.As(health, &warning) || !strings.Contains(health.Error(), "no more are set aside") {
		t.Errorf("where there is no room check says %v", health)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if health := r.refusedHealth(t); health != nil {
		t.Errorf("once all are removed check says %v", health)
	}
}

// One odd sample costs no other: it is set aside and told, and collecting tells of
// it where its meter is asked for.
func TestReceivePartly(t *testing.T) {
	const odd = 6 // after one that is good
	r := startReceiving(t, ReceiveConfig{})
	status, answer := r.post("[" + strings.Join([]string{
		plain(`"1"`, `"a"`),
		plain(`"instance"`, `"hardware.ipmi.temperature"`, `"acme"`, "{}", "1.0", "-3"),
		plain(`"instance"`, `"hardware.fan"`, `"vm"`, "null"),
		plain(`"instance"`, `"hardware.on"`, "1.0", "true"),
		plain("acme", `\ud800`),
		plain("2013-08-04", "2013-08-12"),
		plain(`"vm"`, "null"),
		plain(`"1"`, `"b"`),
	}, ",\n") + "]")
	if status != 200 || answer != "{\"samples\": 2}\n" {
		t.Errorf("%d %s", status, answer)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	told := strings.Join(r.told, "\n")
	for _, want := range []string{"received 2 samples, and set 6 others aside in " + filepath.Join(r.dir, spool.Refused), "batch:7: sample 7: no resource", "received 2 samples in 1 batch (2 KiB), and set 6 others aside"} {
		if !strings.Contains(told, want) {
			t.Errorf("told is %q, want %q", told, want)
		}
	}
	// The surrogate is no text, of whatever meter; hosts' meters are asked for by nobody.
	for _, test := range []struct {
		meters []string
		ids    string
		left   int
	}{{nil, "a b", odd}, {[]string{"instance"}, "a b", 3}, {[]string{"hardware.fan"}, "", 2}} {
		left, ids := 0, []string{}
		q := usage.Query{Meters: test.meters, LeftOut: func(_ usage.Sample, why string) {
			if left++; !strings.HasPrefix(why, "refused when it was received: correct what is in "+filepath.Join(r.dir, ".refused")) {
				t.Errorf("why is %q", why)
			}
		}}
		for s, err := range r.Samples(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, s.ID)
		}
		if strings.Join(ids, " ") != test.ids || left != test.left {
			t.Errorf("of %q: samples %q, %d left out; want %q and %d", test.meters, ids, left, test.ids, test.left)
		}
	}
	// What was set aside is a file of samples: corrected and moved, it is read.
	files, err := filepath.Glob(filepath.Join(r.dir, spool.Refused, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("set aside is %q, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil || strings.Count(string(text), "timestamp") != odd || strings.Contains(string(text), `"a"`) {
		t.Errorf("set aside is %s, %v", text, err)
	}
}

// Meters of Ceilometer's that are nobody's keep neither their batch out nor
// collecting up.
func TestReceiveNobodys(t *testing.T) {
	r := startReceiving(t, ReceiveConfig{})
	if status, answer := r.post("[" + plain() + "," + plain(`"acme"`, "null", "instance", "hardware.cpu.load.1min") + "]"); status != 200 {
		t.Errorf("%d %s", status, answer)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if ids := r.ids(); ids != "1" {
		t.Errorf("the samples are %q", ids)
	}
}

func TestReceiveConfig(t *testing.T) {
	for _, test := range []struct {
		c    ReceiveConfig
		want string // key: mistake
	}{
		{ReceiveConfig{Listen: "127.0.0.1:8777"}, ""},
		{ReceiveConfig{Listen: "8777"}, `receive.listen: "8777" is no address to listen on (write 127.0.0.1:8777)`},
		{ReceiveConfig{Certificate: "c"}, "receive.certificate: needs receive.key as well"},
		{ReceiveConfig{Key: "k"}, "receive.key: needs receive.certificate as well"},
		{ReceiveConfig{MaxBatch: -1}, "receive.max_batch: is not between 1 byte and 256MiB (write 8MiB)"},
		{ReceiveConfig{MaxBatch: 1 << 30}, "receive.max_batch: is not between 1 byte and 256MiB (write 8MiB)"},
		{ReceiveConfig{Timeout: -1}, "receive.timeout: -1ns is no time to wait (write 30s)"},
		{ReceiveConfig{SealAfter: -1}, "receive.seal_after: -1ns is no age (write 1m)"},
	} {
		got := ""
		if err := (Config{Path: "p", Receive: test.c}).Validate(); err != nil {
			var key *config.KeyError
			if !errors.As(err, &key) {
				t.Fatalf("%v is not at a key", err)
			}
			got = key.Key + ": " + key.Err.Error()
		}
		if got != test.want {
			t.Errorf("%+v: %q, want %q", test.c, got, test.want)
		}
	}
}

// What keeps a receiver from beginning is said at once.
func TestReceiveNowhere(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "s.json")
	if err := os.WriteFile(file, []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		c       Config
		address string
		want    string
	}{
		{Config{Path: config.Path(dir)}, "", "no address to listen on: set receive.listen, such as 127.0.0.1:8777"},
		{Config{Path: config.Path(file)}, "127.0.0.1:0", file + ": not a directory that is there; make it, or set path to one"},
		{Config{Path: "/none"}, "127.0.0.1:0", "/none: not a directory that is there"},
		{Config{Path: config.Path(dir)}, "0.0.0.0:0", "without a token would let anybody add to what is billed"},
		{Config{Path: config.Path(dir), Receive: ReceiveConfig{Certificate: "/none/c", Key: "/none/k"}}, "127.0.0.1:0", "receive.certificate /none/c and receive.key /none/k: open /none/c"},
	} {
		s, err := NewSource(t.Context(), test.c)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Receive(t.Context(), test.address, func(slog.Level, string) {}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}

// A check finds where receive would not listen.
func TestReceiveHealth(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:8777": "<nil>",
		"0.0.0.0:8777":   "listening on 0.0.0.0:8777 without a token would let anybody add to what is billed",
	} {
		s, err := NewSource(t.Context(), Config{Path: config.Path(t.TempDir()), Receive: ReceiveConfig{Listen: listen}})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for check, err := range s.CheckHealth(t.Context()) {
			if check == "receive" {
				got = fmt.Sprint(err)
			}
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("of %s check says %s, want %s", listen, got, want)
		}
	}
}
