package receive

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeCertificate makes one for 127.0.0.1, with a serial number, and returns
// who trusts it.
func writeCertificate(t testing.TB, certFile, keyFile string, serial int64) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	noError(t, err)
	template := x509.Certificate{
		SerialNumber:          big.NewInt(serial),
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		DNSNames:              []string{"localhost"},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	noError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	noError(t, err)
	noError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	noError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	pool := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	noError(t, err)
	pool.AddCert(parsed)
	return pool
}

// A certificate that is renewed is presented from then on; a broken one is not.
func TestCertificate(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if _, err := Certificate(certFile, keyFile); err == nil || !strings.Contains(err.Error(), certFile) {
		t.Errorf("without files: %v", err)
	}
	pool := writeCertificate(t, certFile, keyFile, 1)
	k := &keeper{}
	o := k.options()
	var err error
	o.Certificate, err = Certificate(certFile, keyFile)
	noError(t, err)
	o.Token = "secret"
	url, _ := serve(t, o)
	url = strings.Replace(strings.Replace(url, "http:", "https:", 1), "127.0.0.1", "localhost", 1)

	post := func(pool *x509.CertPool) (serial int64) {
		t.Helper()
		client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("[{}]"))
		noError(t, err)
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth("ceilometer", "secret")
		answer, err := client.Do(r)
		noError(t, err)
		noError(t, answer.Body.Close())
		if answer.StatusCode != 200 {
			t.Errorf("it says %s", answer.Status)
		}
		return answer.TLS.PeerCertificates[0].SerialNumber.Int64()
	}
	if serial := post(pool); serial != 1 {
		t.Errorf("certificate %d", serial)
	}
	renewed := writeCertificate(t, certFile, keyFile, 2)
	noError(t, os.Chtimes(certFile, time.Time{}, time.Now().Add(time.Minute)))
	if serial := post(renewed); serial != 2 {
		t.Errorf("certificate %d after it was renewed", serial)
	}
	noError(t, os.WriteFile(certFile, []byte("half"), 0o600))
	if serial := post(renewed); serial != 2 {
		t.Errorf("certificate %d after a half one came", serial)
	}
}
