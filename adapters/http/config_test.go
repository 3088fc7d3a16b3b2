package http

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/rates"
)

// bind binds a section as generated code does.
func bind(t *testing.T, text string) (Config, error) {
	t.Helper()
	file, err := config.Parse("artifice.ini", []byte("[invoice:object]\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	var c Config
	b := config.Bind(file.Section("invoice:object"))
	config.Field(b, &c.URL, config.URL, "url", config.Required())
	config.Field(b, &c.Find, config.Bool, "find")
	config.Field(b, &c.Idempotent, config.Bool, "idempotent")
	config.Field(b, &c.Reference, config.String, "reference")
	config.Field(b, &c.RatesURL, config.URL, "rates_url")
	config.Field(b, &c.Rates.File, b.Path, "rates.file")
	config.Field(b, &c.Rates.Names, b.Path, "rates.names")
	config.Text(b, &c.Rates.Delimiter, "rates.delimiter")
	config.Field(b, &c.SigningSecret, config.ParseSecret, "signing_secret")
	config.Field(b, &c.Bearer, config.ParseSecret, "bearer")
	config.Field(b, &c.Basic.User, config.String, "basic.user")
	config.Field(b, &c.Basic.Password, config.ParseSecret, "basic.password")
	config.Field(b, &c.TLS.CA, b.Path, "tls.ca")
	config.Field(b, &c.TLS.Certificate, b.Path, "tls.certificate")
	config.Field(b, &c.TLS.Key, config.ParseSecret, "tls.key")
	config.Field(b, &c.Insecure, config.Bool, "insecure")
	config.Field(b, &c.Timeout, config.Duration, "timeout", config.Default("30s"))
	config.Field(b, &c.RetryFor, config.Duration, "retry_for", config.Default("2m"))
	config.Field(b, &c.MaxAnswer, config.ParseSize, "max_answer", config.Default("8MiB"))
	return c, b.Validate(c)
}

// The mistakes that no key has alone are told at their keys, all at once.
func TestValidate(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"a URL is enough", `url = "https://localhost:4567"`, ""},
		{"http on this machine", "url = http://localhost:4567\nrates_url = http://127.0.0.2/rates", ""},
		{"http on this machine, IPv6", "url = http://[::1]:4567/in?voices", ""},
		{"http anywhere, if it must be", "url = http://erp.example.org\ninsecure = yes", ""},
		{"everything", "url = https://erp.example.org/invoices\nfind = yes\nidempotent = yes\nreference = /a~1b/0/~0\nrates_url = https://prices.example.org\n" +
			"signing_secret = env:S\nbasic.user = me\nbasic.password = env:P\ntls.ca = ca.pem\ntls.certificate = me.pem\ntls.key = file:/etc/me.key\ntimeout = 5m\nretry_for = 0s\nmax_answer = 1GiB", ""},

		{"http elsewhere", "url = http://erp.example.org/secret", `2:1: [invoice:object] url: requests would go to erp.example.org unencrypted (write https://, or insecure = true)`},
		{"http to a name that begins alike", "url = http://localhost.example.org", `2:1: [invoice:object] url: requests would go to localhost.example.org unencrypted`},
		{"http elsewhere, IPv6", "url = http://[::2]:80", `2:1: [invoice:object] url: requests would go to [::2]:80 unencrypted`},
		{"a key for the receiver where find puts the order's", "url = https://a/in?key=of-the-receiver\nfind = true",
			`2:1: [invoice:object] url: has a parameter "key" of its own, in whose place find = true sends the order's key (let the receiver take its own from a header: bearer, basic.user)`},
		{"the same where nothing is looked for", "url = https://a/in?key=of-the-receiver", ""},
		{"a parameter that is the block's", "url = https://a\nrates_url = https://a/rates?start=now&x=1",
			`3:1: [invoice:object] rates_url: has a parameter "start" of its own, in whose place that of the block is sent (remove it)`},
		{"prices over http elsewhere", "url = https://a\nrates_url = http://192.0.2.1", `3:1: [invoice:object] rates_url: requests would go to 192.0.2.1 unencrypted`},
		{"another scheme", "url = ftp://erp.example.org", `url: begins with ftp://, not with https://`},
		{"a user in the URL", "url = https://me:canary@erp.example.org", `url: holds a user (use basic.user and basic.password, or bearer)`},
		{"a fragment", "url = https://erp.example.org/#invoices", `url: has a fragment`},
		{"two ways in", "url = https://a\nbearer = env:T\nbasic.user = me\nbasic.password = env:P", `3:1: [invoice:object] bearer: requests are authorized by bearer or by basic.user and basic.password, not by both`},
		{"half a user", "url = https://a\nbasic.user = me", `3:1: [invoice:object] basic.user: needs basic.password as well`},
		{"the other half", "url = https://a\nbasic.password = env:P", `3:1: [invoice:object] basic.password: needs basic.user as well`},
		{"a user with a colon", "url = https://a\nbasic.user = m:e\nbasic.password = env:P", `3:1: [invoice:object] basic.user: "m:e" holds a colon`},
		{"a certificate alone", "url = https://a\ntls.certificate = me.pem", `tls.certificate: needs tls.key as well`},
		{"a key alone", "url = https://a\ntls.key = env:K", `tls.key: needs tls.certificate as well`},
		{"TLS without https", "url = http://localhost\ntls.ca = ca.pem", `3:1: [invoice:object] tls.ca: is for https://, which no URL begins with`},
		{"two price lists", "url = https://a\nrates_url = https://b\nrates.file = rates.csv", `3:1: [invoice:object] rates_url: prices come from rates_url or from rates.file, not from both`},
		{"no pointer", "url = https://a\nreference = id", `3:1: [invoice:object] reference: "id" is not a JSON pointer (write it like /id or /invoice/number)`},
		{"a bad pointer", "url = https://a\nreference = /a~2b", `reference: "/a~2b" is not a JSON pointer: ~ stands only in ~0 for ~ and in ~1 for /`},
		{"no time", "url = https://a\ntimeout = 0s", `3:1: [invoice:object] timeout: 0s is no time to wait`},
		{"no room", "url = https://a\nmax_answer = 2GiB", `3:1: [invoice:object] max_answer: is not between`},
		{"a literal secret", "url = https://a\nbearer = canary", `a literal here; write env:NAME or file:/path`},
		{"several", "url = http://a\nreference = id\ntls.key = env:K", "url: requests would go to a unencrypted"},
		{"several", "url = http://a\nreference = id\ntls.key = env:K", `reference: "id"`},
		{"several", "url = http://a\nreference = id\ntls.key = env:K", "tls.key: needs tls.certificate as well"},
	} {
		_, err := bind(t, tc.text)
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%s: %v", tc.name, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: %v\nwant %s", tc.name, err, tc.want)
		case err != nil && strings.Contains(err.Error(), "canary"):
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if err := (Config{}).Validate(); err == nil || !strings.Contains(err.Error(), "url: is missing") {
		t.Errorf("the zero Config: %v", err)
	}
}

// What is left out is what the other tests use.
func TestDefaults(t *testing.T) {
	c, err := bind(t, `url = https://localhost:4567/invoices`)
	if err != nil {
		t.Fatal(err)
	}
	want := defaults(t, "https://localhost:4567")
	want.Rates.Delimiter = c.Rates.Delimiter // that of package rates
	if diff := cmp.Diff(want, c, cmp.AllowUnexported(config.Secret{})); diff != "" {
		t.Errorf("(-tests +config)\n%s", diff)
	}
}

// NewInvoice refuses what Validate refuses, reads nothing, and warns of what
// goes out openly, at every start.
func TestNewInvoice(t *testing.T) {
	var log bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(old) })

	c := defaults(t, "https://erp.example.org")
	c.TLS = TLS{CA: "missing.pem", Certificate: "missing.pem", Key: secret(t, "env:HTTP_TEST_UNSET")}
	c.Bearer, c.Rates = secret(t, "env:HTTP_TEST_UNSET"), rates.Config{File: "missing.csv"}
	for _, u := range []string{"https://erp.example.org", "http://localhost:1", "http://127.0.0.1:1"} {
		c := c
		c.URL, c.TLS = parse(t, u), TLS{}
		if _, err := NewInvoice(t.Context(), c); err != nil {
			t.Error(err)
		}
	}
	if _, err := NewInvoice(t.Context(), c); err != nil || log.Len() != 0 {
		t.Errorf("%v, and a log of %q", err, &log)
	}

	c = defaults(t, "http://erp.example.org")
	c.URL.RawQuery = "token=canary"
	if _, err := NewInvoice(t.Context(), c); err == nil {
		t.Error("a config that is not valid was taken")
	}
	c.Insecure = true
	for range 2 {
		log.Reset()
		if _, err := NewInvoice(t.Context(), c); err != nil {
			t.Error(err)
		}
		if got := log.String(); strings.Count(got, "level=WARN") != 1 || !strings.Contains(got, "unencrypted") ||
			!strings.Contains(got, "url=http://erp.example.org/invoices") || strings.Contains(got, "canary") {
			t.Errorf("the log is %q", got)
		}
	}
}

// The real clock, jitter and sleep are those of a new adapter.
func TestRealTime(t *testing.T) {
	a, err := NewInvoice(t.Context(), defaults(t, "https://localhost"))
	if err != nil {
		t.Fatal(err)
	}
	if off := time.Since(a.now()); off < 0 || off > time.Hour {
		t.Errorf("the clock is %v off", off)
	}
	var lowest, highest time.Duration = time.Hour, 0
	for range 1000 {
		j := a.jitter(time.Second)
		lowest, highest = min(lowest, j), max(highest, j)
	}
	if lowest < 0 || lowest > time.Second/4 || highest > time.Second || highest < time.Second*3/4 {
		t.Errorf("jitter is from %v to %v, want from 0s to 1s", lowest, highest)
	}
	ctx, cancel := contextCancelled(t)
	defer cancel()
	if err := a.sleep(ctx, time.Hour); err == nil {
		t.Error("a sleep was not stopped")
	}
	if err := a.sleep(t.Context(), 0); err != nil {
		t.Error(err)
	}
}
