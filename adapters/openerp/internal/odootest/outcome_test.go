package odootest

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest/recorded"
	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest/wire"
)

// send plays a request to a server.
func send(s *Server, e recorded.Exchange) (status int, body []byte) {
	r := httptest.NewRequest(e.Method, e.Path, bytes.NewReader(e.Request))
	r.Header.Set("Content-Type", "text/xml")
	if e.JSON && !strings.Contains(e.Name, "wrong-ctype") {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.Bytes()
}

// An outcome is an answer, whichever protocol it came by.
type outcome struct {
	status  int
	code    string // of a fault
	class   string // of an exception, where the protocol tells
	message string // of a fault: its last line where it is a traceback
	none    bool   // JSON-RPC: neither result nor error
	result  any
	page    bool // what no client of a protocol reads
}

func readOutcome(t *testing.T, e recorded.Exchange, status int, body []byte) outcome {
	t.Helper()
	o := outcome{status: status}
	if status != 200 {
		o.page = true
		return o
	}
	if e.JSON {
		value, err := wire.ParseJSON(body)
		if err != nil {
			t.Fatalf("%s: %v", e.Name, err)
		}
		reply := value.(map[string]any)
		result, has := reply["result"]
		o.result = result
		if fault, ok := reply["error"].(map[string]any); ok {
			data := fault["data"].(map[string]any)
			o.code, o.class, o.message = fmt.Sprint(fault["code"]), data["name"].(string), data["message"].(string)
		} else {
			o.none = !has
		}
		return o
	}
	value, fault, err := wire.ParseResponse(body)
	if err != nil {
		t.Fatalf("%s: %v", e.Name, err)
	}
	if fault {
		f := value.(map[string]any)
		o.code, o.message = fmt.Sprint(f["faultCode"]), strings.TrimRight(f["faultString"].(string), "\n")
		if strings.HasPrefix(o.message, "Traceback") {
			o.class = "traceback"
			o.message = o.message[strings.LastIndex(o.message, "\n")+1:]
		}
		return o
	}
	o.result = value
	return o
}

// parse reads the request as a call of execute_kw, or returns nil.
func parse(e recorded.Exchange) *call {
	method, params, err := e.Call()
	if err != nil || method != "execute_kw" || len(params) < 6 {
		return nil
	}
	c := &call{}
	c.user, _ = params[1].(int64)
	c.model, _ = params[3].(string)
	c.method, _ = params[4].(string)
	c.args, _ = params[5].([]any)
	return c
}
