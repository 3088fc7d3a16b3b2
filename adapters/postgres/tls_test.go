package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/pgtest"
)

// TestEncryption: each mode is what it says, and verifying takes the authority
// that the config names, and no other.
func TestEncryption(t *testing.T) {
	c := pgtest.Start(t, pgtest.Options{NoSync: true, TLS: true})
	db := c.Create(t)
	other := filepath.Join(t.TempDir(), "ca.pem")
	text, err := os.ReadFile(pgtest.Start(t, pgtest.Options{NoSync: true, TLS: true}).CAFile())
	must(t, err)
	must(t, os.WriteFile(other, text, 0o600))
	for _, test := range []struct {
		mode, ca, host string
		encryption     string // "" where it does not connect
	}{
		{"disable", "", "127.0.0.1", "encryption: none, sslmode disable"},
		{"", "", "127.0.0.1", "encryption: TLSv1.3, sslmode prefer"},
		{"require", "", "127.0.0.1", "encryption: TLSv1.3, sslmode require"},
		{"verify-ca", c.CAFile(), "localhost", "encryption: TLSv1.3, sslmode verify-ca"},
		{"verify-full", c.CAFile(), "127.0.0.1", "encryption: TLSv1.3, sslmode verify-full"},
		{"verify-full", c.CAFile(), "localhost", ""}, // not the name in the certificate
		{"verify-full", other, "127.0.0.1", ""},
		{"verify-ca", other, "127.0.0.1", ""},
		{"verify-full", "", "127.0.0.1", ""}, // the machine's own authorities know nothing of it
	} {
		s, err := NewStore(t.Context(), Config{Host: test.host, Port: uint16(c.Port), Database: db.Name, User: db.User,
			Password: configOf(t, db).Password, SSLMode: test.mode, CAFile: config.Path(test.ca)})
		must(t, err)
		var got string
		for name := range s.CheckHealth(t.Context()) {
			if strings.HasPrefix(name, "encryption: ") {
				got = name
			}
		}
		if got != test.encryption {
			t.Errorf("%s with %q to %s: got %q, want %q", test.mode, test.ca, test.host, got, test.encryption)
		}
		must(t, s.Close())
	}
	_, err = NewStore(t.Context(), Config{Host: "127.0.0.1", Database: "a", SSLMode: "verify-full", CAFile: "/nowhere/ca.pem"})
	if err == nil || !strings.Contains(err.Error(), "/nowhere/ca.pem") {
		t.Errorf("got error %v, want one that names the file", err)
	}
}
