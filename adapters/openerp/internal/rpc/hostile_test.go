package rpc

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest/recorded"
)

var testLimits = Limits{Bytes: 1 << 20, Depth: 8, Values: 1000}

func nestedXML(depth int) string {
	return xmlResult(strings.Repeat("<array><data><value>", depth) + "x" + strings.Repeat("</value></data></array>", depth))
}

// TestHostileXML reads answers that no server of Odoo's sends.
func TestHostileXML(t *testing.T) {
	for _, c := range []struct{ name, body, says string }{
		{"empty", "", "EOF"},
		{"entities that grow", `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>` + xmlResult("<string>&c;</string>"), "document type"},
		{"a document type", `<!DOCTYPE methodResponse SYSTEM "http://evil.example/x">` + xmlResult("<int>1</int>"), "document type"},
		{"an unknown entity", xmlResult("<string>&c;</string>"), "invalid character entity"},
		{"a document type within", xmlResult("<string>a<!DOCTYPE x>b</string>"), "directive within a value"},
		{"an instruction", `<?php x ?>` + xmlResult("<int>1</int>"), "processing instruction"},
		{"another encoding", `<?xml version="1.0" encoding="utf-7"?>` + xmlResult("<int>1</int>")[21:], "encoding"},
		{"deep", nestedXML(9), "nested deeper than 8"},
		{"very deep", nestedXML(100000), "nested deeper than 8"},
		{"many", xmlResult("<array><data>" + strings.Repeat("<value/>", 1001) + "</data></array>"), "more than 1000 values"},
		{"many members", xmlResult("<struct>" + strings.Repeat("<member><name>a</name><value/></member>", 1001) + "</struct>"), "more than 1000 values"},
		{"the same member twice", xmlResult("<struct>" + strings.Repeat("<member><name>a</name><value/></member>", 2) + "</struct>"), "duplicate"},
		{"cut", xmlResult("<int>1</int>")[:60], "unexpected EOF"},
		{"not closed", "<methodResponse><params><param><value>", "unexpected EOF"},
		{"two results", `<methodResponse><params><param><value>1</value></param><param><value>2</value></param></params></methodResponse>`, "a <param> too many"},
		{"two values", `<methodResponse><params><param><value>1</value><value>2</value></param></params></methodResponse>`, "a <value> too many"},
		{"something after", xmlResult("<int>1</int>") + "<x/>", "something follows"},
		{"text between", `<methodResponse>hello<params/></methodResponse>`, "text between"},
		{"text before a type", xmlResult("x<int>1</int>"), "text before a <int>"},
		{"no result", `<methodResponse><params></params></methodResponse>`, "ends too early"},
		{"neither", `<methodResponse><x/></methodResponse>`, "instead of params or a fault"},
		{"a request", `<methodCall/>`, "instead of a <methodResponse>"},
		{"an unknown type", xmlResult("<ex:float>1</ex:float>"), "unknown type"},
		{"an element in a text", xmlResult("<string>a<b/></string>"), "within a <string>"},
		{"an element in a name", xmlResult("<struct><member><name><b/></name><value/></member></struct>"), "within a name"},
		{"a member without a name", xmlResult("<struct><member><value/></member></struct>"), "instead of a <name>"},
		{"an array without data", xmlResult("<array><value/></array>"), "instead of a <data>"},
		{"a boolean of 2", xmlResult("<boolean>2</boolean>"), "neither 0 nor 1"},
		{"no number", xmlResult("<int>seven</int>"), "is no number"},
		{"nan", xmlResult("<double>nan</double>"), "is no number"},
		{"infinity", xmlResult("<double>-inf</double>"), "is no number"},
		{"a double for an int", xmlResult("<int>1.5</int>"), "is no number"},
		{"an expression", xmlResult("<int>1-2</int>"), "invalid"},
		{"a leading zero", xmlResult("<int>007</int>"), "invalid"},
		{"JSON for a number", xmlResult(`<int>1,"x":2</int>`), "is no number"},
		{"a huge exponent", xmlResult("<double>1e999999999</double>"), "out of any range"},
		{"a long number", xmlResult("<int>" + strings.Repeat("9", 500) + "</int>"), "500 characters"},
		{"a control character", xmlResult("<string>\x01</string>"), "illegal character"},
		{"not UTF-8", xmlResult("<string>\xff</string>"), "UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			result, _, err := readXML([]byte(c.body), testLimits)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%.80s: %v, does not say %q", result, err, c.says)
			}
		})
	}
	if _, _, err := readXML([]byte(nestedXML(8)), testLimits); err != nil {
		t.Errorf("as deep as may be: %v", err)
	}
}

func TestHostileJSON(t *testing.T) {
	for _, c := range []struct{ name, body, says string }{
		{"empty", "", "EOF"},
		{"deep", strings.Repeat("[", 9) + strings.Repeat("]", 9), "nested deeper than 8"},
		{"very deep", strings.Repeat("[", 1<<20), "nested deeper than 8"},
		{"many", "[" + strings.Repeat("1,", 1001) + "1]", "more than 1000 values"},
		{"cut", `{"a": [1, 2`, "EOF"},
		{"twice", `{"a": 1, "a": 2}`, "duplicate"},
		{"two", `1 2`, "invalid"},
		{"nan", `NaN`, "invalid"},
		{"a huge exponent", `[1e999999999]`, "out of any range"},
		{"a tiny one", `[1e-401]`, "out of any range"},
		{"a long number", strings.Repeat("9", 500), "500 characters"},
		{"not UTF-8", "\"\xff\"", "UTF-8"},
		{"half a character", `"\ud800"`, "invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := checkJSON([]byte(c.body), testLimits)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v does not say %q", err, c.says)
			}
		})
	}
	for _, fine := range []string{`[1e-05, 1E+22, -0.0, 5.0]`, strings.Repeat("[", 8) + strings.Repeat("]", 8), ` {"a": {}} `} {
		if err := checkJSON([]byte(fine), testLimits); err != nil {
			t.Errorf("%s: %v", fine, err)
		}
	}
}

// TestMemory reads an answer of a million values, and another of a single
// long text, and holds no more than a few times their size.
func TestMemory(t *testing.T) {
	for name, body := range map[string]string{
		"values": xmlResult("<array><data>" + strings.Repeat("<value><int>1</int></value>", 200_000) + "</data></array>"),
		"text":   xmlResult("<string>" + strings.Repeat("x", 5<<20) + "</string>"),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		result, _, err := readXML([]byte(body), Limits{}.withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 40*uint64(len(body)) {
			t.Errorf("%s: %d bytes made %d of JSON and took %d", name, len(body), len(result), used)
		}
	}
}

// FuzzXML reads anything: what is no error is JSON, within the limits.
func FuzzXML(f *testing.F) {
	for _, e := range recorded.Read(f, filepath.Join("testdata", "odoo17")) {
		if !e.JSON && len(e.Response) < 8<<10 {
			f.Add(e.Response)
		}
	}
	f.Add([]byte(nestedXML(7)))
	f.Add([]byte(xmlResult("<double>1e-05</double>")))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>` + xmlResult("<string>&b;</string>")))
	f.Fuzz(func(t *testing.T, body []byte) {
		result, _, err := readXML(body, testLimits)
		if err != nil {
			return
		}
		if err := checkJSON(result, testLimits); err != nil {
			t.Errorf("%q: %v", result, err)
		}
		var into any
		if err := decodeReply(result, &into); err != nil {
			t.Errorf("%q: %v", result, err)
		}
		client := &Client{config: Config{Limits: testLimits}}
		if _, err := (xmlCodec{}).answer(client, answer{status: 200, body: body}); err != nil {
			_ = err.Error()
		}
	})
}

// FuzzJSON reads anything as the answer of each JSON protocol.
func FuzzJSON(f *testing.F) {
	for _, e := range recorded.Read(f, filepath.Join("testdata", "odoo17")) {
		if e.JSON {
			f.Add(e.Response, 200)
		}
	}
	f.Add([]byte(`{"name": "odoo.exceptions.UserError", "message": "x", "arguments": [], "context": {}, "debug": ""}`), 422)
	f.Add([]byte(strings.Repeat("[", 20)), 200)
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		client := &Client{config: Config{Limits: testLimits}}
		for _, codec := range []codec{jsonCodec{}, json2Codec{}} {
			result, err := codec.answer(client, answer{status: status, body: body})
			if err != nil {
				if err.Error() == "" {
					t.Errorf("an error without a text for %q", body)
				}
				continue
			}
			var into any
			if err := decodeReply(result, &into); err != nil {
				t.Errorf("%q: %v", result, err)
			}
			var version Version
			if v, err := parseVersion(result); err == nil && v == version {
				t.Errorf("%q is no version", result)
			}
		}
	})
}

// FuzzTraceback takes any text apart as a fault of XML-RPC.
func FuzzTraceback(f *testing.F) {
	f.Add("1", "Traceback (most recent call last):\n  File \"a.py\", line 1, in b\n    c\nValueError: External ID not found in the system: a.b\n")
	f.Add("2", "Record does not exist or has been deleted.\n(Record: res.users(99,), User: 99)")
	f.Add("1", "Traceback (most recent call last):")
	f.Fuzz(func(t *testing.T, code, text string) {
		result, err := faultOfText(code, text)
		if result != nil || err != nil && len(fmt.Sprint(err)) > 1000 {
			t.Errorf("%q, %v", result, err)
		}
	})
}

// TestWrittenJSONIsRead reads what is written as JSON:
// what appendJSON writes, checkJSON lets pass, and it reads back the same.
func TestWrittenJSONIsRead(t *testing.T) {
	list, kw := everyValue.rpc()
	body, err := appendJSON(nil, append(list, kw))
	if err != nil {
		t.Fatal(err)
	}
	var back any
	if err := json.Unmarshal(body, &back, exact); err != nil {
		t.Fatal(err)
	}
	again, err := appendJSON(nil, back)
	if err != nil || string(again) != string(body) {
		t.Errorf("%s\n%s\n%v", body, again, err)
	}
}
