package config

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func secret(t *testing.T, text string) Secret {
	t.Helper()
	s, err := ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseSecret(t *testing.T) {
	const (
		literal  = "a literal here; write env:NAME or file:/path"
		variable = "env: wants the name of an environment variable after it; write env:NAME"
		absolute = "file: wants an absolute path after it; write file:/path"
	)
	for text, want := range map[string]string{
		"env:OPENERP_PASSWORD": "",
		"env:_a1":              "",
		"file:/run/secrets/x":  "",
		"":                     literal,
		"hunter2":              literal,
		"hunter2:hunter2":      literal,
		"ENV:hunter2":          literal,
		" env:hunter2":         literal,
		"env":                  literal,
		"env:":                 variable,
		"env:hunter2!":         variable,
		"env:2hunter2":         variable,
		"env:$hunter2":         variable,
		"file:":                absolute,
		"file:hunter2":         absolute,
		"file:~/hunter2":       absolute,
	} {
		s, err := ParseSecret(text)
		if got := fmt.Sprint(err); want != "" && got != want || want == "" && err != nil {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
		if s.IsZero() != (want != "") {
			t.Errorf("%q: is it zero?", text)
		}
	}
}

func TestReveal(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file:" + path
	}
	t.Setenv("ARTIFICE_TEST_SECRET", " hunter2\n")
	t.Setenv("ARTIFICE_TEST_EMPTY", "")
	os.Unsetenv("ARTIFICE_TEST_UNSET")
	for _, test := range []struct{ text, want, err string }{
		{"env:ARTIFICE_TEST_SECRET", " hunter2\n", ""},
		{"env:ARTIFICE_TEST_EMPTY", "", "the environment variable ARTIFICE_TEST_EMPTY is not set"},
		{"env:ARTIFICE_TEST_UNSET", "", "the environment variable ARTIFICE_TEST_UNSET is not set"},
		{file("plain", "hunter2"), "hunter2", ""},
		{file("newline", "hunter2 \n"), "hunter2 ", ""},
		{file("crlf", "hunter2\r\n"), "hunter2", ""},
		{file("newlines", "hunter2\n\n"), "hunter2\n", ""},
		{file("empty", "\n"), "", "the secret in DIR/empty is empty"},
		{file("long", strings.Repeat("x", maxSecretSize+1)), "", "the secret in DIR/long is longer than 65536 bytes"},
		{"file:" + filepath.Join(dir, "missing"), "", "cannot read a secret: open DIR/missing: no such file or directory"},
		{"file:" + dir, "", "cannot read a secret: read DIR: is a directory"},
	} {
		got, err := secret(t, test.text).Reveal()
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.text, got, test.want)
		}
		if test.err == "" != (err == nil) || err != nil && strings.ReplaceAll(err.Error(), dir, "DIR") != test.err {
			t.Errorf("%s: got %v, want %s", test.text, err, test.err)
		}
	}
	if _, err := (Secret{}).Reveal(); err == nil || err.Error() != "no secret is configured" {
		t.Errorf("the zero secret: %v", err)
	}
}

// Neither the secret nor where it is comes out, whichever way it is printed,
// also from within a config.
func TestSecretNeverPrints(t *testing.T) {
	t.Setenv("CANARY", canary)
	s := secret(t, "env:CANARY")
	if v, err := s.Reveal(); err != nil || v != canary {
		t.Fatal(v, err)
	}
	exported := struct {
		Password Secret
		Pointer  *Secret
		List     []Secret
		Map      map[string]Secret
	}{s, &s, []Secret{s}, map[string]Secret{"a": s}}
	unexported := struct {
		password Secret
		list     []Secret
	}{s, []Secret{s}}

	var out strings.Builder
	for _, v := range []any{s, &s, exported, &exported, unexported, &unexported, fmt.Errorf("login with %v and %s", s, exported)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10v", "%T"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprintln(&out, v)
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(h).Info("config", "value", v)
		}
		if data, err := json.MarshalIndent(v, "", " "); err == nil {
			out.Write(data)
		}
	}
	var x bytes.Buffer
	if err := xml.NewEncoder(&x).Encode(s); err != nil {
		t.Fatal(err)
	}
	out.Write(x.Bytes())
	if data, err := json.Marshal(map[Secret]string{}); err == nil {
		out.Write(data)
	}
	all := out.String()
	for _, text := range []string{canary, "CANARY", "env:", fmt.Sprintf("%x", "CANARY"), fmt.Sprintf("%x", canary)} {
		if i := strings.Index(strings.ToLower(all), strings.ToLower(text)); i >= 0 {
			t.Errorf("printed %q: %s", text, all[max(0, i-80):min(len(all), i+80)])
		}
	}
	for _, got := range []string{
		s.String(), s.GoString(), s.LogValue().String(), fmt.Sprintf("%v", s), fmt.Sprintf("%#v", s), fmt.Sprintf("%q", s),
	} {
		if got != "***" {
			t.Errorf("printed %s and not ***", got)
		}
	}
	if data, err := json.Marshal(exported.List); err != nil || string(data) != `["***"]` {
		t.Errorf("json is %s, %v", data, err)
	}
}
