package usagetest

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// SourceFailures runs the check of sources that has a name, or all of them for
// "". It returns what those that fail say, by name, and the names of those that
// are skipped.
func SourceFailures(t *testing.T, s SourceSetup, name string) (failed map[string]string, skipped []string) {
	f := failures{failed: map[string]string{}}
	for _, c := range sourceChecks {
		if name != "" && name != c.name {
			continue
		}
		f.run(t, c.name, func(t testing.TB) {
			b := newSourceBench(t, s)
			b.patience = 200 * time.Millisecond
			c.run(b)
		})
	}
	return f.failed, f.skipped
}

// TransformerFailures is SourceFailures for transformers.
func TransformerFailures(t *testing.T, s TransformerSetup, name string) (failed map[string]string, skipped []string) {
	// What fails on purpose is neither made small nor kept.
	for flagName, value := range map[string]string{"rapid.nofailfile": "true", "rapid.shrinktime": "0s"} {
		before := flag.Lookup(flagName).Value.String()
		if err := flag.Set(flagName, value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Set(flagName, before) })
	}
	f := failures{failed: map[string]string{}}
	for _, c := range transformerChecks {
		if name != "" && name != c.name {
			continue
		}
		f.run(t, c.name, func(t testing.TB) { c.run(newTransformerBench(t, s)) })
	}
	return f.failed, f.skipped
}

type failures struct {
	failed  map[string]string
	skipped []string
}

func (f *failures) run(t *testing.T, name string, check func(testing.TB)) {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() { // so that FailNow ends the check and not the test
		defer close(done)
		check(r)
	}()
	<-done
	if r.failed {
		f.failed[name] = strings.Join(r.said, "; ")
	}
	if r.skipped {
		f.skipped = append(f.skipped, name)
	}
}

// A recorder is a test that may fail without failing the one it runs in.
type recorder struct {
	testing.TB
	failed, skipped bool
	said            []string
}

func (r *recorder) Helper()             {}
func (r *recorder) Log(...any)          {}
func (r *recorder) Logf(string, ...any) {}
func (r *recorder) Failed() bool        { return r.failed }
func (r *recorder) Fail()               { r.failed = true }

func (r *recorder) FailNow() {
	r.Fail()
	runtime.Goexit()
}

func (r *recorder) Error(args ...any) {
	r.failed, r.said = true, append(r.said, fmt.Sprint(args...))
}

func (r *recorder) Errorf(format string, args ...any) { r.Error(fmt.Sprintf(format, args...)) }

func (r *recorder) Fatal(args ...any) {
	r.Error(args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) { r.Fatal(fmt.Sprintf(format, args...)) }

func (r *recorder) Skip(...any) {
	r.skipped = true
	runtime.Goexit()
}

func (r *recorder) Skipf(string, ...any) { r.Skip() }
