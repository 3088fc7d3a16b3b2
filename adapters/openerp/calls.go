package openerp

import (
	"context"
	"crypto/tls"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
	"github.com/openstack-artifice/artifice/internal/web"
)

// A server is the Odoo server, as the company's user sees it.
type server struct {
	client *rpc.Client
	// company restricts what is seen to one company; 0 while it is not known.
	company int64
	// lang is the language of what the server says; the user's where it is
	// empty.
	lang string
}

// english is the language whose words package rpc reads. Every server has it.
const english = "en_US"

// page is how many records are asked for at once.
const page = 2000

// A query is what is read of a model.
type query struct {
	model  string
	domain []any
	fields []string
	// archived asks for archived records as well.
	archived bool
}

// is is a condition of a domain.
func is(field, operator string, value any) any { return []any{field, operator, value} }

// ids is a list of ids as the value of a condition.
func ids(list ...int64) []any {
	all := make([]any, len(list))
	for i, id := range list {
		all[i] = id
	}
	return all
}

// context is the context of a call.
func (s server) context(archived bool) rpc.Arg {
	values := map[string]any{}
	if s.company != 0 {
		values["allowed_company_ids"] = []int64{s.company}
	}
	if s.lang != "" {
		values["lang"] = s.lang
	}
	if archived {
		values["active_test"] = false
	}
	return rpc.Context(values)
}

// search reads the records that a query finds, page by page.
func search[T any](ctx context.Context, s server, q query) ([]T, error) {
	var all []T
	for {
		var some []T
		err := s.client.Call(ctx, q.model, "search_read", rpc.Args{
			rpc.Pos("domain", q.domain),
			rpc.Named("fields", q.fields),
			rpc.Named("offset", len(all)),
			rpc.Named("limit", page),
			rpc.Named("order", "id"),
			s.context(q.archived),
		}, &some)
		if err != nil {
			return nil, readError(err)
		}
		all = append(all, some...)
		if len(some) < page {
			return all, nil
		}
	}
}

// count tells how many records a query finds.
func (s server) count(ctx context.Context, q query) (int, error) {
	var n int
	err := s.client.Call(ctx, q.model, "search_count", rpc.Args{rpc.Pos("domain", q.domain), s.context(q.archived)}, &n)
	return n, readError(err)
}

// digits tells how many digits after the point Odoo keeps of fields. Those
// that it keeps all digits of are left out.
func (s server) digits(ctx context.Context, model string, fields ...string) (map[string]int32, error) {
	var said map[string]struct {
		Digits digitsPair `json:"digits"`
	}
	err := s.client.Call(ctx, model, "fields_get", rpc.Args{
		rpc.Pos("allfields", fields),
		rpc.Named("attributes", []string{"digits"}),
		s.context(false),
	}, &said)
	if err != nil {
		return nil, readError(err)
	}
	all := map[string]int32{}
	for name, field := range said {
		if field.Digits.known {
			all[name] = field.Digits.after
		}
	}
	return all, nil
}

// hasFields tells which of the fields a model has: they differ by version, and
// by what is installed.
func (s server) hasFields(ctx context.Context, model string, fields ...string) ([]string, error) {
	var said map[string]struct{}
	err := s.client.Call(ctx, model, "fields_get", rpc.Args{
		rpc.Pos("allfields", fields),
		rpc.Named("attributes", []string{"type"}),
		s.context(false),
	}, &said)
	if err != nil {
		return nil, readError(err)
	}
	var has []string
	for _, name := range fields {
		if _, ok := said[name]; ok {
			has = append(has, name)
		}
	}
	return has, nil
}

// newClient makes the client that the config describes. It reads the
// certificates, and sends nothing.
func newClient(c Config) (*rpc.Client, error) {
	tlsConfig, err := c.tls()
	if err != nil {
		return nil, err
	}
	secret := c.Password
	if !c.APIKey.IsZero() {
		secret = c.APIKey
	}
	return rpc.New(rpc.Config{
		URL: c.URL, Database: c.Database, Username: c.Username,
		Secret: secret.Reveal, APIKey: !c.APIKey.IsZero(),
		Protocol: protocols[c.Protocol], TLS: tlsConfig, Timeout: c.Timeout,
	})
}

func (c Config) tls() (*tls.Config, error) {
	return web.TLS(web.Files{
		CA: string(c.CAFile), CAKey: "ca_file",
		Certificate: string(c.ClientCertificate), CertificateKey: "client_certificate",
		Private: c.ClientKey.Reveal, PrivateKey: "client_key",
	})
}
