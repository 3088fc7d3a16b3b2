package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/config"
)

// Config is the section of a store in the deployment's config. A server is
// named by URL, or by Host and Database.
type Config struct {
	// URL is postgres://USER@HOST:PORT/DATABASE?sslmode=MODE, or the same as
	// keywords and values, "host=HOST dbname=DATABASE sslmode=MODE". It may
	// hold what PostgreSQL's own programs take there, but no password.
	URL string `ini:"url,alias=dsn"`
	// Password is the user's. Without one ~/.pgpass is looked at, or the file
	// that PGPASSFILE names.
	Password config.Secret `ini:"password"`

	// Host is a name, an address, or the directory of a socket.
	Host     string `ini:"host"`
	Port     uint16 `ini:"port"`
	Database string `ini:"database,alias=dbname"`
	User     string `ini:"user"`

	// SSLMode says how the connection is encrypted and the server checked:
	// disable, require, verify-ca or verify-full; between processes of one
	// machine also allow and prefer.
	SSLMode string `ini:"sslmode"`
	// CAFile holds the certificates of who may vouch for the server, CertFile
	// and KeyFile the client's own.
	CAFile   config.Path `ini:"ca_file,alias=sslrootcert"`
	CertFile config.Path `ini:"cert_file,alias=sslcert"`
	KeyFile  config.Path `ini:"key_file,alias=sslkey"`

	// Schema is where the tables are.
	Schema string `ini:"schema,default=artifice"`
	// MaxConnections bounds how many connections a process opens, but for one
	// more for each lock that it holds.
	MaxConnections int `ini:"max_connections,default=20"`
	// ConnectTimeout is how long each of the hosts may take to let a connection
	// in, in whole seconds; 10s unless it is set.
	ConnectTimeout time.Duration `ini:"connect_timeout"`
}

const (
	defaultSchema         = "artifice"
	defaultMaxConnections = 20
	// minConnections is what one command needs: rows that are read, while
	// others are asked for, while something is written.
	minConnections = 4
)

// Validate reports every mistake that can be told without asking the server.
func (c Config) Validate() error {
	var errs []error
	fail := func(key, format string, args ...any) {
		errs = append(errs, &config.KeyError{Key: key, Err: fmt.Errorf(format, args...)})
	}
	switch {
	case c.URL == "" && c.Host == "":
		fail("url", "is missing: name the server, such as postgres://artifice@localhost/artifice")
	case c.URL == "" && c.Database == "":
		fail("database", "is missing")
	case c.URL != "":
		for _, own := range []struct {
			key string
			set bool
		}{{"host", c.Host != ""}, {"port", c.Port != 0}, {"database", c.Database != ""}, {"user", c.User != ""}} {
			if own.set {
				fail(own.key, "goes without url: write either url, or host, port, database and user")
			}
		}
	}
	settings, err := c.settings()
	if err != nil {
		errs = append(errs, err)
	} else {
		errs = append(errs, checkSSLMode(settings))
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		fail(map[bool]string{true: "cert_file", false: "key_file"}[c.CertFile == ""], "is missing: cert_file and key_file belong together")
	}
	if c.Schema != "" && (strings.HasPrefix(c.Schema, "pg_") || !isIdentifier(c.Schema)) {
		fail("schema", "is no name for a schema: write lower-case letters, digits and _, at most 63")
	}
	if c.MaxConnections != 0 && c.MaxConnections < minConnections {
		fail("max_connections", "is too few: one command needs up to %d", minConnections)
	}
	if c.ConnectTimeout < 0 || c.ConnectTimeout%time.Second != 0 {
		fail("connect_timeout", "%v is no number of whole seconds: write 10s", c.ConnectTimeout)
	}
	return errors.Join(errs...)
}

// isIdentifier reports whether a name needs no quotes in SQL.
func isIdentifier(name string) bool {
	for i, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c == '_' || i > 0 && c >= '0' && c <= '9') {
			return false
		}
	}
	return name != "" && len(name) <= 63
}

// settings returns what the config says of the connection, by the names that
// PostgreSQL's programs have for it. Errors do not hold what was written,
// which may be a password.
func (c Config) settings() (map[string]string, error) {
	settings, err := parseURL(c.URL)
	if err != nil {
		return nil, &config.KeyError{Key: "url", Err: err}
	}
	for _, secret := range []string{"password", "sslpassword"} {
		if _, ok := settings[secret]; ok {
			return nil, &config.KeyError{Key: "url", Err: errors.New("holds a password: take it out, and write password = env:NAME or password = file:/path")}
		}
	}
	port, timeout := "", ""
	if c.Port != 0 {
		port = strconv.Itoa(int(c.Port))
	}
	if c.ConnectTimeout != 0 {
		timeout = strconv.FormatInt(int64(c.ConnectTimeout/time.Second), 10)
	}
	for _, own := range []struct{ name, key, value string }{
		{"host", "host", c.Host}, {"port", "port", port}, {"dbname", "database", c.Database}, {"user", "user", c.User}, {"sslmode", "sslmode", c.SSLMode},
		{"sslrootcert", "ca_file", string(c.CAFile)}, {"sslcert", "cert_file", string(c.CertFile)}, {"sslkey", "key_file", string(c.KeyFile)},
		{"connect_timeout", "connect_timeout", timeout},
	} {
		if own.value == "" {
			continue
		}
		if _, ok := settings[own.name]; ok {
			return nil, &config.KeyError{Key: own.key, Err: errors.New("url says that already: write one of them")}
		}
		settings[own.name] = own.value
	}
	if settings["host"] == "" && c.URL != "" {
		return nil, &config.KeyError{Key: "url", Err: errors.New("names no host: write localhost, or the directory of the socket as ?host=/var/run/postgresql")}
	}
	return settings, nil
}

// sslModes are the modes there are; those that are false fall back in silence.
var sslModes = map[string]bool{"disable": true, "allow": false, "prefer": false, "require": true, "verify-ca": true, "verify-full": true}

// checkSSLMode reports a mode that is none, or that leaves open whether what
// goes through a network is encrypted.
func checkSSLMode(settings map[string]string) error {
	mode, said := settings["sslmode"]
	steady, known := sslModes[mode]
	const choices = "write verify-full, with ca_file where the certificate is not signed publicly, or disable where the network itself is trusted"
	switch hosts := remote(settings["host"]); {
	case said && !known:
		return &config.KeyError{Key: "sslmode", Err: fmt.Errorf("%q is none: write disable, require, verify-ca or verify-full", mode)}
	case len(hosts) > 0 && !said:
		return &config.KeyError{Key: "sslmode", Err: fmt.Errorf("must be said, for %s is another machine: %s", hosts[0], choices)}
	case len(hosts) > 0 && !steady:
		return &config.KeyError{Key: "sslmode", Err: fmt.Errorf("%s sends in the clear to %s where that asks for it: %s", mode, hosts[0], choices)}
	}
	return nil
}

// remote returns the hosts that may be another machine.
func remote(hosts string) []string {
	return slices.DeleteFunc(strings.Split(hosts, ","), isLocal)
}

func isLocal(host string) bool {
	if host == "localhost" || strings.HasPrefix(host, "/") || host == "" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// location names the server and the database for messages.
func location(settings map[string]string) string {
	host, port := settings["host"], cmp.Or(settings["port"], "5432")
	if !strings.Contains(host+port, ",") && !strings.HasPrefix(host, "/") {
		host = net.JoinHostPort(host, port)
	}
	return fmt.Sprintf("database %s at %s", cmp.Or(settings["dbname"], settings["user"]), host)
}
