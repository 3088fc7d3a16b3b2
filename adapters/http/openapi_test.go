package http

import (
	"bytes"
	"fmt"
	"io"
	nethttp "net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	vconfig "github.com/pb33f/libopenapi-validator/config"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/invoice"
)

// described returns a check of requests against openapi.yaml.
func described(t *testing.T) validator.Validator {
	t.Helper()
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(document, vconfig.WithFormatAssertions())
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return v
}

func TestOpenAPIDocumentIsValid(t *testing.T) {
	if ok, errs := described(t).ValidateDocument(); !ok {
		for _, err := range errs {
			t.Error(err)
		}
	}
}

// replay is a request as it was sent, to be read again.
func (m *memory) replay(n int) *nethttp.Request {
	r := m.seen[n].Clone(m.seen[n].Context())
	r.URL.Scheme, r.URL.Host = "http", r.Host
	r.Body = nethttp.NoBody
	if len(m.bodies[n]) > 0 {
		r.Body = reader(m.bodies[n])
	}
	return r
}

// TestSentAsDescribed holds what is sent against openapi.yaml, for whatever
// orders there may be.
func TestSentAsDescribed(t *testing.T) {
	v := described(t)
	t.Setenv("HTTP_TEST_SIGNING", testSigning)
	m := &memory{rates: `{"currency": "NZD", "rates": []}`}
	server := m.start(t)
	config := defaults(t, server.URL)
	config.Find, config.RatesURL, config.SigningSecret = true, parse(t, server.URL+"/rates"), secret(t, "env:HTTP_TEST_SIGNING")
	a, _ := open(t, config)
	number := rapid.Custom(func(t *rapid.T) decimal.Decimal {
		return decimal.New(rapid.Int64().Draw(t, "coefficient"), rapid.Int32Range(-30, 10).Draw(t, "exponent"))
	})
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		order := august()
		n++
		order.Key = fmt.Sprintf("%032x", n)
		order.Tenant = invoice.Tenant{ID: rapid.String().Draw(t, "id"), Name: rapid.String().Draw(t, "name"),
			Extra: rapid.MapOfN(rapid.String(), rapid.String(), 0, 3).Draw(t, "extra")}
		order.Digits = rapid.Int32Range(0, 4).Draw(t, "digits")
		order.Date = time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "date"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
		inv, err := a.NewInvoice(t.Context(), order)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range rapid.SliceOfNDistinct(rapid.String(), 0, 3, rapid.ID).Draw(t, "sections") {
			if err := inv.AddSection(s); err != nil {
				t.Fatal(err)
			}
			for range rapid.IntRange(0, 3).Draw(t, "lines") {
				line := invoice.Item{Datacenter: s, Name: rapid.String().Draw(t, "service"), Unit: rapid.String().Draw(t, "unit"),
					Resource: rapid.String().Draw(t, "resource"), Description: rapid.String().Draw(t, "description"),
					Value: number.Draw(t, "value"), Cost: number.Draw(t, "cost"),
					Amount: decimal.New(rapid.Int64().Draw(t, "amount"), -order.Digits)}
				if rapid.Bool().Draw(t, "adjusts") {
					line.Adjusts = order.Block
				}
				if err := inv.AddLine(line); err != nil {
					t.Fatal(err)
				}
			}
		}
		first := m.requests()
		if _, err := inv.Cost(t.Context(), "north", "m1.nano"); err == nil {
			t.Fatal("there is a cost")
		}
		if _, err := inv.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := inv.(invoice.Finder).Find(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := first; i < m.requests(); i++ {
			if ok, errs := v.ValidateHttpRequestSync(m.replay(i)); !ok {
				t.Errorf("%s %s: %v\n%s", m.seen[i].Method, m.seen[i].URL, errs, m.bodies[i])
			}
		}
	})
	if m.seen[0].URL.Path != "/rates" {
		t.Errorf("the first request went to %s, so that the rates were not looked at", m.seen[0].URL)
	}
}

// The description is not so wide that everything passes.
func TestDescriptionRefuses(t *testing.T) {
	v := described(t)
	m := &memory{}
	a, _ := open(t, defaults(t, m.start(t).URL))
	if _, err := small(t, a).Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ok, errs := v.ValidateHttpRequestSync(m.replay(0)); !ok {
		t.Fatal(errs)
	}
	good := string(m.bodies[0])
	for _, tc := range [][2]string{
		{`"cost":"0.015"`, `"cost":0.015`},
		{`"cost":"0.015"`, `"cost":"1.5e-2"`},
		{`"total":"11.16"`, `"sum":"11.16"`},
		{`"label":"2013-08"`, `"label":8`},
		{`"start":"2013-07-31T12:00:00Z"`, `"start":"2013-08-01T00:00:00+12:00"`},
		{`"start":"2013-07-31T12:00:00Z"`, `"start":"2013-08-32T12:00:00Z"`},
		{`"unit":"hour",`, ``},
		{`"key":"5f`, `"key":"5F`},
		{`"resource":""`, `"resource":"","colour":"blue"`},
		{good, `[]`},
	} {
		bad := strings.Replace(good, tc[0], tc[1], 1)
		if bad == good {
			t.Fatalf("%s is not in the document", tc[0])
		}
		r := m.replay(0)
		r.Body, r.ContentLength = reader([]byte(bad)), int64(len(bad))
		if ok, _ := v.ValidateHttpRequestSync(r); ok {
			t.Errorf("%s in place of %s passes", tc[1], tc[0])
		}
	}
	r := m.replay(0)
	r.Header.Set("Idempotency-Key", testKey)
	if ok, _ := v.ValidateHttpRequestSync(r); ok {
		t.Error("an Idempotency-Key without quotes passes")
	}
}

func reader(text []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(text)) }
