package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/openstack-artifice/artifice/gen"
)

// canary is what every secret is in these tests, and part of every URL. It can
// be taken for base64.
const canary = "CaNaRy7xQ2vN8mK4tW9pLz3sHd6fJb5g"

// traces are the ways in which a secret can be seen.
func traces() [][]byte {
	all := [][]byte{[]byte(canary), []byte(hex.EncodeToString([]byte(canary)))}
	for shift := range 3 { // wherever it stands in what is encoded
		encoded := base64.StdEncoding.EncodeToString([]byte("   "[:shift] + canary))
		all = append(all, []byte(encoded[4:len(encoded)-4]))
	}
	return all
}

// A candidate is an adapter, and the keys that it takes.
type candidate struct {
	gen.Found
	secrets []string
	urls    []string // keys, of URLs or of text that may be one
	texts   []string // other keys that take any text
	usual   map[string]string
	another bool // it is one that came before, under another name: their configs are the same
}

var (
	describedKey = regexp.MustCompile(`^(#?)([a-z_.]+) =`)
	likeURL      = regexp.MustCompile(`(^|[_.])(url|dsn)$`)
	likeFile     = regexp.MustCompile(`(^|[_.])certificate$`)
	likeUser     = regexp.MustCompile(`(^|[_.])user(name)?$`)
)

// candidates finds the adapters of this repository that take a secret, or a URL
// that may hold one: those that come later, too.
func candidates(t *testing.T) []candidate {
	t.Helper()
	options := gen.Options{Dir: filepath.Join("..", ".."), ReadOnly: true}
	found, err := gen.List(t.Context(), options, []string{"./adapters/..."})
	noError(t, err)
	var all []candidate
	seen := map[string]bool{} // their keys
	for _, f := range found {
		section, err := gen.Describe(t.Context(), options, f.Reference)
		noError(t, err)
		_, described, _ := strings.Cut(string(section), "\n[") // without what it is called
		c := candidate{Found: f, usual: map[string]string{}, another: seen[described]}
		seen[described] = true
		for paragraph := range strings.SplitSeq(string(section), "\n\n") {
			lines := strings.Split(strings.TrimSpace(paragraph), "\n")
			key := describedKey.FindStringSubmatch(lines[len(lines)-1])
			if key == nil {
				continue
			}
			name, looks := key[2], paragraph[strings.LastIndex(paragraph, "# (")+1:]
			switch {
			case strings.Contains(looks, "(a secret:"):
				c.secrets = append(c.secrets, name)
			case strings.Contains(looks, "(a URL"), strings.Contains(looks, "(text") && likeURL.MatchString(name):
				c.urls = append(c.urls, name)
			case likeUser.MatchString(name):
				c.usual[name] = "somebody"
			case name == "retry_for":
				c.usual[name] = "100ms"
			case strings.Contains(looks, "(a duration:"):
				c.usual[name] = "1s"
			case name == "rates.file", likeFile.MatchString(name):
				c.usual[name] = "rates.csv"
			case name == "protocol":
				c.usual[name] = "auto"
			case name == "insecure", name == "find":
				c.usual[name] = "true"
			case key[1] == "":
				c.usual[name] = "x"
			case strings.Contains(looks, "(text)"):
				c.texts = append(c.texts, name)
			}
		}
		if len(c.secrets)+len(c.urls) > 0 {
			all = append(all, c)
		}
	}
	return all
}

// plain are adapters without secrets, for the other kinds.
var plain = map[string]string{
	"invoice": "[invoice:object]\ncsv_directory = invoices\nrates.file = rates.csv\n",
	"source":  "[source:object]\npath = samples\n",
	"store":   "",
}

// main is the section of the config that chooses the adapter.
func (c candidate) main() string {
	chosen := map[string]string{"invoice": "adapters.csv:Invoice", "source": "adapters.ceilometer:Source", "store": "adapters.sqlite:Store"}
	chosen[c.Kind] = c.Reference
	text := "[main]\ndeployment = canary\ncurrency = NZD\n"
	for _, kind := range slices.Sorted(maps.Keys(chosen)) {
		text += fmt.Sprintf("%s:object = %q\n", kind, chosen[kind])
	}
	return text
}

// url is how the adapter's URLs begin.
func (c candidate) url(m misfortune) string {
	if c.Kind == "store" {
		return "postgres://"
	}
	return m.scheme
}

// keys are those of a place, and of the others as many as go with them. The
// program itself says which do not; nil where it takes none.
func (c candidate) keys(t *testing.T, program string, m misfortune, p place) map[string]string {
	t.Helper()
	keys := maps.Clone(c.usual)
	for _, key := range c.urls {
		keys[key] = c.url(m) + m.address + "/canary"
	}
	maps.Copy(keys, p.keys)
	for key := range p.keys {
		// A secret with an id of its own stands for a user.
		if id := strings.TrimSuffix(key, "_secret") + "_id"; len(p.keys) == 1 && slices.Contains(c.texts, id) {
			keys[id] = "x"
			maps.DeleteFunc(keys, func(key, _ string) bool { return likeUser.MatchString(key) })
		}
	}
	dir := t.TempDir()
	for range maxMended {
		noError(t, os.WriteFile(filepath.Join(dir, "artifice.ini"), []byte(c.config(keys)), 0o644))
		cmd := exec.CommandContext(t.Context(), program, "collect", "--metrics-file", "figures")
		cmd.Dir, cmd.Env = dir, canaryEnv(dir)
		out, _ := cmd.CombinedOutput() // there are no samples either
		secretIn(t, "a mistake in the config", out)
		mended := false
		for line := range strings.Lines(string(out)) {
			key := blamed(line, keys, p)
			needed := func(key string) bool { return keys[key] == "" && strings.Contains(line, "needs "+key+" ") }
			secret, text := slices.IndexFunc(c.secrets, needed), slices.IndexFunc(c.texts, needed)
			switch {
			case text >= 0:
				keys[c.texts[text]] = "x"
			case secret >= 0 && (key == "" || slices.Contains(c.urls, key)):
				keys[c.secrets[secret]] = "env:CANARY"
			case key != "":
				delete(keys, key)
			default:
				continue
			}
			mended = true
		}
		if !bytes.Contains(out, []byte("artifice.ini:")) {
			return keys
		}
		if !mended {
			break
		}
	}
	return nil
}

// moved are the same keys, of a server that is at another address.
func moved(keys map[string]string, address, other string) map[string]string {
	all := maps.Clone(keys)
	for key, value := range all {
		all[key] = strings.ReplaceAll(value, address, other)
	}
	return all
}

// anyAddress stands for a server's.
const anyAddress = "<address>"

// maxMended is how often a config is mended before it is given up.
const maxMended = 10

// blamed is the key that a mistake is made good by leaving out, "" for none.
func blamed(line string, keys map[string]string, p place) string {
	if !strings.HasPrefix(line, "artifice.ini:") {
		return ""
	}
	own := ""
	for _, word := range strings.FieldsFunc(line, func(r rune) bool { return r != '_' && r != '.' && (r < 'a' || r > 'z') }) {
		word = strings.Trim(word, ".")
		switch _, has := keys[word]; {
		case has && p.keys[word] == "":
			return word
		case has && own == "" && len(p.keys) > 1: // one of several secrets
			own = word
		}
	}
	return own
}

// config is a config of the adapter with these keys.
func (c candidate) config(keys map[string]string) string {
	sections := maps.Clone(plain)
	var section strings.Builder
	fmt.Fprintf(&section, "[%s:object]\n", c.Kind)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		fmt.Fprintf(&section, "%s = %q\n", key, keys[key])
	}
	sections[c.Kind] = section.String()
	return c.main() + sections["invoice"] + sections["source"] + sections["store"]
}

func canaryEnv(home string) []string {
	return append(os.Environ(), "CANARY="+canary, "CRASH_CLOCK=0s", "HOME="+home)
}

// A place is somewhere that a config may have a secret.
type place struct {
	name string
	keys map[string]string
}

// places are all places that the adapter's config has for secrets, and those
// where one must not be.
func (c candidate) places(m misfortune, file string) []place {
	var all []place
	each, files := map[string]string{}, map[string]string{}
	for _, key := range c.secrets {
		each[key], files[key] = "env:CANARY", "file:"+file
		all = append(all, place{key, map[string]string{key: "env:CANARY"}})
		for _, protocol := range []string{"jsonrpc", "xmlrpc", "json2"} {
			if c.usual["protocol"] != "" {
				all = append(all, place{key + " by " + protocol, map[string]string{key: "env:CANARY", "protocol": protocol}})
			}
		}
		all = append(all, place{key + " literally", map[string]string{key: canary}},
			place{key + " misspelt", map[string]string{key + "x": canary}})
	}
	all = append(all, place{"all secrets", each}, place{"all secrets in files", files})
	for _, key := range c.urls {
		scheme, address := c.url(m), m.address
		if c.Kind == "store" {
			all = append(all, place{key + " of words", map[string]string{key: "host=127.0.0.1 user=somebody password=" + canary}})
		}
		all = append(all,
			place{key + " with a password", map[string]string{key: scheme + "somebody:" + canary + "@" + address + "/x"}},
			place{key + " with a token", map[string]string{key: scheme + address + "/x?token=" + canary + "&password=" + canary}},
			place{key + " that is none", map[string]string{key: scheme + "somebody:" + canary + "@%zz/"}},
		)
	}
	return all
}

// buildCandidate builds a program with the adapter.
func (c candidate) build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	noError(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "crash"))))
	noError(t, writeModule(dir))
	keys := maps.Clone(c.usual)
	for _, key := range c.urls {
		keys[key] = "https://localhost"
	}
	noError(t, os.WriteFile(filepath.Join(dir, "artifice.ini"), []byte(c.config(keys)), 0o644))
	registry, err := gen.Generate(t.Context(), gen.Options{Dir: dir, ReadOnly: true, NoRun: true})
	noError(t, err)
	_, err = registry.Write()
	noError(t, err)
	build := exec.CommandContext(t.Context(), "go", "build", "-o", "canary", "./cmd")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, out)
	}
	return filepath.Join(dir, "canary")
}

// said are command lines that between them say all that a program can say, in
// every way to say it.
var said = [][]string{
	{"check", "--verbose"},
	{"check", "--output", "json", "--log-format", "json"},
	{"collect", "--through", "2013-09-01", "--verbose"},
	{"draft", "--month", "2013-08", "--log-format", "text", "--verbose"},
	{"bill", "--month", "2013-08", "--log-format", "json", "--verbose", "--metrics-file", "artifice.prom"},
	{"bill", "--month", "2013-08", "--output", "csv", "--verbose"},
	{"reconcile", "--verbose"},
	{"status", "--output", "json"},
	{"orders", "--output", "csv"},
	{"export", "-"},
	{"report", "--month", "2013-08", "--output-file", "report.html"},
	{"adapters"},
	{"version", "--verbose"},
}

// brief are those that say, and keep, what a server answers. Each place meets
// each server with them; with all that there are it meets one server, and each
// server one place.
var brief = [][]string{said[0], said[2], said[4], {"status", "--verbose"}, said[10]}

// A secret shows nowhere, wherever the config has it and whatever goes wrong.
func TestCanary(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program for each adapter that takes secrets")
	}
	secret := filepath.Join(t.TempDir(), "secret")
	noError(t, os.WriteFile(secret, []byte(canary+"\n"), 0o600))
	for _, c := range candidates(t) {
		t.Run(c.Reference, func(t *testing.T) {
			program := c.build(t)
			tried := map[string]bool{}
			ways := newMisfortunes(t)
			if c.Kind == "store" {
				at, err := url.Parse(cluster.Get(t).Create(t).URL)
				noError(t, err)
				// The others speak HTTP.
				ways = []misfortune{ways[0], ways[len(ways)-1], {name: "wrong password", address: at.Host, arrived: new(atomic.Int64), all: true}}
			}
			if c.another {
				ways = slices.DeleteFunc(ways, func(m misfortune) bool { return !m.all })
			}
			right := map[string]map[string]string{} // keys, by scheme and place: nil where none are
			for _, way := range ways {
				all := true // at first every command says what it has to say
				for _, p := range way.places(c, c.places(way, secret)) {
					t.Run(way.name+"/"+p.name, func(t *testing.T) {
						known, asked := right[way.scheme+p.name]
						if !asked {
							known = c.keys(t, program, way, p)
							right[way.scheme+p.name] = moved(known, way.address, anyAddress)
						}
						if known == nil {
							return
						}
						tried[p.name] = true
						c.keepsSecret(t, way.commands(all), program, c.config(moved(known, anyAddress, way.address)))
						all = false
					})
				}
				c.keepsAmbientSecrets(t, program, way)
				t.Logf("%s: the secret arrived %d times", way.name, way.arrived.Load())
			}
			t.Logf("places with which the program runs: %q", slices.Sorted(maps.Keys(tried)))
			for _, key := range c.secrets {
				if !tried[key] && !c.another {
					t.Errorf("no config was found that has %s and is right", key)
				}
			}
		})
	}
}

// keepsSecret runs commands, all of which may fail.
func (c candidate) keepsSecret(t *testing.T, commands [][]string, program, config string, env ...string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"artifice.ini": config, "rates.csv": "RegionOne | volume.size | GB hour | 1\n", "samples/a.json": canarySample} {
		noError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		noError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	for _, args := range commands {
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir, cmd.Env = dir, append(canaryEnv(dir), env...)
		out, _ := cmd.CombinedOutput() // most of them must fail
		secretIn(t, fmt.Sprint("artifice ", strings.Join(args, " ")), out)
	}
	noError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "artifice.ini" {
			return err
		}
		content, err := os.ReadFile(path)
		secretIn(t, "file "+entry.Name(), content)
		return err
	}))
}

// secretIn fails where the secret is in a text.
func secretIn(t *testing.T, what string, text []byte) {
	t.Helper()
	for _, trace := range traces() {
		if at := bytes.Index(text, trace); at >= 0 {
			t.Errorf("%s shows the secret: ...%s", what, text[max(0, at-200):min(len(text), at+len(trace)+20)])
			return
		}
	}
}

const canarySample = `[{"counter_name": "volume.size", "counter_type": "gauge", "counter_unit": "GB", "counter_volume": 2.0, "message_id": "m1", "project_id": "t1",
  "resource_id": "v1", "resource_metadata": {}, "source": "openstack", "timestamp": "2013-08-05T03:52:24.800000", "user_id": null}]`
