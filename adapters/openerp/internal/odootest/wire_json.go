package odootest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"mime"
	nethttp "net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest/wire"
)

const maxBody = 256 << 20 // bytes of a request

// readBody reads a request's body.
func readBody(r *nethttp.Request) ([]byte, error) { return io.ReadAll(io.LimitReader(r.Body, maxBody)) }

// jsonKind is the content type of JSON, with or without a charset.
func jsonKind(r *nethttp.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && (kind == "application/json" || kind == "application/json-rpc")
}

// writeJSON writes a value as Python's json module does.
func (s *Server) writeJSON(b *bytes.Buffer, value any) {
	switch v := value.(type) {
	case nil, none:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case float:
		b.WriteString(s.float(v))
	case string:
		quoted, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		b.Write(quoted)
	case []any:
		b.WriteByte('[')
		for i, each := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			s.writeJSON(b, each)
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, name := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteString(", ")
			}
			s.writeJSON(b, name)
			b.WriteString(": ")
			s.writeJSON(b, v[name])
		}
		b.WriteByte('}')
	default:
		panic(fmt.Sprintf("odootest: an answer holds a %T", value))
	}
}

// float writes a number, with a float's noise where the server has it.
func (s *Server) float(f float) string {
	if s.noise {
		return floatText(noisy(f.Decimal))
	}
	return floatText(f.Decimal)
}

// jsonProtocol is JSON-RPC.
type jsonProtocol struct{ id any }

func (*jsonProtocol) name() string { return "json-rpc" }

func (p *jsonProtocol) read(_ *Server, w nethttp.ResponseWriter, r *nethttp.Request) (*request, bool) {
	if !jsonKind(r) {
		page(w, nethttp.StatusBadRequest, "Bad Request", "Request inferred type is compatible with [&#39;http&#39;] but &#39;/jsonrpc&#39; is type=&#39;json&#39;.")
		return nil, false
	}
	body, err := readBody(r)
	if err != nil {
		return nil, false
	}
	value, err := wire.ParseJSON(body)
	all, ok := value.(map[string]any)
	if err != nil || !ok {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(nethttp.StatusBadRequest)
		io.WriteString(w, "Invalid JSON data")
		return nil, false
	}
	p.id = all["id"]
	params, _ := all["params"].(map[string]any)
	service, ok := params["service"].(string)
	if !ok {
		return &request{err: &exc{typeError, "RPC.jsonrpc() missing 3 required positional arguments: 'service', 'method', and 'args'"}}, true
	}
	method, _ := params["method"].(string)
	args, _ := params["args"].([]any)
	return &request{service: service, method: method, params: args}, true
}

func (p *jsonProtocol) answer(s *Server, result any, err *exc) (int, string, []byte) {
	var b bytes.Buffer
	b.WriteString(`{"jsonrpc": "2.0", "id": `)
	s.writeJSON(&b, p.id)
	switch _, isNone := result.(none); {
	case err != nil:
		b.WriteString(`, "error": `)
		s.writeJSON(&b, map[string]any{"code": int64(200), "message": "Odoo Server Error", "data": err.data()})
	case isNone:
	default:
		b.WriteString(`, "result": `)
		s.writeJSON(&b, result)
	}
	b.WriteByte('}')
	return nethttp.StatusOK, "application/json; charset=utf-8", b.Bytes()
}

// data is how the JSON protocols tell of an exception.
func (e *exc) data() map[string]any {
	told := e.told()
	return map[string]any{"name": told.class, "message": told.message, "arguments": []any{told.message}, "context": map[string]any{},
		"debug": told.traceback()}
}

// json2Protocol is JSON-2.
type json2Protocol struct{}

func (*json2Protocol) name() string { return "json-2" }

func (*json2Protocol) read(s *Server, w nethttp.ResponseWriter, r *nethttp.Request) (*request, bool) {
	model, method, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/json/2/"), "/")
	if !ok || strings.Contains(method, "/") {
		return &request{err: &exc{notFound, "Did you mean POST /json/2/<model>/<method>?"}}, true
	}
	if name := r.Header.Get("X-Odoo-Database"); name != "" && name != s.database {
		page(w, nethttp.StatusNotFound, "Not Found", "No database is selected.")
		return nil, false
	}
	s.mu.Lock()
	user := s.byKey(r.Header.Get("Authorization"))
	denied := user == 0 || s.expired[user]
	delete(s.expired, user) // a key needs no login: the next request is another try
	s.mu.Unlock()
	if denied {
		return &request{err: &exc{unauthorized, "Invalid apikey"}}, true
	}
	body, err := readBody(r)
	if err != nil {
		return nil, false
	}
	value, err := wire.ParseJSON(body)
	kw, ok := value.(map[string]any)
	if err != nil || !ok || !jsonKind(r) {
		return &request{err: &exc{"werkzeug.exceptions.BadRequest", "could not parse the body as json"}}, true
	}
	return &request{call: &call{user: user, model: model, method: method, kw: kw, named: true}}, true
}

// statuses are those of JSON-2's errors.
var statuses = map[string]int{userError: 422, "odoo.exceptions.ValidationError": 422, missingError: 404, accessError: 403, accessDenied: 403,
	unauthorized: 401, notFound: 404, unprocessed: 422, "werkzeug.exceptions.BadRequest": 400}

func (*json2Protocol) answer(s *Server, result any, err *exc) (int, string, []byte) {
	var b bytes.Buffer
	status := nethttp.StatusOK
	if err != nil {
		result = err.data()
		if status = statuses[err.told().class]; status == 0 {
			status = nethttp.StatusInternalServerError
		}
	}
	s.writeJSON(&b, result)
	return status, "application/json; charset=utf-8", b.Bytes()
}

// serveVersion serves /web/version.
func (s *Server) serveVersion(w nethttp.ResponseWriter, _ *nethttp.Request) {
	var b bytes.Buffer
	s.writeJSON(&b, map[string]any{"version_info": s.versionParts(), "version": s.versionText()})
	w.Header().Set("Content-Type", "application/json")
	w.Write(b.Bytes())
}
