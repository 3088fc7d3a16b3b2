package rpc

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest/recorded"
	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest/wire"
)

// A sorted is how a recorded fault is to be sorted.
type sorted struct {
	pattern *regexp.Regexp // of the exchange's name
	kind    Kind
	name    string // of the exception
	message string // begins with it
}

const (
	userError    = "odoo.exceptions.UserError"
	accessError  = "odoo.exceptions.AccessError"
	accessDenied = "odoo.exceptions.AccessDenied"
	valueError   = "builtins.ValueError"
	typeError    = "builtins.TypeError"
	keyError     = "builtins.KeyError"
	attribute    = "builtins.AttributeError"
	operational  = "psycopg2.OperationalError"
)

func at(pattern string) *regexp.Regexp { return regexp.MustCompile(`^\d+-(` + pattern + `)$`) }

// recordedFaults sorts every fault of the recordings. XML-RPC names no class
// for those that are no traceback, except for the two that have a code.
var recordedFaults = []sorted{
	{at("authenticate-wrong-db|v2-execute_kw-wrong-db|jsonrpc-wrong-db"), WrongDatabase, operational, `connection to server at`},
	{at("authenticate-wrong-password|authenticate-unknown-login|jsonrpc-authenticate-wrong"), AccessDenied, "", `user "`},
	{at("v2-execute_kw-wrong-password|jsonrpc-wrong-password"), AccessDenied, accessDenied, "Access Denied"},
	{at("v2-execute_kw-wrong-uid"), MissingRecord, "", "Record does not exist or has been deleted.\n(Record: res.users(99,)"},
	{at("pricelist-_get_product_price|so-_create_invoices|jsonrpc-private"), NoAccess, accessError, "Private methods (such as _"},
	{at("pricelist-(get_product.*|price_get|price_rule_get)|fault-unknown-method"), BadCall, attribute, ""},
	{at("product-price_compute"), Unanswerable, typeError, "dictionary key must be string"},
	{at("product-price_compute"), BadCall, attribute, "The method 'price_compute'"},
	{at("so-wizard-create_invoices"), Unanswerable, typeError, "cannot marshal None"},
	{at("jsonrpc-price_compute"), BadCall, attribute, "The method 'price_compute'"},
	{at("product-read-price-field|fault-unknown-field-(create|line|read)|jsonrpc-unknown-field"), BadCall, valueError, "Invalid field '"},
	{at("fault-unknown-field-search"), BadCall, valueError, "Invalid field account.move.nosuch in leaf"},
	{at("fault-bad-domain"), BadCall, valueError, "Invalid leaf ('ref', 'like=', 'x')"},
	{at("fault-unknown-model"), BadCall, "", "Object account.invoice doesn't exist"},
	{at("jsonrpc-unknown-model"), BadCall, userError, "Object account.invoice doesn't exist"},
	{at("fault-bad-args"), BadCall, typeError, "create() missing 1 required positional argument"},
	{at("fault-missing-required-line"), BadCall, keyError, "'move_id'"},
	{at("load-bad-field"), BadCall, keyError, "'nosuch'"},
	{at("invoice-action_post-twice|fault-lang-context"), Invalid, "", "The entry INV/2026/00001 (id 1)"},
	{at("jsonrpc-post-twice"), Invalid, userError, "The entry INV/2026/00001 (id 1)"},
	{at("so-action_confirm-twice"), Invalid, "", "The following orders are not in a state"},
	{at("invoice-unlink-posted"), Invalid, "", "You can"},
	{at("invoice-write-posted-lines"), Invalid, "", "You cannot modify the taxes"},
	{at("invoice-post-no-partner"), Invalid, "", "The field 'Customer' is required"},
	{at("invoice-post-no-lines|atomic-post-batch"), Invalid, "", "You need to add a line before posting."},
	{at("invoice-post-negative-total"), Invalid, "", "You cannot validate an invoice with a negative total"},
	{at("invoice-post-inactive-currency"), Invalid, "", "You cannot validate a document with an inactive currency: NZD"},
	{at("invoice-create-bad-move_type"), Invalid, valueError, "Wrong value for account.move.move_type: 'out_invoce'"},
	{at("invoice-create-bad-date"), Invalid, valueError, "time data '31/10/2026' does not match format"},
	{at("fault-missing-required"), Invalid, "", "The operation cannot be completed: Contacts require a name"},
	{at("fault-bad-currency-id"), Invalid, "", "The operation cannot be completed: another model requires"},
	{at("billbot-export_data-id"), Invalid, "", "You don't have the rights to export data"},
	{at("invoice-create-bad-product|fault-bad-partner-id|atomic-create-batch"), MissingRecord, "", "Record does not exist or has been deleted."},
	{at("check_object_reference-(missing|after-unlink)"), MissingRecord, valueError, "External ID not found in the system: __billing__."},
	{at("ir-model-data-claim-duplicate"), Duplicate, "", "The operation cannot be completed: duplicate key value"},
	{at("access-.*|billbot-(read|create)-imd|jsonrpc-access"), NoAccess, accessError, "You are not allowed to "},
	{at("reversal-wizard-create"), BadCall, valueError, "Invalid field 'refund_method'"},
	{at("reversal-reverse_moves"), BadCall, typeError, "'<' not supported between instances"},
	{at("old-common-login-wrong-db"), WrongDatabase, operational, "connection to server at"},
	{at("old-object-execute-wrong-password"), AccessDenied, accessDenied, "Access Denied"},
	{at("old-object-execute-fault-unknown-field"), BadCall, valueError, "Invalid field 'nofield'"},
	{at("unknown-service"), BadCall, keyError, "'nosuch'"},
	{at("unknown-common-method"), BadCall, "builtins.Exception", "Method not found: nosuch"},
	{at("unknown-object-dispatch"), BadCall, "builtins.NameError", "Method not available nosuch"},
	{at("malformed-.*|nil-bytes-control"), BadCall, "xml.parsers.expat.ExpatError", ""},
	{at("jsonrpc-noservice"), BadCall, typeError, "RPC.jsonrpc() missing 3 required positional arguments"},
	{at("price-probe-so-onchange"), BadCall, attribute, "'str' object has no attribute 'get'"},
}

// isFault reports whether the recorded answer is a fault, or a login that was
// not granted. A result of None that XML-RPC could not write is none, but a
// None within a result is.
func isFault(t *testing.T, e recorded.Exchange) bool {
	t.Helper()
	if e.JSON {
		value, err := wire.ParseJSON(e.Response)
		if err != nil {
			t.Fatalf("%s: %v", e.Name, err)
		}
		reply := value.(map[string]any)
		return reply["error"] != nil || strings.Contains(e.Name, "authenticate-wrong") && reply["result"] == false
	}
	value, fault, err := wire.ParseResponse(e.Response)
	if err != nil {
		t.Fatalf("%s: %v", e.Name, err)
	}
	text := fmt.Sprint(value)
	return fault && (!strings.Contains(text, "cannot marshal None") || strings.Contains(text, "in dump_struct")) || strings.Contains(e.Name, "authenticate-") && value == false
}

// checkFault looks the fault of an exchange up in the table.
func checkFault(t *testing.T, e recorded.Exchange, err error) {
	t.Helper()
	var fault *Fault
	if !errors.As(err, &fault) {
		t.Errorf("%s: %v (%T) is no fault", e.Name, err, err)
		return
	}
	for _, want := range recordedFaults {
		if !want.pattern.MatchString(e.Name) || !strings.HasPrefix(fault.Message, want.message) {
			continue
		}
		if fault.Kind != want.kind || fault.Name != want.name {
			t.Errorf("%s: got %v, %q; want %v, %q", e.Name, fault.Kind, fault.Name, want.kind, want.name)
		}
		if strings.Contains(fault.Message, "Traceback") || strings.Contains(fault.Message, "File \"") {
			t.Errorf("%s: a person would read a traceback: %s", e.Name, fault.Message)
		}
		if Retryable(err) || Unknown(err) != (want.kind == Unanswerable) {
			t.Errorf("%s: retryable %v, unknown %v", e.Name, Retryable(err), Unknown(err))
		}
		return
	}
	t.Errorf("%s: not in the table: %v, %q, %q", e.Name, fault.Kind, fault.Name, fault.Message)
}

// TestEveryRecordedFault sorts the answers alone: those to requests that the
// client never makes, too.
func TestEveryRecordedFault(t *testing.T) {
	for _, c := range []struct {
		dir   string
		count int
	}{{filepath.Join("testdata", "odoo17"), 26}, {"odoo16", 73}, {"odoo17", 77}} {
		t.Run(c.dir, func(t *testing.T) {
			dir := c.dir
			if !strings.HasPrefix(dir, "testdata") {
				dir = filepath.Join(recorded.Dir(t), c.dir)
			}
			client := &Client{config: Config{Limits: Limits{}.withDefaults(), Secret: func() (string, error) { return "secret", nil }}}
			count := 0
			for _, e := range recorded.Read(t, dir) {
				if e.Status != 200 || !isFault(t, e) || strings.Contains(e.Name, "authenticate-wrong-p") || strings.Contains(e.Name, "authenticate-unknown") ||
					strings.HasSuffix(e.Name, "jsonrpc-authenticate-wrong") {
					continue
				}
				codec := codec(xmlCodec{})
				if e.JSON {
					codec = jsonCodec{}
				}
				_, err := codec.answer(client, answer{status: 200, body: e.Response})
				checkFault(t, e, err)
				count++
			}
			if count != c.count {
				t.Errorf("sorted %d faults, want %d", count, c.count)
			}
		})
	}
}
