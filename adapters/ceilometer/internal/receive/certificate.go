package receive

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// Certificate returns one that is read from files, and again when they have
// changed: it is renewed while the server runs. Where it then cannot be read
// the one before stays.
func Certificate(certFile, keyFile string) (func(*tls.ClientHelloInfo) (*tls.Certificate, error), error) {
	c := &certificate{certFile: certFile, keyFile: keyFile}
	if _, err := c.get(nil); err != nil {
		return nil, err
	}
	return c.get, nil
}

type certificate struct {
	certFile, keyFile string

	mu      sync.Mutex
	changed [2]time.Time // of the files that were read
	current *tls.Certificate
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var changed [2]time.Time
	for i, name := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil {
			changed[i] = info.ModTime()
		}
	}
	if c.current != nil && changed == c.changed {
		return c.current, nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	switch {
	case err == nil:
		c.current, c.changed = &pair, changed
	case c.current == nil:
		return nil, fmt.Errorf("receive.certificate %s and receive.key %s: %w", c.certFile, c.keyFile, err)
	}
	return c.current, nil
}
