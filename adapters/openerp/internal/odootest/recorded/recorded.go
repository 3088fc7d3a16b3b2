// Package recorded reads exchanges that were recorded from real Odoo servers.
package recorded

import (
	"encoding/json"
	"errors"
	nethttp "net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest/wire"
)

// An Exchange is a request that was sent to a real server, and its answer.
type Exchange struct {
	Name     string    // such as 056-invoice-create-default-precision
	Method   string    // of HTTP
	Path     string    // of the URL
	Status   int       // of the answer
	At       time.Time // the server's clock
	JSON     bool      // JSON-RPC, and else XML-RPC
	Request  []byte
	Response []byte
}

// Dir is where the recordings are, one directory for each version. The test
// is skipped where they are not at hand.
func Dir(t testing.TB) string {
	t.Helper()
	shared := os.Getenv("ARTIFICE_SHARED")
	if shared == "" {
		const why = "set ARTIFICE_SHARED to the directory of recorded data"
		if os.Getenv("ARTIFICE_REQUIRE_SERVICES") == "1" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	return filepath.Join(shared, "odoo", "recordings")
}

// Read reads a directory of exchanges, in the order that they were made in.
func Read(t testing.TB, dir string) []Exchange {
	t.Helper()
	metas, err := filepath.Glob(filepath.Join(dir, "*.meta.json"))
	if err != nil || len(metas) == 0 {
		t.Fatalf("no recordings in %s: %v", dir, err)
	}
	var all []Exchange
	for _, meta := range metas {
		e, err := read(strings.TrimSuffix(meta, ".meta.json"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	// Two recorders wrote at once now and then, and gave the same numbers.
	slices.SortStableFunc(all, func(a, b Exchange) int { return strings.Compare(a.Name[:3], b.Name[:3]) })
	return all
}

func read(base string) (Exchange, error) {
	var m struct {
		Method, Path string
		Status       int
		Headers      [][2]string
	}
	content, err := os.ReadFile(base + ".meta.json")
	if err != nil {
		return Exchange{}, err
	}
	if err := json.Unmarshal(content, &m); err != nil {
		return Exchange{}, err
	}
	e := Exchange{Name: filepath.Base(base), Path: m.Path, Method: m.Method, Status: m.Status}
	for _, header := range m.Headers {
		if header[0] == "Date" {
			if e.At, err = nethttp.ParseTime(header[1]); err != nil {
				return e, err
			}
		}
	}
	ending := ".xml"
	if e.Request, err = os.ReadFile(base + ".request.xml"); err != nil {
		ending, e.JSON = ".json", true
		if e.Request, err = os.ReadFile(base + ".request.json"); err != nil {
			return e, err
		}
	}
	e.Response, err = os.ReadFile(base + ".response" + ending)
	return e, err
}

// Call reads the request: the method of a service and its parameters.
func (e Exchange) Call() (method string, params []any, err error) {
	if !e.JSON {
		return wire.ParseCall(e.Request)
	}
	value, err := wire.ParseJSON(e.Request)
	if err != nil {
		return "", nil, err
	}
	all, _ := value.(map[string]any)
	call, _ := all["params"].(map[string]any)
	method, ok := call["method"].(string)
	if !ok {
		return "", nil, errors.New("no method")
	}
	params, _ = call["args"].([]any)
	return method, params, nil
}
