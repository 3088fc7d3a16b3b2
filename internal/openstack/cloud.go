package openstack

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/openstack-artifice/artifice/internal/web"
)

// Options are how a cloud meets the world. The zero value is the real one.
type Options struct {
	Now func() time.Time
	// Sleep waits for d, or until the context ends and then returns its error.
	Sleep func(ctx context.Context, d time.Duration) error
	// Jitter returns a time at random, from 0 up to d.
	Jitter func(d time.Duration) time.Duration
	Getenv func(string) string
	Log    *slog.Logger
}

func (o Options) orReal() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = web.Sleep
	}
	if o.Jitter == nil {
		o.Jitter = func(d time.Duration) time.Duration { return rand.N(d + 1) }
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// A Cloud is a login to an OpenStack cloud. It is safe for concurrent use.
type Cloud struct {
	config Config
	Options
	login     *login
	transport *http.Transport
	identity  *Service // Keystone, where the login says that it is

	renewing chan struct{} // holds one element while a token is asked for
	patience patience      // with Keystone as it gives tokens

	mu      sync.Mutex
	current *token
	refusal *refusal
	secrets map[string]bool // what no message may hold
}

// Open finds out how to log in: it reads clouds.yaml and certificates, but asks
// nobody yet. An error says what to set. The config is one that Validate
// takes.
func (c Config) Open(o Options) (*Cloud, error) {
	o = o.orReal()
	l, err := c.login(o.Getenv)
	if err != nil {
		return nil, err
	}
	cloud := &Cloud{
		config:  c,
		Options: o,
		login:   l,
		transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        l.tls,
			MaxIdleConnsPerHost:    int(c.Concurrency),
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: maxHeader,
		},
		renewing: make(chan struct{}, 1),
		secrets:  map[string]bool{},
	}
	cloud.identity = cloud.Service("identity", l.base)
	if auth, err := l.auth(); err != nil {
		return nil, fmt.Errorf("%s: %w", l.remedy, err)
	} else if err := checkAuth(auth); err != nil {
		return nil, fmt.Errorf("%s in %s: %w", l.cloud, l.remedy, err)
	}
	return cloud, nil
}

// String names the cloud for messages: "cloud north".
func (c *Cloud) String() string { return c.login.cloud }

// Close drops connections that nothing uses.
func (c *Cloud) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

// Service returns a service of the cloud by its type in the catalog, such as
// "metric". Where at is not nil the service is there, whatever the catalog says.
func (c *Cloud) Service(kind string, at *url.URL) *Service {
	return &Service{cloud: c, kind: kind, at: at, slots: make(chan struct{}, max(1, c.config.Concurrency))}
}

// hide keeps secrets out of messages from now on.
func (c *Cloud) hide(secrets ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range secrets {
		if s != "" {
			c.secrets[s] = true
		}
	}
}

// hideAuth keeps the secrets of a login out of messages.
func (c *Cloud) hideAuth(auth gophercloud.AuthOptions) {
	c.hide(auth.Password, auth.ApplicationCredentialSecret, auth.TokenID, auth.Passcode)
}
