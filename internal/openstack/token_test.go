package openstack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// serveToken answers with the token that it is asked with, if that is one of
// those that count; "" stands for all.
func serveToken(good *string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if token := r.Header.Get("X-Auth-Token"); *good != "" && token != *good {
			http.Error(w, `{"error": {"message": "The request you have made requires authentication: `+token+`"}}`, http.StatusUnauthorized)
		} else {
			json.NewEncoder(w).Encode(token)
		}
	}
}

// ask returns the token that a request was sent with.
func ask(t *testing.T, c *Cloud) string {
	t.Helper()
	answer, err := c.Service("metric", nil).Do(t.Context(), Request{Path: "v1/x"})
	if err != nil {
		t.Fatal(err)
	}
	var token string
	if err := answer.Decode(&token); err != nil {
		t.Fatal(err)
	}
	return token
}

func TestTokenIsRenewedInTime(t *testing.T) {
	for _, test := range []struct {
		life  time.Duration
		skew  time.Duration // of Keystone's clock, which must not matter
		after []time.Duration
		want  []string
	}{
		// An hour: for 55 minutes. 55m - 1s is in time, one second more is not.
		{time.Hour, 0, []time.Duration{0, 55*time.Minute - time.Second, time.Second}, []string{"token-1", "token-1", "token-2"}},
		{time.Hour, 2 * time.Hour, []time.Duration{0, 55*time.Minute - time.Second, time.Second}, []string{"token-1", "token-1", "token-2"}},
		// A minute: for 45 seconds.
		{time.Minute, 0, []time.Duration{0, 44 * time.Second, time.Second, 44 * time.Second}, []string{"token-1", "token-1", "token-2", "token-2"}},
		// Asked again after its end.
		{time.Minute, 0, []time.Duration{0, time.Hour}, []string{"token-1", "token-2"}},
	} {
		f := newFake(t)
		f.life = test.life
		f.service = serveToken(new(string))
		o := f.clock.options()
		o.Now = func() time.Time { return f.clock.Now().Add(test.skew) }
		cloud := mustOpen(t, f.config(t), o)
		var got []string
		for _, d := range test.after {
			f.clock.advance(d)
			got = append(got, ask(t, cloud))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("tokens of %v (-want +got):\n%s", test.life, diff)
		}
	}
}

func TestTokenIsRenewedAfter401(t *testing.T) {
	f := newFake(t)
	good := ""
	f.service = serveToken(&good)
	cloud := f.open(t)
	ask(t, cloud)
	good = "token-2" // the first was revoked
	if got := ask(t, cloud); got != "token-2" || f.loggedIn() != 2 {
		t.Errorf("asked with %s after %d logins", got, f.loggedIn())
	}
	good = "none"
	f.requests = nil
	_, err := cloud.Service("metric", nil).Do(t.Context(), Request{Path: "v1/x"})
	wantError(t, err, "the cloud at 127.0.0.1", "401", "requires authentication: ***", "a new token is refused as well")
	if want := []string{"GET /metric/v1/x", "POST /v3/auth/tokens", "GET /metric/v1/x"}; !cmp.Equal(f.requests, want) {
		t.Errorf("requests are %q, want %q", f.requests, want)
	}
}

// TestManyRenewOnce has many requests find their token refused before one of
// them has another.
func TestManyRenewOnce(t *testing.T) {
	const many = 20
	f := newFake(t)
	good := ""
	serve := serveToken(&good)
	f.service = serve
	c := f.config(t)
	c.Concurrency = many
	cloud := mustOpen(t, c, f.clock.options())
	ask(t, cloud)
	good = "token-2"
	var refused sync.WaitGroup
	refused.Add(many)
	f.service = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Auth-Token") != good {
			refused.Done()
		}
		serve(w, r)
	}
	f.keystone = func(w http.ResponseWriter, r *http.Request) {
		refused.Wait()
		f.login(w)
	}
	s := cloud.Service("metric", nil)
	var group sync.WaitGroup
	for range many {
		group.Go(func() {
			if _, err := s.Do(t.Context(), Request{Path: "v1/x"}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := f.loggedIn(); n != 2 {
		t.Errorf("logged in %d times", n)
	}
}

func TestKeystoneDownAtRenewal(t *testing.T) {
	f := newFake(t)
	f.service = serveToken(new(string))
	cloud := f.open(t)
	ask(t, cloud)
	down := func(w http.ResponseWriter, r *http.Request) { http.Error(w, "", http.StatusServiceUnavailable) }
	f.keystone = down
	f.clock.advance(56 * time.Minute) // due, but good for 4 minutes more
	f.requests = nil
	for range 3 {
		if got := ask(t, cloud); got != "token-1" {
			t.Errorf("asked with %s", got)
		}
	}
	if got := strings.Count(strings.Join(f.requests, "\n"), "tokens"); got != 1 {
		t.Errorf("Keystone was asked %d times within its pause", got)
	}
	if len(f.clock.slept) != 0 {
		t.Errorf("waited %v for a token that was not needed yet", f.clock.slept)
	}
	f.keystone = nil
	f.clock.advance(30 * time.Second)
	if got := ask(t, cloud); got != "token-2" {
		t.Errorf("asked with %s after Keystone came back", got)
	}

	f.keystone = down
	f.clock.advance(2 * time.Hour)
	began := f.clock.Now()
	_, err := cloud.Service("metric", nil).Do(t.Context(), Request{Path: "v1/x"})
	wantError(t, err, "Keystone at http://127.0.0.1", "503 Service Unavailable", "gave up after 4m31s (retry_for is 5m0s)")
	// 1 + 2 + 4 + 8 + 16 + 30 * 8 = 271 s; another 30 would be 301.
	if got := f.clock.Now().Sub(began); got != 271*time.Second {
		t.Errorf("waited %v", got)
	}
	f.clock.advance(time.Minute)
	tries := 0
	f.keystone = func(w http.ResponseWriter, r *http.Request) {
		if tries++; tries < 2 {
			down(w, r)
			return
		}
		f.login(w)
	}
	if _, err = cloud.Service("metric", nil).Do(t.Context(), Request{Path: "v1/x"}); err == nil || tries != 1 {
		t.Errorf("a second request waits again for a Keystone that is down (%d tries, %v)", tries, err)
	}
	if got := ask(t, cloud); got != "token-3" {
		t.Errorf("asked with %s after Keystone came back", got)
	}
}

func TestLoginIsRefused(t *testing.T) {
	f := newFake(t)
	f.keystone = func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, `{"error": {"message": "no: `+canary+`", "code": 401}}`, http.StatusUnauthorized)
	}
	c := f.config(t)
	c.UserDomainName = "Users"
	cloud := mustOpen(t, c, f.clock.options())
	for range 5 {
		_, err := cloud.Service("metric", nil).Do(t.Context(), Request{Path: "v1/x"})
		wantError(t, err, `user "billing" of domain "Users" with project "admin"`, "does not tell a wrong password", "the source's section", f.URL)
		if !errors.Is(err, ErrLogin) {
			t.Errorf("%v is not ErrLogin", err)
		}
	}
	if len(f.requests) != 1 {
		t.Errorf("a refused login was tried %d times: that locks users out", len(f.requests))
	}
	f.keystone = nil
	f.service = serveToken(new(string))
	f.clock.advance(30 * time.Second)
	ask(t, cloud) // somebody corrected it
}

func TestLoginAnswers(t *testing.T) {
	long := strings.Repeat("x", 2000)
	token := func(members string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Subject-Token", "token-1")
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, `{"token": {%s}}`, members)
		}
	}
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		says   []string
	}{
		{"no JSON", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201); fmt.Fprint(w, "<html>"+canary) }, nil},
		{"no token", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201); fmt.Fprint(w, `{"token": {}}`) }, []string{"has no token; is auth_url right?"}},
		{"no times", token(`"catalog": []`), []string{"has no token"}},
		{"times in disorder", token(`"issued_at": "2026-10-01T13:00:00.000000Z", "expires_at": "2026-10-01T12:00:00.000000Z"`), []string{"has no token"}},
		{"odd times", token(`"issued_at": 3, "expires_at": "` + canary + `"`), []string{"not what Keystone's version 3 answers"}},
		{"a catalog of another kind", token(`"catalog": "x"`), []string{"not what Keystone's version 3 answers"}},
		{"a long answer", token(`"x": "` + strings.Repeat("x", 2<<20) + `"`), []string{"larger than max_answer"}},
		{"another server", func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, []string{"404", "is auth_url right?"}},
		{"a page instead", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>") }, []string{"/v3/auth/tokens: 200 OK; its answer to the login is not what Keystone's version 3 answers; is auth_url right?"}},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusTemporaryRedirect)
		}, []string{"307", "is auth_url right?"}},
		{"a refused request", func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, `{"error": {"message": "secret `+canary+"\\u001b[31m\\n"+long+`"}}`, 400)
		}, []string{"400 Bad Request: secret *** [31m xxx"}},
		{"an echo of what was sent", func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.WriteHeader(400)
			w.Write(body)
		}, []string{"400", `"password":"***"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			f.keystone = test.answer
			cloud := f.open(t)
			_, err := cloud.token(t.Context(), "")
			wantError(t, err, append(test.says, "the cloud at 127.0.0.1")...)
			if len(err.Error()) > 800 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}
