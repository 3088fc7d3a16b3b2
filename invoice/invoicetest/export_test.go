package invoicetest

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// Failures runs every check against a Setup and returns what the ones that
// fail say, by name. The checks that are skipped are in skipped.
func Failures(t *testing.T, s Setup) (failed map[string]string, skipped []string) {
	failed = map[string]string{}
	for _, c := range checks {
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() { // so that FailNow ends the check and not the test
			defer close(done)
			c.run(newBench(r, s))
		}()
		<-done
		if r.failed {
			failed[c.name] = strings.Join(r.said, "; ")
		}
		if r.skipped {
			skipped = append(skipped, c.name)
		}
	}
	return failed, skipped
}

// A recorder is a test that may fail without failing the one it runs in.
type recorder struct {
	testing.TB
	failed, skipped bool
	said            []string
}

func (r *recorder) Helper() {}

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
