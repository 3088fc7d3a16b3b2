package postgres

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/config"
)

func TestConfig(t *testing.T) {
	for _, test := range []struct {
		name string
		c    Config
		want []string // key: a part of the message; none where it is right
	}{
		{"a URL", Config{URL: "postgres://artifice@localhost/artifice"}, nil},
		{"a URL, another machine", Config{URL: "postgres://artifice@db.example.org:5433/artifice?sslmode=verify-full"}, nil},
		{"a URL, the mode beside it", Config{URL: "postgresql://artifice@db.example.org/artifice", SSLMode: "require"}, nil},
		{"keywords", Config{URL: `host=db.example.org dbname=artifice user=artifice sslmode=disable`}, nil},
		{"single keys", Config{Host: "db.example.org", Port: 5433, Database: "artifice", User: "artifice", SSLMode: "verify-ca", CAFile: "/ca.pem"}, nil},
		{"a socket", Config{Host: "/var/run/postgresql", Database: "artifice"}, nil},
		{"a socket, in a URL", Config{URL: "postgres:///artifice?host=/var/run/postgresql"}, nil},
		{"loopback", Config{URL: "postgres://artifice@[::1]/artifice?sslmode=prefer"}, nil},
		{"two hosts", Config{URL: "host=db1,db2 port=5432,5433 sslmode=verify-full dbname=a target_session_attrs=read-write"}, nil},

		{"nothing", Config{}, []string{"url: is missing"}},
		{"no database", Config{Host: "localhost"}, []string{"database: is missing"}},
		{"no host", Config{URL: "postgres:///artifice"}, []string{"url: names no host"}},
		{"no host in keywords", Config{URL: "dbname=artifice"}, []string{"url: names no host"}},
		{"both", Config{URL: "postgres://localhost/a", Host: "localhost", Port: 1, Database: "a", User: "u"},
			[]string{"host: goes without url", "port: goes without url", "database: goes without url", "user: goes without url", "host: url says that"}},
		{"the mode twice", Config{URL: "postgres://localhost/a?sslmode=require", SSLMode: "require"}, []string{"sslmode: url says that already"}},
		{"the authorities twice", Config{URL: "postgres://localhost/a?sslrootcert=x", CAFile: "y"}, []string{"ca_file: url says that already"}},
		{"a password", Config{URL: "postgres://u:hunter2@localhost/a"}, []string{"url: holds a password: take it out, and write password = env:NAME"}},
		{"an empty password", Config{URL: "postgres://u:@localhost/a"}, []string{"url: holds a password"}},
		{"a password in the query", Config{URL: "postgres://u@localhost/a?password=hunter2"}, []string{"url: holds a password"}},
		{"a password in keywords", Config{URL: "host=localhost password='hunter2'"}, []string{"url: holds a password"}},
		{"a password of the key", Config{URL: "host=localhost sslpassword=hunter2"}, []string{"url: holds a password"}},
		{"a password that breaks the URL", Config{URL: "postgres://u:hun%ter2/@localhost:x/a"}, []string{"url: cannot be read"}},
		{"another database", Config{URL: "mysql://u:hunter2@localhost/a"}, []string{"url: cannot be read"}},
		{"keywords that end early", Config{URL: "host='localhost"}, []string{"url: cannot be read"}},
		{"keywords without a value", Config{URL: "host localhost"}, []string{"url: cannot be read"}},
		{"a keyword twice", Config{URL: "host=localhost host=db.example.org"}, []string{"url: says one thing twice: host"}},
		{"a name twice", Config{URL: "postgres://localhost/a?host=db.example.org"}, []string{"url: says one thing twice: host"}},
		{"a query that breaks", Config{URL: "postgres://localhost/a?x=%zz"}, []string{"url: cannot be read after its question mark"}},

		{"another machine, no mode", Config{URL: "postgres://u@db.example.org/a"}, []string{"sslmode: must be said, for db.example.org is another machine: write verify-full"}},
		{"another machine, prefer", Config{URL: "postgres://u@db.example.org/a?sslmode=prefer"}, []string{"sslmode: prefer sends in the clear to db.example.org"}},
		{"another machine, allow", Config{Host: "192.0.2.1", Database: "a", SSLMode: "allow"}, []string{"sslmode: allow sends in the clear to 192.0.2.1"}},
		{"another machine among two", Config{URL: "host=localhost,db2 dbname=a"}, []string{"sslmode: must be said, for db2"}},
		{"what looks like loopback", Config{Host: "localhost.example.org", Database: "a"}, []string{"sslmode: must be said"}},
		{"no mode", Config{Host: "localhost", Database: "a", SSLMode: "full"}, []string{`sslmode: "full" is none`}},
		{"an empty mode", Config{URL: "host=localhost sslmode=''"}, []string{`sslmode: "" is none`}},

		{"half a certificate", Config{Host: "localhost", Database: "a", CertFile: "x"}, []string{"key_file: is missing"}},
		{"half a certificate, the key", Config{Host: "localhost", Database: "a", KeyFile: "x"}, []string{"cert_file: is missing"}},
		{"a schema with a quote", Config{Host: "localhost", Database: "a", Schema: `x"; DROP`}, []string{"schema: is no name"}},
		{"a schema of the server", Config{Host: "localhost", Database: "a", Schema: "pg_temp"}, []string{"schema: is no name"}},
		{"few connections", Config{Host: "localhost", Database: "a", MaxConnections: 1}, []string{"max_connections: is too few"}},
		{"a timeout", Config{Host: "localhost", Database: "a", ConnectTimeout: 3 * time.Second}, nil},
		{"a timeout in the URL", Config{URL: "postgres://localhost/a?connect_timeout=3"}, nil},
		{"a timeout twice", Config{URL: "postgres://localhost/a?connect_timeout=3", ConnectTimeout: 3 * time.Second}, []string{"connect_timeout: url says that already"}},
		{"a timeout of half a second", Config{Host: "localhost", Database: "a", ConnectTimeout: 500 * time.Millisecond}, []string{"connect_timeout: 500ms is no number of whole seconds"}},
		{"several mistakes", Config{Host: "db", Database: "a", Schema: "X", MaxConnections: -1}, []string{"sslmode: must", "schema: is no", "max_connections: is"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := mistakes(test.c.Validate())
			if len(got) != len(test.want) {
				t.Fatalf("got %q, want %q", got, test.want)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], test.want[i]) || strings.Contains(got[i], "hunter2") {
					t.Errorf("got %q, want %q", got[i], test.want[i])
				}
			}
		})
	}
}

// mistakes are the errors that were joined, each with its key.
func mistakes(err error) []string {
	if err == nil {
		return nil
	}
	var all []string
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		keyed, ok := errors.AsType[*config.KeyError](e)
		if !ok {
			return append(all, "no key: "+e.Error())
		}
		all = append(all, keyed.Key+": "+keyed.Err.Error())
	}
	return all
}

// TestKeywords: what is written as keywords is read as it was.
func TestKeywords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		settings := rapid.MapOf(rapid.StringMatching(`[a-z_]{1,5}`), rapid.StringOf(rapid.SampledFrom([]rune(` '\=	aé"`)))).Draw(t, "settings")
		got, err := parseKeywords(keywords(settings))
		if err != nil || !maps.Equal(got, settings) {
			t.Fatalf("%q came back as %q, %v", settings, got, err)
		}
	})
}

// FuzzURL: what is read of a text is written so that it is read again, and what
// cannot be read is not repeated, for it may hold a password.
func FuzzURL(f *testing.F) {
	for _, text := range []string{"postgres://u@[::1]:5/a?sslmode=require&x=y", `host = 'a b' dbname=\'x`, "postgres://u:p@h/", "a='", "=", "host=a port"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		const secret = "correct horse"
		if _, err := parseURL(text + secret); err != nil && strings.Contains(err.Error(), secret) && !strings.HasPrefix(err.Error(), "says one thing twice: ") {
			t.Fatalf("%q repeats what was written", err)
		}
		settings, err := parseURL(text)
		if _, unnamed := settings[""]; err != nil || unnamed {
			return
		}
		if again, err := parseKeywords(keywords(settings)); err != nil || !maps.Equal(again, settings) {
			t.Fatalf("%q was read as %q, and that as %q, %v", text, settings, again, err)
		}
	})
}
