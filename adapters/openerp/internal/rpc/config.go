package rpc

import (
	"crypto/tls"
	"errors"
	"fmt"
	nethttp "net/http"
	"net/url"
	"time"
)

// A Protocol is a way to call an Odoo server.
type Protocol string

// The protocols that Odoo speaks, by version.
const (
	// Auto finds the protocol out from the server's version: JSON-2 from Odoo
	// 19 on where the secret is an API key, else JSON-RPC, else XML-RPC.
	Auto    Protocol = "auto"
	JSONRPC Protocol = "json-rpc"
	XMLRPC  Protocol = "xml-rpc"
	JSON2   Protocol = "json-2"
)

// Config says which server a Client calls, and as whom.
type Config struct {
	// URL is where the server is, such as https://erp.example.org. It may have
	// a path, but no user, query or fragment.
	URL *url.URL
	// Database is the name of the database. JSON-2 may leave it out where the
	// server knows it by its host name.
	Database string
	// Username is the login. JSON-2 does not need it.
	Username string
	// Secret reads the password or the API key. It is called for each request,
	// so that a secret may change while the process lives.
	Secret func() (string, error)
	// APIKey says that Secret is an API key: JSON-2 takes nothing else.
	APIKey bool
	// Protocol is Auto where it is empty.
	Protocol Protocol
	// TLS is for https. Where it is nil, so are Go's defaults.
	TLS *tls.Config
	// Timeout bounds a call from connecting to the answer's last byte. Thirty
	// seconds where it is zero: for calls of thousands of lines give more.
	Timeout time.Duration
	// Limits bound an answer.
	Limits Limits
	// Transport is what requests go through, for tests. Where it is nil, a
	// transport of the client's own that opens a connection for each call.
	Transport nethttp.RoundTripper
}

// Limits bound what is read of an answer. A zero field stands for its default.
type Limits struct {
	Bytes  int64 // of the body; 64 MiB
	Depth  int   // of nested lists and objects; 32
	Values int   // numbers, strings, lists and so on; 4 million
}

const (
	defaultTimeout = 30 * time.Second
	defaultBytes   = 64 << 20
	defaultDepth   = 32
	defaultValues  = 4 << 20
)

func (l Limits) withDefaults() Limits {
	if l.Bytes == 0 {
		l.Bytes = defaultBytes
	}
	if l.Depth == 0 {
		l.Depth = defaultDepth
	}
	if l.Values == 0 {
		l.Values = defaultValues
	}
	return l
}

// New makes a client. It connects to nothing. Its error names all that is
// wrong with the config.
func New(config Config) (*Client, error) {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch u := config.URL; {
	case u == nil || u.Host == "":
		refuse("url: wants the server's address, such as https://erp.example.org")
	case u.Scheme != "http" && u.Scheme != "https":
		refuse("url: wants http or https, not %q", u.Scheme)
	case u.User != nil:
		refuse("url: holds a user or a password; give them as username and password")
	case u.RawQuery != "" || u.Fragment != "":
		refuse("url: holds a query or a fragment; end it after the path")
	}
	switch config.Protocol {
	case "":
		config.Protocol = Auto
	case Auto, JSONRPC, XMLRPC:
	case JSON2:
		if !config.APIKey {
			refuse("protocol: json-2 wants an API key, not a password")
		}
	default:
		refuse("protocol: wants auto, json-rpc, xml-rpc or json-2, not %q", config.Protocol)
	}
	if config.Protocol != JSON2 {
		if config.Database == "" {
			refuse("database: wants the name of the database")
		}
		if config.Username == "" {
			refuse("username: wants the login of a user")
		}
	}
	if config.Secret == nil {
		refuse("password: wants a password or an API key")
	}
	for name, text := range map[string]string{"database": config.Database, "username": config.Username} {
		if err := checkText(text); err != nil {
			refuse("%s: %w", name, err)
		}
	}
	if config.Timeout < 0 {
		refuse("timeout: wants more than nothing, not %s", config.Timeout)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if config.Timeout == 0 {
		config.Timeout = defaultTimeout
	}
	config.Limits = config.Limits.withDefaults()
	if config.Transport == nil {
		config.Transport = newTransport(config.TLS)
	}
	u := *config.URL
	config.URL = &u
	return &Client{config: config}, nil
}
