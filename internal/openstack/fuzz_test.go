package openstack

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// offline is a cloud that is never asked anything.
func offline(f testing.TB) *Cloud {
	f.Helper()
	c := plainConfig()
	cloud, err := c.Open(Options{Getenv: getenv(map[string]string{
		"OS_AUTH_URL": "https://keystone", "OS_USERNAME": "u", "OS_PASSWORD": canary, "OS_PROJECT_ID": "p"})})
	if err != nil {
		f.Fatal(err)
	}
	cloud.hide(canary)
	return cloud
}

// FuzzClouds: no file makes the decoders panic, and no message quotes one.
func FuzzClouds(f *testing.F) {
	f.Add("clouds: {north: {auth: {auth_url: 'http://k', username: u, password: SECRET, project_id: q}}}", "")
	f.Add("clouds: {north: {profile: x, auth: }}", "clouds: {north: {auth: {password: SECRET}}}")
	f.Add("clouds: &a {north: {<<: *a, auth: *a}}", "clouds: [north]")
	f.Add("clouds: {north: {regions: [a, {name: b, values: {}}], auth: {auth_url: [SECRET]}}}", "[")
	f.Fuzz(func(t *testing.T, text, secure string) {
		insert := strings.NewReplacer("SECRET", "h1dd3ncanary")
		if strings.Contains(text+secure, "h1dd") {
			t.Skip()
		}
		c := plainConfig()
		if l, err := c.fromEntry("north", []byte(insert.Replace(text)), []byte(insert.Replace(secure)), "", ""); err == nil {
			auth, err := l.auth()
			if err != nil || l.base.Hostname() == "" || l.tls == nil {
				t.Errorf("%+v, %v", l, err)
			}
			_ = checkAuth(auth)
		} else if strings.Contains(err.Error(), "h1dd") && strings.Contains(text, "password: SECRET") {
			t.Errorf("the error tells a secret: %v", err)
		}
	})
}

// FuzzToken: an answer to the login gives a token that lives, or an error.
func FuzzToken(f *testing.F) {
	f.Add([]byte(`{"token": {"issued_at": "2026-10-01T12:00:00.000000Z", "expires_at": "2026-10-01T13:00:00.000000Z", "catalog": [{"type": "metric", "endpoints": [{"interface": "public", "url": "http://x"}]}]}}`), "token-1", "Thu, 01 Oct 2026 12:00:00 GMT")
	f.Add([]byte(`{"token": {"issued_at": "0001-01-01T00:00:00Z", "expires_at": "9999-01-01T00:00:00Z", "catalog": {}}}`), "", "x")
	f.Add([]byte(`{"token": null}`), "x", "")
	cloud := offline(f)
	now := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte, id, date string) {
		var result tokens.CreateResult
		if json.Unmarshal(body, &result.Body) != nil {
			t.Skip()
		}
		result.Header = http.Header{"X-Subject-Token": {id}, "Date": {date}}
		token, err := readToken(result, now, now)
		if err != nil {
			return
		}
		if token.id == "" || !token.expires.After(now) || token.renew.After(token.expires) {
			t.Errorf("%+v", token)
		}
		for _, kind := range []string{"metric", ""} {
			if e, err := cloud.choose(token.catalog, kind); err == nil && (e.URL.Hostname() == "" || e.URL.User != nil) {
				t.Errorf("%+v", e)
			}
		}
	})
}

// FuzzProjects: a page gives projects that have ids, and texts.
func FuzzProjects(f *testing.F) {
	f.Add([]byte(`{"projects": [{"id": "a", "name": "b", "tags": ["x"], "erp": 1.0}], "links": {"next": "/v3/projects?marker=a"}, "truncated": true}`))
	f.Add([]byte(`{"projects": [{"id": {}, "tags": "x", "erp": [1, {"a": null}]}, null, 3]}`))
	f.Add([]byte(`{"projects": null, "links": null}`))
	cloud := offline(f)
	base := &url.URL{Scheme: "https", Host: "keystone", Path: "/v3/projects"}
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := decodePage(&Answer{Body: body, URL: base, cloud: cloud}, "projects")
		if err != nil {
			return
		}
		for _, text := range page.projects {
			p := new(project)
			if json.Unmarshal(text, p) != nil {
				continue
			}
			tenant := p.tenant(map[string]string{"d": "D"})
			if tenant.ID == "" {
				t.Error("a tenant without an id")
			}
			for key, value := range tenant.Extra {
				if value == "" || !utf8.ValidString(value) {
					t.Errorf("%q is %q", key, value)
				}
			}
			p.isCalled("a*[b-c]?")
		}
	})
}

// FuzzProject: of a project only what Keystone says is believed.
func FuzzProject(f *testing.F) {
	f.Add([]byte(`{"project": {"id": "a", "name": "b"}}`), 200, "a")
	f.Add([]byte(`{"error": {"code": 404, "message": "Could not find project: a."}}`), 404, "a")
	f.Add([]byte(`{"error": {"code": "404"}, "project": []}`), 404, "a")
	f.Add([]byte(`null`), 200, "")
	cloud := offline(f)
	base := &url.URL{Scheme: "https", Host: "keystone", Path: "/v3/projects/a"}
	f.Fuzz(func(t *testing.T, body []byte, status int, id string) {
		exists, err := (&Answer{Body: body, Status: status, URL: base, cloud: cloud}).hasProject(id)
		if err != nil {
			if exists {
				t.Error("it exists, and an error")
			}
			return
		}
		var told map[string]json.RawMessage
		if err := json.Unmarshal(body, &told); err != nil || len(told) == 0 && id != "" || exists == (status == http.StatusNotFound) {
			t.Errorf("%d %s: project %q exists %v (%v)", status, body, id, exists, err)
		}
	})
}

// FuzzFollow: whatever a link says, the token goes to the endpoint's host, and
// never less encrypted.
func FuzzFollow(f *testing.F) {
	for _, link := range []string{"v1/x", "https://g/metric/v1?a=b", "//evil/", "http://g@evil", "../..", "%2e%2e/x", "https:/x", "\\\\evil", "?x=%zz"} {
		f.Add(link, link)
	}
	f.Fuzz(func(t *testing.T, link, header string) {
		endpoint := &url.URL{Scheme: "https", Host: "g:8041", Path: "/metric"}
		answer := Answer{Header: http.Header{"Link": {header}}, URL: endpoint}
		for _, link := range []string{link, answer.Next()} {
			u, err := follow(endpoint, link, nil)
			if err == nil && (u.Scheme != "https" || u.Host != "g:8041" || u.User != nil) {
				t.Errorf("%q leads to %s", link, u)
			}
			if err == nil {
				if again, err := url.Parse(u.String()); err != nil || again.Host != "g:8041" {
					t.Errorf("%q leads to %s, which is %v, %v", link, u, again, err)
				}
			}
		}
	})
}

// FuzzExplain: what a server says becomes one short line without secrets.
func FuzzExplain(f *testing.F) {
	f.Add([]byte(`{"error": {"message": "x"}}`), "application/json")
	f.Add([]byte(`{"description": {"cause": "`+canary+`"}}`), "text/plain")
	f.Add(bytes.Repeat([]byte("c4n4ry/"), 2000), "")
	f.Add([]byte("\x1b[2J\u2028\xff"), "")
	cloud := offline(f)
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		body = body[:min(len(body), maxExcerpt)]
		header := http.Header{"Content-Type": {kind}, "Retry-After": {kind}}
		text := cloud.explain(body, header, false)
		if len(text) > maxText+3 || strings.Contains(text, canary) || strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text) {
			t.Errorf("%q", text)
		}
	})
}

// TestLogsHoldNoSecrets has everything go wrong with a log that takes all.
// FuzzNames: what Nova and Cinder answer gives names with ids, or an error.
func FuzzNames(f *testing.F) {
	f.Add([]byte(`{"flavors": [{"id": "1", "name": "m1.tiny", "links": []}], "flavors_links": [{"rel": "next", "href": "x"}]}`))
	f.Add([]byte(`{"volume_types": [{"id": "t", "name": "ssd", "extra_specs": {}}, null, {}, 1], "volume_type_links": null}`))
	f.Add([]byte(`{"flavors": null, "volume_types": {}}`))
	cloud := offline(f)
	at := &url.URL{Scheme: "https", Host: "nova", Path: "/v2.1/flavors"}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, l := range listings {
			p, err := decodeNames(&Answer{Body: body, URL: at, cloud: cloud}, l)
			if (p == nil) == (err == nil) {
				t.Fatalf("%+v, %v", p, err)
			}
			for i := 0; p != nil && i < len(p.things); i++ {
				if n, err := decodeName(p.things[i]); err == nil && (n.ID == "" || n.Name == "" || !utf8.ValidString(n.ID+n.Name)) {
					t.Errorf("a name is %+v", n)
				}
			}
		}
	})
}

func TestLogsHoldNoSecrets(t *testing.T) {
	var log bytes.Buffer
	f := newFake(t)
	o := f.clock.options()
	o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug - 10}))
	echo := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.WriteHeader(code)
			io.WriteString(w, canary+" "+r.Header.Get("X-Auth-Token")+string(body))
		}
	}
	f.service = answers(echo(503), drop, echo(429), echo(401), status(200))
	cloud := mustOpen(t, f.config(t), o)
	if _, err := cloud.Service("metric", nil).Do(t.Context(), Request{}); err != nil {
		t.Fatal(err)
	}
	f.clock.advance(56 * time.Minute)
	f.keystone = echo(503)
	if _, err := cloud.Service("metric", nil).Do(t.Context(), Request{}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"asking again", "cannot renew the token yet", "got a token"} {
		if !strings.Contains(log.String(), text) {
			t.Errorf("the log does not say %q", text)
		}
	}
	for _, hidden := range []string{canary, "token-1", "token-2"} {
		if strings.Contains(log.String(), hidden) {
			t.Errorf("the log tells %q:\n%s", hidden, log.String())
		}
	}
}
