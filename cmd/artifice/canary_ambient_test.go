package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// An ambience is where a secret is that no key of the config has: variables of
// the environment, and the files that they name.
type ambience struct {
	name    string
	keys    map[string]string
	env     []string
	reaches bool // it can be used: the secret arrives where it is asked for
}

// ambiences are those of which the adapter knows.
func (c candidate) ambiences(t *testing.T, m misfortune) []ambience {
	t.Helper()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		noError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	keys := maps.Clone(c.usual)
	maps.DeleteFunc(keys, func(key, _ string) bool { return key != "timeout" && key != "retry_for" })
	switch {
	case c.Kind == "store":
		keys["url"] = "postgres://somebody@" + m.address + "/canary"
		return []ambience{
			{"PGPASSWORD", keys, []string{"PGPASSWORD=" + canary}, false},
			{"pgpass", keys, []string{"PGPASSFILE=" + file("pgpass", "*:*:*:*:"+canary+"\n")}, false},
			{"pgpass that is none", keys, []string{"PGPASSFILE=" + file("none", canary+"\n"+canary+":"+canary)}, false},
		}
	case slices.Contains(c.texts, "cloud"):
		url := m.scheme + m.address + "/canary"
		entry := "clouds: {x: {region_name: r, auth: {auth_url: '" + url + "', username: u, user_domain_name: d, project_name: p, project_domain_name: d, password: "
		return []ambience{
			{"OS_PASSWORD", keys, []string{"OS_AUTH_URL=" + url, "OS_USERNAME=u", "OS_USER_DOMAIN_NAME=d", "OS_PROJECT_NAME=p", "OS_PROJECT_DOMAIN_NAME=d", "OS_REGION_NAME=r", "OS_PASSWORD=" + canary}, true},
			{"clouds.yaml", keys, []string{"OS_CLOUD=x", "OS_CLIENT_CONFIG_FILE=" + file("clouds.yaml", entry+canary+"}}}\n")}, true},
			{"clouds.yaml that is none", keys, []string{"OS_CLOUD=x", "OS_CLIENT_CONFIG_FILE=" + file("none.yaml", entry+canary+"\n\tx: "+canary+"]\n")}, false},
			{"a password that is a list", keys, []string{"OS_CLOUD=x", "OS_CLIENT_CONFIG_FILE=" + file("list.yaml", entry+"["+canary+"]}}}\n")}, false},
		}
	}
	return nil
}

// keepsAmbientSecrets runs the commands with the secret around them.
func (c candidate) keepsAmbientSecrets(t *testing.T, program string, m misfortune) {
	t.Helper()
	if m.slow {
		return // the secret of a key is enough of those
	}
	for _, a := range c.ambiences(t, m) {
		t.Run(m.name+"/"+a.name, func(t *testing.T) {
			before := m.arrived.Load()
			c.keepsSecret(t, m.commands(false), program, c.config(a.keys), a.env...)
			if answers := m.name != "refused" && m.name != "TLS"; a.reaches && answers && m.arrived.Load() == before {
				t.Errorf("the secret never arrived: nothing was tried")
			}
		})
	}
}
