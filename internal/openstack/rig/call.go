package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Env is the administrator's login as OS_* variables.
func (r *Rig) Env() map[string]string {
	return map[string]string{
		"OS_AUTH_URL":            r.Keystone,
		"OS_USERNAME":            Username,
		"OS_PASSWORD":            Password,
		"OS_USER_DOMAIN_NAME":    Domain,
		"OS_PROJECT_NAME":        Project,
		"OS_PROJECT_DOMAIN_NAME": Domain,
		"OS_REGION_NAME":         "RegionOne",
	}
}

// Call sends a request as the administrator, with in as JSON where it is not
// nil, and reads the answer into out where that is not nil. An answer that is not
// 2xx fails the test. A url without a scheme is below Keystone's.
func (r *Rig) Call(t testing.TB, method, url string, in, out any) http.Header {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	status, header, body := r.send(t, method, url, in)
	if status == http.StatusUnauthorized {
		r.token = "" // somebody revoked it
		status, header, body = r.send(t, method, url, in)
	}
	if status/100 != 2 {
		t.Fatalf("%s %s: %d %s", method, url, status, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, url, err, body)
		}
	}
	return header
}

func (r *Rig) send(t testing.TB, method, url string, in any) (int, http.Header, []byte) {
	t.Helper()
	if r.token == "" {
		domain := map[string]any{"name": Domain}
		status, header, body := r.exchange(t, "POST", "/auth/tokens", map[string]any{"auth": map[string]any{
			"identity": map[string]any{"methods": []string{"password"}, "password": map[string]any{
				"user": map[string]any{"name": Username, "domain": domain, "password": Password}}},
			"scope": map[string]any{"project": map[string]any{"name": Project, "domain": domain}}}})
		if status != http.StatusCreated {
			t.Fatalf("the administrator's login: %d %s", status, body)
		}
		r.token = header.Get("X-Subject-Token")
	}
	return r.exchange(t, method, url, in)
}

func (r *Rig) exchange(t testing.TB, method, url string, in any) (int, http.Header, []byte) {
	t.Helper()
	if !strings.Contains(url, "://") {
		url = r.Keystone + url
	}
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader(body)) // cleanups call, too
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	if r.token != "" {
		req.Header.Set("X-Auth-Token", r.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, answer
}

// Revoke ends a token, by its own right.
func (r *Rig) Revoke(t testing.TB, token string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodDelete, r.Keystone+"/auth/tokens", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", token)
	req.Header.Set("X-Subject-Token", token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		t.Fatalf("revoking a token: %s", resp.Status)
	}
}
