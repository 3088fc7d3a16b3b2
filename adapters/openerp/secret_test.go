package openerp

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"log/slog"
	nethttp "net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest"
	"github.com/openstack-artifice/artifice/config"
)

// canary is the password, or the API key. What is said is searched for a part
// of it, which no escaping changes.
const (
	canary     = `c4n-7c1f"<&>\'%`
	canarySong = "7c1f"
)

// A keeper makes adapters that log in by the canary, and gathers all that they
// say.
type keeper struct {
	testing.TB
	*house
	protocol string
	log      bytes.Buffer
	said     []string
}

func newKeeper(t testing.TB, protocol string) *keeper {
	t.Helper()
	version := map[string]int{"json2": 19}[protocol]
	k := &keeper{TB: t, house: build(t, odootest.Options{Version: version}), protocol: protocol}
	user := k.AddUser("singer", canary, odootest.GroupUser, odootest.GroupBilling)
	k.Set("res.users", user, odootest.Values{"api_key": canary})
	t.Setenv("OPENERP_TEST_CANARY", canary)
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&k.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(before) })
	return k
}

// sings uses all of an adapter.
func (k *keeper) sings(change func(*Config)) {
	k.Helper()
	erp := k.erp(k.TB, func(c *Config) {
		c.Username, c.Protocol, c.Post, c.Insecure = "singer", k.protocol, true, true
		if c.Password = secret(k.TB, "env:OPENERP_TEST_CANARY"); k.protocol == "json2" {
			c.Password, c.APIKey = config.Secret{}, c.Password
		}
		change(c)
	})
	k.said = append(k.said, fmt.Sprintf("%v %+v %#v %+v", erp.config, erp.config, erp.config, erp.client))
	for name, err := range erp.CheckHealth(k.Context()) {
		k.said = append(k.said, fmt.Sprint(name, err))
	}
	inv := filled(k.TB, erp, august(0), threeItems()...)
	_, costErr := inv.Cost(k.Context(), "north", "m1.nano")
	found, findErr := inv.Find(k.Context())
	reference, err := inv.Commit(k.Context())
	again, againErr := filled(k.TB, erp, august(0), threeItems()...).Find(k.Context())
	for _, err := range []error{costErr, findErr, err, againErr} {
		k.said = append(k.said, fmt.Sprintf("%v %+v %#v", err, err, err))
	}
	k.said = append(k.said, found, reference, again)
	k.deleted()
}

func (k *keeper) wantSilence(what string) {
	k.Helper()
	for _, text := range append(k.said, k.log.String()) {
		if at := strings.Index(text, canarySong); at >= 0 {
			k.Fatalf("%s: the secret is in %q", what, text[max(0, at-200):min(len(text), at+40)])
		}
	}
}

// The secret is nowhere but in what is sent: in no error, reference, log or
// anything that is printed, however a call fails.
func TestTheSecretIsKept(t *testing.T) {
	faults := []odootest.Fault{odootest.LoseRequest, odootest.LoseReply, odootest.CutReply, odootest.SaveThen500, odootest.Kill,
		odootest.ExpireLogin, odootest.Serialization, odootest.RejectDuplicate, odootest.Busy}
	for _, protocol := range []string{"jsonrpc", "xmlrpc", "json2"} {
		t.Run(protocol, func(t *testing.T) {
			k := newKeeper(t, protocol)
			for _, fault := range faults {
				for _, method := range []string{"fields_get", "search_read", "check_object_reference", "load", "action_post"} {
					k.FailNext(method, fault, fault)
				}
				k.sings(func(*Config) {})
				k.FailNext("", 0)
				k.SetPlan(odootest.Plan{})
			}
			for _, change := range []func(*Config){
				func(c *Config) { c.Database = "canary-db" },
				func(c *Config) { c.Username = "nobody" },
				func(c *Config) { c.Journal = "NONE" },
				func(c *Config) { c.URL = &url.URL{Scheme: "http", Host: "127.0.0.1:1"} },
				func(c *Config) { c.URL = &url.URL{Scheme: "https", Host: k.url.Host} }, // no TLS there
			} {
				k.sings(change)
			}
			tls := httptest.NewUnstartedServer(k.Server)
			tls.Config.ErrorLog = log.New(io.Discard, "", 0)
			tls.StartTLS()
			t.Cleanup(tls.Close)
			u, err := url.Parse(tls.URL)
			if err != nil {
				t.Fatal(err)
			}
			k.sings(func(c *Config) { c.URL = u }) // nobody vouches for it
			k.wantSilence(protocol)
		})
	}
}

// An echo answers a request with the request: with what is in its body and its
// header, and with the secret as it is.
type echo struct {
	name  string
	write func(w nethttp.ResponseWriter, said string)
}

func answering(kind string, status int, body func(said string) string) func(nethttp.ResponseWriter, string) {
	return func(w nethttp.ResponseWriter, said string) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		io.WriteString(w, body(said))
	}
}

func inJSON(said string) string {
	text, err := json.Marshal(said)
	if err != nil {
		return strconv.Quote(err.Error())
	}
	return string(text)
}

func inXML(said string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(said)); err != nil {
		return err.Error()
	}
	return b.String()
}

func echoes() []echo {
	exception := func(said string) string {
		return `{"name":"odoo.exceptions.UserError","message":` + inJSON(said) + `,"arguments":[` + inJSON(said) + `],"context":{},"debug":` + inJSON(said) + `}`
	}
	fault := func(said string) string {
		return `<?xml version="1.0"?><methodResponse><fault><value><struct><member><name>faultCode</name><value><string>` + inXML(said) +
			`</string></value></member><member><name>faultString</name><value><string>` + inXML(said) + `</string></value></member></struct></value></fault></methodResponse>`
	}
	all := []echo{
		{"redirect", func(w nethttp.ResponseWriter, said string) {
			w.Header().Set("Location", "https://elsewhere.example/"+url.PathEscape(said)+"?x="+url.QueryEscape(said))
			w.WriteHeader(nethttp.StatusFound)
		}},
		{"an error's code", answering("application/json", 200, func(said string) string {
			return `{"jsonrpc":"2.0","id":1,"error":{"code":` + inJSON(said) + `,"message":` + inJSON(said) + `,"data":{"name":` + inJSON(said) + `,"message":` + inJSON(said) + `}}}`
		})},
		{"a traceback", answering("text/xml", 200, func(said string) string {
			return fault("Traceback (most recent call last):\n  File \"x.py\", line 1, in y\n    z\nValueError: " + said)
		})},
		{"a fault", answering("text/xml", 200, fault)},
		{"messages of load", answering("application/json", 200, func(said string) string {
			return `{"jsonrpc":"2.0","id":1,"result":{"ids":false,"messages":[{"type":"error","message":` + inJSON(said) + `}]}}`
		})},
		{"messages of load, JSON-2", answering("application/json", 200, func(said string) string {
			return `{"ids":false,"messages":[{"type":"error","message":` + inJSON(said) + `}]}`
		})},
		{"another type", answering("application/json", 200, inJSON)},
		{"a name of an object", answering("application/json", 200, func(said string) string {
			return `{"jsonrpc":"2.0","id":1,"result":{` + inJSON(said) + `:{` + inJSON(said) + `:1}}}`
		})},
		{"a name that is there twice", answering("application/json", 200, func(said string) string { return `{` + inJSON(said) + `:1,` + inJSON(said) + `:2}` })},
		{"no JSON", answering("application/json", 200, func(said string) string { return said })},
		{"no XML", answering("text/xml", 200, func(said string) string { return "<" + said })},
	}
	for _, status := range []int{401, 404, 422, 500, 502} {
		all = append(all,
			echo{fmt.Sprint(status, " JSON"), answering("application/json", status, exception)},
			echo{fmt.Sprint(status, " page"), answering("text/html", status, func(said string) string { return "<html>" + said + "</html>" })})
	}
	return all
}

// A server that throws back what it is sent, at any point of the conversation,
// gets none of it into an error.
func TestTheSecretIsNotThrownBack(t *testing.T) {
	secretSpellings := []string{canary, inJSON(canary), inXML(canary), url.QueryEscape(canary), strconv.Quote(canary)}
	for _, protocol := range []string{"jsonrpc", "xmlrpc", "json2"} {
		t.Run(protocol, func(t *testing.T) {
			k := newKeeper(t, protocol)
			var at string
			var answer func(nethttp.ResponseWriter, string)
			reached := map[string]bool{}
			server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					nethttp.Error(w, "cut", nethttp.StatusBadRequest)
					return
				}
				if strings.HasSuffix(r.URL.Path, "/"+at) || bytes.Contains(body, []byte(`"`+at+`"`)) || bytes.Contains(body, []byte(`>`+at+`<`)) {
					reached[at] = true
					answer(w, strings.Join(append(secretSpellings, r.Header.Get("Authorization"), string(body)), " "))
					return
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
				k.ServeHTTP(w, r)
			}))
			t.Cleanup(server.Close)
			u, err := url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			phases := []string{"version", "authenticate", "check_access_rights", "fields_get", "search_read", "search_count", "check_object_reference", "load", "read", "action_post"}
			if protocol == "json2" {
				phases[1], phases[2] = "context_get", "has_access"
			}
			for _, phase := range phases {
				for _, e := range echoes() {
					at, answer = phase, e.write
					k.sings(func(c *Config) { c.URL = u })
					k.wantSilence(phase + ", " + e.name)
				}
				if !reached[phase] {
					t.Errorf("nothing asks %s", phase)
				}
			}
		})
	}
}

// What was sent is known after the secret has changed, or is gone.
func TestTheSecretChanges(t *testing.T) {
	k := newKeeper(t, "jsonrpc")
	server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		body, err := io.ReadAll(r.Body)
		searches := bytes.Contains(body, []byte("search_read"))
		if err == nil && searches {
			err = os.Unsetenv("OPENERP_TEST_CANARY")
		}
		if err != nil {
			panic(err)
		}
		if searches {
			answering("application/json", 200, func(said string) string {
				return `{"jsonrpc":"2.0","id":1,"error":{"code":200,"message":"","data":{"name":"odoo.exceptions.UserError","message":` + inJSON(said) + `}}}`
			})(w, string(body))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		k.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	k.sings(func(c *Config) { c.URL = u })
	k.wantSilence("after it was unset")
}
