package web

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// Files are what a client's TLS is made of, each with the key of the config
// that names it, which errors begin with.
type Files struct {
	// CA is a file of certificates, PEM. Where it is set, no others are trusted.
	CA, CAKey string
	// Certificate is a file with the client's own and those between it and its
	// root, PEM; "" for none.
	Certificate, CertificateKey string
	// Private reveals its private key, PEM.
	Private    func() (string, error)
	PrivateKey string
}

// TLS reads the files. It speaks TLS 1.2 and later.
func TLS(f Files) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.CA != "" {
		pem, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.CAKey, err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: %s holds no certificate in PEM", f.CAKey, f.CA)
		}
	}
	if f.Certificate != "" {
		certificate, err := os.ReadFile(f.Certificate)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.CertificateKey, err)
		}
		private, err := f.Private()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.PrivateKey, err)
		}
		pair, err := tls.X509KeyPair(certificate, []byte(private))
		if err != nil {
			return nil, fmt.Errorf("%s and %s: %w", f.CertificateKey, f.PrivateKey, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
