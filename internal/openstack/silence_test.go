package openstack

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// silence takes requests and never answers, until the client gives up.
func silence(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // or nobody looks whether the client is there
	<-r.Context().Done()
}

// impatient waits little for an answer.
func (f *fake) impatient(t *testing.T, retryFor time.Duration) *Cloud {
	return f.knowing(t, func(c *Config) { c.Timeout, c.RetryFor = 50*time.Millisecond, retryFor })
}

// TestSilence: a service that does not answer is given up after retry_for. Of
// the requests that follow one finds out whether it answers again, and the
// others do not wait.
func TestSilence(t *testing.T) {
	f := newFake(t)
	var asked atomic.Int64
	f.service = func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		silence(w, r)
	}
	s := f.impatient(t, 3*time.Second).Service("metric", nil)
	ask := func(want int64, says string) {
		t.Helper()
		asked.Store(0)
		_, err := s.Do(t.Context(), Request{Path: "v1"})
		if says == "" && err != nil {
			t.Error(err)
		} else if says != "" {
			wantError(t, err, "/metric/v1: no answer within 50ms (timeout)"+says)
		}
		if n := asked.Load(); n != want {
			t.Errorf("asked %d times, want %d", n, want)
		}
	}
	ask(3, "; gave up after 3s (retry_for is 3s)") // at once, after 1 s, after 2 s more
	ask(1, "; gave up after 3s (retry_for is 3s)") // a smaller one might have been answered
	for range 100 {
		ask(0, "; it is let be for 30s")
	}
	f.clock.advance(silenceHolds)
	ask(1, "; gave up after 33s (retry_for is 3s)") // since it served last
	ask(0, "; it is let be for 30s")
	f.clock.advance(silenceHolds)
	silent := f.service
	f.service = func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		status(200)(w, r)
	}
	ask(1, "")
	f.service = silent
	ask(3, "; gave up after 3s (retry_for is 3s)") // as if nothing had been
	ask(1, "; gave up after 3s (retry_for is 3s)")
	ask(0, "; it is let be for 30s")
}

// TestSilenceOfMany: requests that are under way at the same time do not speak
// for those that follow.
func TestSilenceOfMany(t *testing.T) {
	f := newFake(t)
	var asked sync.WaitGroup
	asked.Add(4)
	f.service = func(w http.ResponseWriter, r *http.Request) {
		asked.Done()
		silence(w, r)
	}
	s := f.knowing(t, func(c *Config) { c.Timeout = time.Second }).Service("metric", nil)
	failed := make(chan error, 4)
	for range cap(failed) {
		go func() {
			_, err := s.Do(t.Context(), Request{Path: "v1", Once: true})
			failed <- err
		}()
	}
	asked.Wait()
	for range cap(failed) {
		wantError(t, <-failed, "no answer within 1s (timeout)")
	}
	f.mu.Lock()
	f.service = status(200)
	f.mu.Unlock()
	if _, err := s.Do(t.Context(), Request{Path: "v1"}); err != nil {
		t.Error(err)
	}
}

// TestSilentKeystone: nothing waits for a Keystone for longer than it may, at the
// login and where it lists tenants.
func TestSilentKeystone(t *testing.T) {
	f := newFake(t)
	f.keystone = silence
	cloud := f.impatient(t, 0)
	const says = "no answer within 50ms (timeout); gave up after 0s (retry_for is 0s)"
	_, err := cloud.Service("metric", nil).Do(t.Context(), Request{})
	wantError(t, err, "the cloud at 127.0.0.1", ": Keystone at http://127.0.0.1", says)
	_, err = names(t, cloud, usage.FlavorNames)
	wantError(t, err, ": Keystone at http://127.0.0.1", says)
	f = newFake(t)
	f.projects = silence
	for _, err := range f.impatient(t, 0).Tenants(t.Context()) {
		wantError(t, err, says)
	}
	_, err = f.impatient(t, 0).Exists(t.Context(), north)
	wantError(t, err, "/v3/projects/"+north+": "+says)
}

func TestSilentNova(t *testing.T) {
	f := newFake(t)
	f.offering(entryJSON("compute", endpointJSON("public", "north", f.URL+"/metric/v2.1")))
	f.service = silence
	_, err := names(t, f.impatient(t, 0), usage.FlavorNames)
	wantError(t, err, "/metric/v2.1/flavors: no answer within 50ms (timeout); gave up after 0s (retry_for is 0s); what each flavor is called is not known")
}

// TestCancelWhileWaiting: whoever ends the program does not wait until the
// service wants to be asked again, by the real clock.
func TestCancelWhileWaiting(t *testing.T) {
	for _, where := range []string{"keystone", "service"} {
		f := newFake(t)
		ctx, cancel := context.WithCancel(t.Context())
		later := func(w http.ResponseWriter, r *http.Request) {
			status(429, "Retry-After", "3600")(w, r)
			cancel()
		}
		if where == "keystone" {
			f.keystone = later
		} else {
			f.service = later
		}
		c := f.config(t)
		c.RetryFor = 24 * time.Hour
		s := mustOpen(t, c, Options{Getenv: func(string) string { return "" }}).Service("metric", nil)
		for range 2 { // the second finds the service quiet
			if _, err := s.Do(ctx, Request{Path: "v1"}); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", where, err)
			}
		}
	}
}
