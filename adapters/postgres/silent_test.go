package postgres

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

// silent listens, takes connections, and never says a word. It tells of each
// connection that it took.
func silent(t *testing.T) (port uint16, taken <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, l.Close()) })
	told := make(chan struct{}, 100)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			t.Cleanup(func() { conn.Close() })
			told <- struct{}{}
		}
	}()
	return uint16(l.Addr().(*net.TCPAddr).Port), told
}

func silentStore(t *testing.T, c Config) *Store {
	t.Helper()
	c.Host, c.Database, c.User = "127.0.0.1", "ledger", "artifice"
	s, err := NewStore(t.Context(), c)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// TestSilentServer: whoever takes connections and never answers is given up, and
// named.
func TestSilentServer(t *testing.T) {
	port, _ := silent(t)
	for _, mode := range []string{"disable", "prefer"} {
		s := silentStore(t, Config{Port: port, SSLMode: mode, ConnectTimeout: time.Second})
		_, marks := s.Marks(t.Context())
		_, lock := s.Lock(t.Context(), "collect")
		var health error
		for _, err := range s.CheckHealth(t.Context()) {
			health = err
		}
		for _, err := range []error{marks, lock, health} {
			for _, says := range []string{"database ledger at 127.0.0.1:", "it lets no connection in within 1s (connect_timeout): see whether PostgreSQL works there"} {
				if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
					t.Errorf("sslmode %s: %v does not say %q", mode, err, says)
				}
			}
		}
	}
}

// TestSilentServerIsLeft: whoever ends the program does not wait for it.
func TestSilentServerIsLeft(t *testing.T) {
	port, taken := silent(t)
	s := silentStore(t, Config{Port: port, ConnectTimeout: 24 * time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-taken
		cancel()
	}()
	if _, err := s.Marks(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

// TestNobodyListens: a server that is not there is named, with what to look at.
func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, l.Close())
	_, err = silentStore(t, Config{Port: uint16(l.Addr().(*net.TCPAddr).Port)}).Marks(t.Context())
	if err == nil || !strings.Contains(err.Error(), "it cannot be reached: see whether PostgreSQL runs there, and whether host and port are right (") || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("error is %v", err)
	}
}

// TestConnectTimeout: what is not set is ten seconds, and what a URL says holds.
func TestConnectTimeout(t *testing.T) {
	for _, test := range []struct {
		c    Config
		want time.Duration
	}{
		{Config{URL: "postgres://localhost/a"}, 10 * time.Second},
		{Config{URL: "postgres://localhost/a?connect_timeout=3"}, 3 * time.Second},
		{Config{URL: "postgres://localhost/a", ConnectTimeout: 4 * time.Second}, 4 * time.Second},
	} {
		s, err := newServer(test.c)
		must(t, err)
		if got := s.config.ConnectTimeout; got != test.want {
			t.Errorf("%+v: %v, want %v", test.c, got, test.want)
		}
	}
}
