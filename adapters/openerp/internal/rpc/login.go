package rpc

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Version is what a server says that it is.
type Version struct {
	Major, Minor int
	Text         string // such as 17.0, or saas~17.2
}

// String is the version as the server writes it.
func (v Version) String() string { return v.Text }

// Version returns the server's version. It needs no login.
func (c *Client) Version(ctx context.Context) (Version, error) {
	if _, err := c.Protocol(ctx); err != nil {
		return Version{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.version == (Version{}) {
		v, err := c.askVersion(ctx, c.protocol)
		if err != nil {
			return Version{}, err
		}
		c.version = v
	}
	return c.version, nil
}

// Protocol is the protocol that is spoken. Where the config says auto, the
// server is asked for its version first.
func (c *Client) Protocol(ctx context.Context) (Protocol, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.protocol != "" {
		return c.protocol, nil
	}
	if c.config.Protocol != Auto {
		c.protocol = c.config.Protocol
		return c.protocol, nil
	}
	var errs []error
	for _, p := range []Protocol{JSONRPC, JSON2, XMLRPC} {
		v, err := c.askVersion(ctx, p)
		if err != nil {
			// Only a server that turned the question away is asked in another
			// way: one that is down stays down.
			if !turnedAway(err) {
				return "", err
			}
			errs = append(errs, err)
			continue
		}
		switch {
		case v.Major >= 19 && c.config.APIKey:
			p = JSON2
		case p == JSON2:
			return "", &TransportError{Outcome: Refused, Method: "version",
				Err: fmt.Errorf("odoo %s has no RPC endpoint for a password; give an API key", v)}
		}
		c.protocol, c.version = p, v
		return p, nil
	}
	return "", &TransportError{Outcome: Refused, Method: "version",
		Err: fmt.Errorf("no Odoo server answers here; is the url right? %w", errors.Join(errs...))}
}

// turnedAway reports whether a server is there that does not know a protocol.
func turnedAway(err error) bool {
	var transport *TransportError
	if errors.As(err, &transport) {
		redirect := transport.Status >= 300 && transport.Status < 400 // it would be one every time
		return transport.Outcome == Refused && !redirect || transport.Outcome == Lost && transport.Status == 200
	}
	return errors.As(err, new(*Fault)) && !Unknown(err) && !Retryable(err)
}

func (c *Client) askVersion(ctx context.Context, p Protocol) (Version, error) {
	result, err := c.exchange(ctx, p, "", "version", func(codec, string) (request, error) {
		switch p {
		case XMLRPC:
			return xmlRequest("xmlrpc/2/common", "version", nil)
		case JSON2:
			return request{path: "web/version"}, nil
		}
		return jsonRequest("common", "version", []any{})
	})
	if err != nil {
		return Version{}, err
	}
	v, err := parseVersion(result)
	if err != nil {
		return Version{}, &TransportError{Outcome: Lost, Method: "version", Status: 200, Err: c.secrets.clean(err)}
	}
	v.Text = c.secrets.cleanText(v.Text)
	return v, nil
}

func parseVersion(result []byte) (Version, error) {
	var said struct {
		ServerVersion string           `json:"server_version"` // common.version
		ServerInfo    []jsontext.Value `json:"server_version_info"`
		Version       string           `json:"version"` // /web/version
		Info          []jsontext.Value `json:"version_info"`
	}
	if err := json.Unmarshal(result, &said); err != nil {
		return Version{}, fmt.Errorf("the answer is not a version: %w", err)
	}
	v := Version{Text: said.ServerVersion + said.Version}
	info := append(said.ServerInfo, said.Info...)
	if len(info) < 2 || v.Text == "" {
		return Version{}, errors.New("the answer is not a version")
	}
	var err error
	for i, into := range []*int{&v.Major, &v.Minor} {
		text := strings.Trim(string(info[i]), `"`)
		text = text[strings.LastIndexByte(text, '~')+1:] // saas~17
		if *into, err = strconv.Atoi(text); err != nil {
			return Version{}, errors.New("the answer is not a version")
		}
	}
	return v, nil
}

// Login logs in, where that has not happened, and returns the user's id.
func (c *Client) Login(ctx context.Context) (uid int64, err error) {
	protocol, err := c.Protocol(ctx)
	if err != nil {
		return 0, err
	}
	uid, _, err = c.login(ctx, protocol)
	if err != nil || protocol != JSON2 {
		return uid, err
	}
	// JSON-2 has no login: the key says who one is.
	var user struct {
		UID int64 `json:"uid"`
	}
	if err := c.Call(ctx, "res.users", "context_get", nil, &user); err != nil {
		return 0, err
	}
	return user.UID, nil
}

// login returns the user's id; fresh says that the server was asked for it
// just now. JSON-2 needs none.
func (c *Client) login(ctx context.Context, protocol Protocol) (uid int64, fresh bool, err error) {
	if protocol == JSON2 {
		return 0, true, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.uid != 0 {
		return c.uid, false, nil
	}
	result, err := c.exchange(ctx, protocol, "", "", func(_ codec, secret string) (request, error) {
		params := []any{c.config.Database, c.config.Username, secret, map[string]any{}}
		if protocol == XMLRPC {
			return xmlRequest("xmlrpc/2/common", "authenticate", params)
		}
		return jsonRequest("common", "authenticate", params)
	})
	if err != nil {
		return 0, false, err
	}
	var ids Records
	if err := decodeReply(result, &ids); err != nil || len(ids) > 1 {
		return 0, false, &TransportError{Outcome: Lost, Status: 200, Err: errors.New("the answer is not a user's id")}
	}
	if len(ids) == 0 {
		return 0, false, &Fault{Kind: AccessDenied, Message: fmt.Sprintf("user %q and its password or API key are not accepted for database %q",
			c.config.Username, c.config.Database)}
	}
	c.uid = ids[0]
	return c.uid, true, nil
}

// forget makes the next call log in again, where nobody has since.
func (c *Client) forget(uid int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.uid == uid {
		c.uid = 0
	}
}
