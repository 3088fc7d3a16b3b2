package http

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/config"
)

// identity is a certificate that signs itself, as files.
func identity(t *testing.T) (cert *x509.Certificate, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return cert, pemFile(t, "CERTIFICATE", der), pemFile(t, "PRIVATE KEY", keyDER)
}

func pemFile(t *testing.T, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "it.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTLS(t *testing.T) {
	ours, oursFile, oursKey := identity(t)
	_, otherFile, otherKey := identity(t)
	key := func(path string) config.Secret { return secret(t, "file:"+path) }
	clients := x509.NewCertPool()
	clients.AddCert(ours)
	for _, tc := range []struct {
		name    string
		server  *tls.Config
		client  func(*Config)
		class   string
		message string
		waits   int
	}{
		{name: "own CA", class: "none"},
		{name: "TLS 1.2", server: &tls.Config{MaxVersion: tls.VersionTLS12}, class: "none"},
		{name: "TLS 1.1", server: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, class: "permanent", message: "it must speak TLS 1.2 or later"},
		{name: "no CA", client: func(c *Config) { c.TLS.CA = "" }, class: "permanent", message: "name the authority that signed it with tls.ca"},
		{name: "wrong CA", client: func(c *Config) { c.TLS.CA = config.Path(otherFile) }, class: "permanent", message: "certificate is not trusted"},
		{name: "wrong name", client: func(c *Config) { c.URL.Host = "localhost:" + c.URL.Port() }, class: "permanent", message: "write the name in the URL that the certificate is for"},
		{name: "CA that is missing", client: func(c *Config) { c.TLS.CA = "missing.pem" }, class: "permanent", message: "tls.ca: open missing.pem"},
		{name: "CA that is none", client: func(c *Config) { c.TLS.CA = config.Path(oursKey) }, class: "permanent", message: "holds no certificate in PEM"},
		{name: "who we are", server: &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients},
			client: func(c *Config) { c.TLS.Certificate, c.TLS.Key = config.Path(oursFile), key(oursKey) }, class: "none"},
		{name: "nobody", server: &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients, MaxVersion: tls.VersionTLS12},
			class: "permanent", message: "tls"},
		{name: "somebody else", server: &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients, MaxVersion: tls.VersionTLS12},
			client: func(c *Config) { c.TLS.Certificate, c.TLS.Key = config.Path(otherFile), key(otherKey) }, class: "permanent", message: "does not accept our certificate"},
		{name: "another's key", client: func(c *Config) { c.TLS.Certificate, c.TLS.Key = config.Path(oursFile), key(otherKey) },
			class: "permanent", message: "tls.certificate and tls.key: "},
		{name: "a missing key", client: func(c *Config) { c.TLS.Certificate, c.TLS.Key = config.Path(oursFile), key("/missing") }, class: "permanent", message: "tls.key: "},
		{name: "a missing certificate", client: func(c *Config) { c.TLS.Certificate, c.TLS.Key = "missing.pem", key(oursKey) }, class: "permanent", message: "tls.certificate: open missing.pem"},
		{name: "https to http", client: func(c *Config) { c.URL.Host = strings.TrimPrefix((&memory{}).start(t).URL, "http://") },
			class: "permanent", message: "does not speak TLS there"},
		{name: "http to https", client: func(c *Config) { c.URL.Scheme, c.TLS = "http", TLS{} }, class: "permanent", message: "answered 400"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := &memory{}
			server := httptest.NewUnstartedServer(m)
			server.TLS, server.Config.ErrorLog = tc.server, log.New(io.Discard, "", 0)
			server.StartTLS()
			t.Cleanup(server.Close)
			c := defaults(t, server.URL)
			c.TLS.CA = config.Path(pemFile(t, "CERTIFICATE", server.Certificate().Raw))
			if tc.client != nil {
				tc.client(&c)
			}
			a, clock := open(t, c)
			_, err := small(t, a).Commit(t.Context())
			if class(err) != tc.class || len(clock.waits) != tc.waits {
				t.Errorf("Commit: %s %v, waited %v; want %s", class(err), err, clock.waits, tc.class)
			}
			if err != nil && !strings.Contains(err.Error(), tc.message) {
				t.Errorf("error %q lacks %q", err, tc.message)
			}
			if m.has(testKey) != (err == nil) {
				t.Errorf("after %v, saved is %v", err, m.has(testKey))
			}
		})
	}
}

// With TLS 1.3 a server tells only after the request that it does not accept
// our certificate. Whether the alert still comes through is a race; where it
// does, the request was certainly not read.
func TestCertificateRefusedLate(t *testing.T) {
	for code, want := range map[tls.AlertError]verdict{42: refused, 48: refused, 116: refused, 80: lost, 20: lost, 0: lost} {
		err := &net.OpError{Op: "remote error", Err: code}
		if got := judgeError(err, true).verdict; got != want {
			t.Errorf("alert %v after the request is %d, want %d", code, got, want)
		}
	}
	if got := judgeError(&net.OpError{Op: "local error", Err: tls.AlertError(42)}, true).verdict; got != lost {
		t.Errorf("our own alert is %d", got)
	}
	server := httptest.NewUnstartedServer(&memory{})
	server.TLS, server.Config.ErrorLog = &tls.Config{ClientAuth: tls.RequireAnyClientCert}, log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	c := defaults(t, server.URL)
	c.TLS.CA = config.Path(pemFile(t, "CERTIFICATE", server.Certificate().Raw))
	a, _ := open(t, c)
	if _, err := small(t, a).Commit(t.Context()); class(err) != "permanent" && class(err) != "unknown" {
		t.Errorf("%s %v", class(err), err)
	}
}
