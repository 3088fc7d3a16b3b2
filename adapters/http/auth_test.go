package http

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	nethttp "net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/openstack-artifice/artifice/config"
)

const testSigning = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func secret(t testing.TB, text string) config.Secret {
	t.Helper()
	s, err := config.ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every attempt is signed anew, for the same message.
func TestSignature(t *testing.T) {
	for _, text := range []string{testSigning, strings.TrimPrefix(testSigning, "whsec_")} {
		t.Setenv("HTTP_TEST_SIGNING", text)
		m := &memory{faults: []fault{readAll(status(429))}}
		c := defaults(t, m.start(t).URL)
		c.SigningSecret = secret(t, "env:HTTP_TEST_SIGNING")
		a, clock := open(t, c)
		clock.time = time.Now() // what the library holds a signature's time against
		first := clock.time
		if _, err := small(t, a).Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		verifier, err := standardwebhooks.NewWebhook(testSigning)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range m.seen {
			body := m.bodies[1] // the same both times
			if err := verifier.Verify(body, r.Header); err != nil {
				t.Errorf("request %d: %v", i, err)
			}
			if got := r.Header.Get("webhook-id"); got != testKey {
				t.Errorf("request %d: webhook-id %q", i, got)
			}
			if got, want := r.Header.Get("webhook-timestamp"), fmt.Sprint(first.Unix()+int64(i)); got != want {
				t.Errorf("request %d: webhook-timestamp %s, want %s", i, got, want)
			}
			if err := verifier.Verify(append(bytes.Clone(body), ' '), r.Header); err == nil {
				t.Errorf("request %d: the signature is good for any content", i)
			}
		}
	}
}

// readAll lets the client finish before something else is answered.
func readAll(f fault) fault {
	return func(w nethttp.ResponseWriter, r *nethttp.Request, serve func()) {
		_, _ = io.Copy(io.Discard, r.Body)
		f(w, r, serve)
	}
}

// Authorization goes to the receiver, for all that is asked of it, and to
// nobody else.
func TestAuthorization(t *testing.T) {
	t.Setenv("HTTP_TEST_TOKEN", "abc.def")
	t.Setenv("HTTP_TEST_PASSWORD", "pass:wörd")
	for _, tc := range []struct {
		name   string
		config func(*Config)
		want   string
	}{
		{"bearer", func(c *Config) { c.Bearer = secret(t, "env:HTTP_TEST_TOKEN") }, "Bearer abc.def"},
		// base64 of "acme:pass:wörd" in UTF-8
		{"basic", func(c *Config) { c.Basic = Basic{User: "acme", Password: secret(t, "env:HTTP_TEST_PASSWORD")} }, "Basic YWNtZTpwYXNzOnfDtnJk"},
		{"none", func(*Config) {}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			prices := `{"currency": "NZD", "rates": []}`
			m, elsewhere := &memory{rates: prices}, &memory{rates: prices}
			url := m.start(t).URL
			for _, rates := range []string{url + "/rates", elsewhere.start(t).URL + "/rates"} {
				c := defaults(t, url)
				c.Find, c.RatesURL = true, parse(t, rates)
				tc.config(&c)
				a, _ := open(t, c)
				inv := small(t, a).(*findable)
				_, _ = inv.Cost(t.Context(), "north", "m1.nano")
				if _, err := inv.Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
				if _, err := inv.Find(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if len(m.seen) != 5 || len(elsewhere.seen) != 1 {
				t.Fatalf("%d and %d requests", len(m.seen), len(elsewhere.seen))
			}
			for _, r := range m.seen {
				if got := r.Header.Get("Authorization"); got != tc.want {
					t.Errorf("%s %s: Authorization %q, want %q", r.Method, r.URL, got, tc.want)
				}
			}
			if got := elsewhere.seen[0].Header.Get("Authorization"); got != "" {
				t.Errorf("another server was sent Authorization %q", got)
			}
		})
	}
}

// Secrets that cannot be used stop an order for somebody to mend, before
// anything is sent.
func TestBadSecrets(t *testing.T) {
	for name, set := range map[string]func(*Config){
		"bearer: the environment variable HTTP_TEST_UNSET is not set": func(c *Config) { c.Bearer = secret(t, "env:HTTP_TEST_UNSET") },
		"bearer: the secret holds a control character":                func(c *Config) { c.Bearer = secret(t, "env:HTTP_TEST_LINES") },
		"basic.password: the secret holds a control character": func(c *Config) {
			c.Basic = Basic{User: "acme", Password: secret(t, "env:HTTP_TEST_LINES")}
		},
		"signing_secret: it is not base64": func(c *Config) { c.SigningSecret = secret(t, "env:HTTP_TEST_LINES") },
	} {
		t.Setenv("HTTP_TEST_LINES", "canary\r\nX-Evil: 1")
		m := &memory{}
		c := defaults(t, m.start(t).URL)
		set(&c)
		a, _ := open(t, c)
		_, err := small(t, a).Commit(t.Context())
		if class(err) != "permanent" || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %s %v", name, class(err), err)
		}
		if n := m.requests(); n != 0 {
			t.Errorf("%s: %d requests", name, n)
		}
		var found bool
		for _, err := range a.CheckHealth(t.Context()) {
			found = found || err != nil && strings.Contains(err.Error(), name)
		}
		if !found {
			t.Errorf("%s: the health check does not say so", name)
		}
	}
}

// A receiver that repeats everything it was sent gets no secret into an error,
// a log or a health check.
func TestCanary(t *testing.T) {
	const token, signing = `canary/"bird"\+token`, "whsec_Y2FuYXJ5LytiaXJkL3NpZ25pbmc+Pj8/Pw=="
	pair := "YWNtZTpjYW5hcnkv" // how the base64 of "acme:" and the token begins
	t.Setenv("HTTP_TEST_TOKEN", token)
	t.Setenv("HTTP_TEST_SIGNING", signing)
	var log bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(old) })

	said := func(r *nethttp.Request) string {
		return fmt.Sprint(r.Header.Get("Authorization"), " ", strings.TrimPrefix(r.Header.Get("Authorization"), "Basic "), " ", token, " ", signing)
	}
	quoted := func(r *nethttp.Request) string { return strings.ReplaceAll(fmt.Sprintf("%q", said(r)), "/", `\/`) }
	faults := map[string]fault{}
	for name, text := range map[string]func(r *nethttp.Request) string{
		"text":    said,
		"a cut":   func(r *nethttp.Request) string { return strings.Repeat("x", 170) + said(r) },
		"JSON":    func(r *nethttp.Request) string { return `{"echo": ` + quoted(r) + `}` },
		"problem": func(r *nethttp.Request) string { return `{"title": ` + quoted(r) + `, "detail": ` + quoted(r) + `}` },
	} {
		for _, code := range []int{302, 400, 422, 500, 503} {
			faults[fmt.Sprint(name, code)] = func(w nethttp.ResponseWriter, r *nethttp.Request, _ func()) {
				w.WriteHeader(code)
				_, _ = io.WriteString(w, text(r))
			}
		}
	}
	faults["not HTTP"] = func(w nethttp.ResponseWriter, r *nethttp.Request, serve func()) {
		raw(true, said(r)+"\r\n")(w, r, serve)
	}
	faults["a broken header"] = func(w nethttp.ResponseWriter, r *nethttp.Request, serve func()) {
		raw(true, "HTTP/1.1 201 Created\r\n"+said(r)+"\r\n\r\n")(w, r, serve)
	}
	for name, f := range faults {
		for auth, set := range map[string]func(*Config){
			"bearer": func(c *Config) { c.Bearer = secret(t, "env:HTTP_TEST_TOKEN") },
			"basic":  func(c *Config) { c.Basic = Basic{User: "acme", Password: secret(t, "env:HTTP_TEST_TOKEN")} },
		} {
			m := &memory{faults: []fault{f, f, f, f, f, f, f, f}}
			c := defaults(t, m.start(t).URL+"/path")
			c.URL.RawQuery = "token=canary-in-the-query"
			c.RetryFor, c.SigningSecret, c.Find = 0, secret(t, "env:HTTP_TEST_SIGNING"), true
			set(&c)
			a, _ := open(t, c)
			inv := small(t, a).(*findable)
			_, commit := inv.Commit(t.Context())
			_, find := inv.Find(t.Context())
			all := []string{fmt.Sprintf("%v %v %+v %#v", commit, find, c, c.Basic), log.String()}
			for check, err := range a.CheckHealth(t.Context()) {
				all = append(all, fmt.Sprint(check, err))
			}
			slog.Info("failed", "commit", commit, "find", find, "bearer", c.Bearer, "tls", c.TLS)
			for _, text := range all {
				text = strings.ReplaceAll(text, "token=canary-in-the-query", "") // the config itself, not the errors
				for _, bird := range []string{"canary", `bird\`, pair, "Y2FuYXJ5", testSigning} {
					if strings.Contains(text, bird) {
						t.Fatalf("%s, %s: %s is in %.2000s", name, auth, bird, text)
					}
				}
			}
			if commit == nil || strings.Contains(fmt.Sprint(commit, find), "in-the-query") {
				t.Errorf("%s, %s: Commit: %v, Find: %v", name, auth, commit, find)
			}
		}
	}
}

// A secret of which nothing is left is in no text, and so not between all of
// its letters.
func TestRedactNothing(t *testing.T) {
	t.Setenv("HTTP_TEST_SIGNING", "whsec_")
	c := defaults(t, "https://localhost")
	c.SigningSecret = secret(t, "env:HTTP_TEST_SIGNING")
	a, _ := open(t, c)
	if got := redact("no such invoice", a.secrets()); got != "no such invoice" {
		t.Errorf("it is told as %q", got)
	}
}

// What the receiver calls an invoice is stored and listed: it has no secret
// either.
func TestReferenceWithoutSecrets(t *testing.T) {
	t.Setenv("HTTP_TEST_TOKEN", "canary-token")
	m := &memory{}
	echo := func(w nethttp.ResponseWriter, r *nethttp.Request, _ func()) {
		w.Header().Set("Location", "/7?"+r.URL.RawQuery+"&by="+r.Header.Get("Authorization"))
		w.WriteHeader(nethttp.StatusCreated)
	}
	m.faults = []fault{echo}
	c := defaults(t, m.start(t).URL)
	c.URL.RawQuery, c.Bearer = "api_key=canary-in-the-query", secret(t, "env:HTTP_TEST_TOKEN")
	a, _ := open(t, c)
	if reference, err := small(t, a).Commit(t.Context()); err != nil || reference != "/7?api_key=***&by=Bearer ***" {
		t.Errorf("it is called %q, %v", reference, err)
	}
}
