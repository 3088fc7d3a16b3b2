package ceilometer

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// endless repeats a text for ever, and counts what was read of it.
type endless struct {
	text string
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.text[e.read%len(e.text)]
		e.read++
	}
	return len(p), nil
}

// TestHostileFiles feeds documents that never end. Each must be given up with
// an error after little more than the longest sample, in bounded memory.
func TestHostileFiles(t *testing.T) {
	const (
		mostRead   = maxSample + readBuffer
		mostMemory = 48 << 20
	)
	long := func(index int) string {
		return fmt.Sprintf("s.json:1: sample %d: longer than 1048576 bytes, which no sample is; nothing after it was read: write a JSON list of samples, or one sample a line", index)
	}
	for _, test := range []struct{ name, start, repeat, want string }{
		{"text", `[{"meter":"`, "a", long(1)},
		{"escapes", `[{"meter":"`, `\"`, long(1)},
		{"name", `[{"`, "a", long(1)},
		{"number", `[{"volume":`, "1", long(1)},
		{"number alone", "[", "1", long(1)},
		{"exponent", `{"volume":1e`, "9", long(1)},
		{"keys", `[{"metadata":{`, `"a":1,`, long(1)},
		{"list in a sample", `[{"metadata":{"a":[`, "0,", long(1)},
		{"second sample", "[" + plain() + ",{", `"a":1,`, long(2)},
		{"blanks", "[", " ", long(1)},
		{"newlines", plain(), "\n", strings.Replace(long(2), ":1:", ":1048577:", 1)},
		{"lists", "", "[", "s.json:1: sample 1: not JSON: exceeded max depth; nothing after it was read: fetch the file again"},
		{"objects", "", `{"a":`, "s.json:1: sample 1: not JSON: exceeded max depth; nothing after it was read: fetch the file again"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			source := &endless{text: test.repeat}
			d := &document{medium: inFile, name: "s.json"}
			d.read(io.MultiReader(strings.NewReader(test.start), source))
			var last error
			for _, err := range samplesOf(t, d) {
				if err != nil {
					last = err
				}
			}
			runtime.ReadMemStats(&after)
			if last == nil || last.Error() != test.want {
				t.Errorf("the last error is\n%v\nwant\n%v", last, test.want)
			}
			if source.read > mostRead {
				t.Errorf("%d bytes were read, %d at most", source.read, mostRead)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > mostMemory {
				t.Errorf("%d bytes were allocated, %d at most", used, mostMemory)
			}
		})
	}
}

func TestHostileMetadata(t *testing.T) {
	var keys strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&keys, `,"%d":0`, i)
	}
	nest := func(depth int) string {
		return strings.Repeat(`{"a":`, depth-1) + `{"b":1}` + strings.Repeat("}", depth-1)
	}
	dir := write(t, map[string]string{"s.jsonl": strings.Join([]string{
		plain("{}", `{"first":0`+keys.String()+"}"),
		plain("{}", nest(9000)),
		plain("{}", nest(17)),
		plain("{}", nest(16)),
		plain("{}", `{"deep":`+strings.Repeat("[", 9000)+strings.Repeat("]", 9000)+"}"),
	}, "\n")})
	samples, messages := collect(t, Config{Path: config.Path(dir)}, usage.Query{Metadata: []string{strings.Repeat("a.", 15) + "b"}})
	want := "DIR/s.jsonl:1: sample 1: the metadata has more than 1024 keys" + fix + "\n" +
		"DIR/s.jsonl:2: sample 2: the metadata is nested more than 16 deep" + fix + "\n" +
		"DIR/s.jsonl:3: sample 3: the metadata is nested more than 16 deep" + fix
	if got := strings.Join(messages, "\n"); got != want {
		t.Errorf("messages\n%s\nwant\n%s", got, want)
	}
	if len(samples) != 2 || samples[0].Metadata[strings.Repeat("a.", 15)+"b"] != "1" || samples[1].Metadata != nil {
		t.Errorf("%d samples, want the last two", len(samples))
	}
}

// TestMemoryDoesNotGrow reads a compressed file of 64 MiB, of which each line
// and each text is another one.
func TestMemoryDoesNotGrow(t *testing.T) {
	const (
		count      = 60_000
		mostMemory = 8 << 20
	)
	dir := t.TempDir()
	file, err := os.Create(filepath.Join(dir, "s.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	padding := strings.Repeat("x", 800)
	for i := range count {
		fmt.Fprintln(w, plain("acme", fmt.Sprint("tenant ", i), "vm", fmt.Sprint("vm ", i), "{}", fmt.Sprintf(`{"name":"%d","not kept":"%s"}`, i, padding)))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	source, err := NewSource(t.Context(), Config{Path: config.Path(dir)})
	if err != nil {
		t.Fatal(err)
	}
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	before, most, got := stats.HeapAlloc, uint64(0), 0
	for s, err := range source.Samples(t.Context(), usage.Query{Metadata: []string{"name"}}) {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprint(got); s.Metadata["name"] != want || s.Tenant != "tenant "+want || s.Origin.Line != got+1 {
			t.Fatalf("sample %d is %+v", got, s)
		}
		if got++; got%5000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&stats)
			most = max(most, stats.HeapAlloc)
		}
	}
	if got != count {
		t.Errorf("%d samples, want %d", got, count)
	}
	if most > before+mostMemory {
		t.Errorf("%d bytes are held, %d at most", most-before, mostMemory)
	}
}

func TestLinesAreForgotten(t *testing.T) {
	const lines = 1 << 20
	in := newInput(strings.NewReader(strings.Repeat("\n", lines)))
	in.limit = lines + 1
	for p := make([]byte, 4096); ; {
		if _, err := in.Read(p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		// A decoder is some way behind what it has read.
		behind := in.offset - 10
		if got, want := in.lineAt(behind), int(behind)+1; got != want {
			t.Fatalf("line %d, want %d", got, want)
		}
	}
	if len(in.breaks) > 3*4096 {
		t.Errorf("%d lines are kept", len(in.breaks))
	}
}
