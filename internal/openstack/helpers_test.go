package openstack

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/openstack/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// canary is every password and secret here: it must come up in no message.
const canary = "c4n4ry/pass+word"

// A clock goes on when somebody sleeps.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return nil
}

func (c *clock) options() Options {
	return Options{
		Now:    c.Now,
		Sleep:  c.Sleep,
		Jitter: func(d time.Duration) time.Duration { return d }, // so that waits are 1 s, 2 s, 4 s, ...
		Getenv: func(string) string { return "" },
	}
}

// A cloud that is not there: a Keystone that can be told what to answer, and a
// service "metric" beside it.
type fake struct {
	*httptest.Server
	clock *clock

	mu       sync.Mutex
	logins   int
	life     time.Duration
	keystone http.HandlerFunc // instead of a token, where it is set
	service  http.HandlerFunc // at /metric/
	projects http.HandlerFunc // at /v3/projects and the like
	requests []string
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{life: time.Hour, clock: &clock{now: time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.Method+" "+r.URL.RequestURI())
	keystone, service, projects := f.keystone, f.service, f.projects
	f.mu.Unlock()
	w.Header().Set("Date", f.clock.Now().UTC().Format(http.TimeFormat))
	switch {
	case r.URL.Path == "/v3/auth/tokens" && keystone != nil:
		keystone(w, r)
	case r.URL.Path == "/v3/auth/tokens":
		f.login(w)
	case strings.HasPrefix(r.URL.Path, "/v3/") && projects != nil:
		projects(w, r)
	case strings.HasPrefix(r.URL.Path, "/metric") && service != nil:
		service(w, r)
	default:
		http.NotFound(w, r)
	}
}

// login gives the next token: token-1, token-2, ...
func (f *fake) login(w http.ResponseWriter) {
	f.mu.Lock()
	f.logins++
	n, life := f.logins, f.life
	f.mu.Unlock()
	now := f.clock.Now()
	w.Header().Set("X-Subject-Token", fmt.Sprintf("token-%d", n))
	w.WriteHeader(http.StatusCreated)
	json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{
		"issued_at":  now.Format("2006-01-02T15:04:05.000000Z"),
		"expires_at": now.Add(life).Format("2006-01-02T15:04:05.000000Z"),
		"catalog":    []any{map[string]any{"type": "metric", "endpoints": []any{endpointJSON("public", "north", f.URL+"/metric/")}}},
	}})
}

func endpointJSON(face, region, url string) map[string]any {
	return map[string]any{"interface": face, "region_id": region, "region": region, "url": url}
}

// loggedIn is how often Keystone gave a token.
func (f *fake) loggedIn() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.logins
}

// config logs in to the fake with a password.
func (f *fake) config(t *testing.T) Config {
	t.Helper()
	c := plainConfig()
	c.AuthURL = mustURL(t, f.URL)
	c.Username, c.ProjectName = "billing", "admin"
	c.Password = secret(t, canary)
	return c
}

// plainConfig is what the config has where nothing is set.
func plainConfig() Config {
	return Config{Concurrency: 4, Timeout: time.Minute, RetryFor: 5 * time.Minute, MaxAnswer: 1 << 20}
}

func (f *fake) open(t *testing.T) *Cloud {
	t.Helper()
	return mustOpen(t, f.config(t), f.clock.options())
}

func mustOpen(t *testing.T, c Config, o Options) *Cloud {
	t.Helper()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	cloud, err := c.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cloud.Close() })
	return cloud
}

// secret puts a text where a config.Secret finds it.
func secret(t *testing.T, text string) config.Secret {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	writeFile(t, file, text)
	s, err := config.ParseSecret("file:" + file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// wantError checks that an error says what it should, and nothing secret.
func wantError(t *testing.T, err error, says ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one that says %q", says)
	}
	for _, part := range says {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error is\n%v\nand does not say %q", err, part)
		}
	}
	for _, hidden := range []string{canary, url.QueryEscape(canary), "token-1", "token-2"} {
		if strings.Contains(err.Error(), hidden) {
			t.Errorf("the error tells a secret: %v", err)
		}
	}
}

func fileOf(name string) config.Path { return config.Path(name) }

func getenv(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

// certificate is that of a server, PEM.
func certificate(s *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}
