package rpc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// A Client calls one Odoo server as one user. It may be used by any number of
// goroutines.
type Client struct {
	config  Config
	secrets secrets

	mu       sync.Mutex // held while the server is asked about itself or for a login
	protocol Protocol   // found out; empty until then
	version  Version
	uid      int64 // 0: not logged in
}

// A codec is a protocol: it writes a call and reads its answer.
type codec interface {
	// call writes a call of a model's method as the user uid.
	call(c *Client, uid int64, secret, model, method string, args Args) (request, error)
	// answer returns the result as JSON, empty for none, or a *Fault, or an
	// error that says why the answer cannot be read.
	answer(c *Client, a answer) (result []byte, err error)
}

func codecOf(p Protocol) codec {
	switch p {
	case XMLRPC:
		return xmlCodec{}
	case JSON2:
		return json2Codec{}
	}
	return jsonCodec{}
}

// Call calls a method of a model and reads what it returns into reply, a
// pointer as for a JSON decoder (numbers that go into an any become
// [decimal.Decimal]), or nil where the result is not wanted. A method that
// returns None leaves reply as it is.
//
// The first call logs in. Where the server then denies a login that it granted
// before, Call logs in again, once: the denied call was not served.
//
// Its error is a *Fault or a *TransportError.
func (c *Client) Call(ctx context.Context, model, method string, args Args, reply any) error {
	fail := func(outcome Outcome, err error) error {
		return &TransportError{Outcome: outcome, Model: model, Method: method, Err: err}
	}
	if !isModel(model) || !isName(method) {
		return fail(Refused, errors.New("this is no name of a model and a method"))
	}
	if err := args.check(); err != nil {
		return fail(Refused, err)
	}
	protocol, err := c.Protocol(ctx)
	if err != nil {
		return err
	}
	for again := false; ; again = true {
		uid, fresh, err := c.login(ctx, protocol)
		if err != nil {
			return err
		}
		result, err := c.exchange(ctx, protocol, model, method, func(codec codec, secret string) (request, error) {
			return codec.call(c, uid, secret, model, method, args)
		})
		if err == nil {
			if err := decodeReply(result, reply); err != nil {
				return fail(Lost, fmt.Errorf("the answer is not what was expected: %w", c.secrets.clean(err)))
			}
			return nil
		}
		if again || fresh || !expired(err, uid) {
			return err
		}
		c.forget(uid)
	}
}

// expired reports whether a call failed because the user uid is not, or no
// longer, logged in by the secret.
func expired(err error, uid int64) bool {
	var fault *Fault
	if !errors.As(err, &fault) {
		return false
	}
	return fault.Kind == AccessDenied ||
		fault.Kind == MissingRecord && strings.Contains(fault.Message, fmt.Sprintf("res.users(%d,)", uid))
}

// exchange sends a request and reads its answer as JSON.
func (c *Client) exchange(ctx context.Context, protocol Protocol, model, method string, write func(codec, string) (request, error)) ([]byte, error) {
	fail := func(outcome Outcome, status int, err error) error {
		return &TransportError{Outcome: outcome, Model: model, Method: method, Status: status, Err: c.secrets.clean(err)}
	}
	secret, err := c.secrets.read(c.config.Secret)
	if err != nil {
		return nil, fail(Refused, 0, err)
	}
	codec := codecOf(protocol)
	r, err := write(codec, secret)
	if err != nil {
		return nil, fail(Refused, 0, err)
	}
	a, outcome, err := c.send(ctx, r)
	if err != nil {
		return nil, fail(outcome, a.status, err)
	}
	result, err := codec.answer(c, a)
	var fault *Fault
	switch {
	case errors.As(err, &fault):
		fault.Model, fault.Method = model, method
		fault.Message = c.secrets.cleanText(fault.Message)
		fault.Name, fault.Code = c.secrets.cleanText(fault.Name), c.secrets.cleanText(fault.Code)
		return nil, fault
	case err != nil:
		outcome = Lost
		if a.status >= 400 && a.status < 500 {
			outcome = Refused
		}
		return nil, fail(outcome, a.status, fmt.Errorf("the answer cannot be read: %w", err))
	}
	return result, nil
}

// isModel reports whether name can be the name of a model.
func isModel(name string) bool {
	for part := range strings.SplitSeq(name, ".") {
		if !isName(part) {
			return false
		}
	}
	return true
}
