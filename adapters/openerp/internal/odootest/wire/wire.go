// Package wire reads what goes over the wire between an Odoo server and its
// clients: for the simulated server, and for tests that read recordings. It
// shares nothing with the client that is tested against both, and trusts what
// it reads.
//
// Values are nil, bool, int64, decimal.Decimal for a number with a point or an
// exponent, string, []any and map[string]any.
package wire

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// ParseJSON reads a value. Numbers with a point or an exponent become decimals.
func ParseJSON(data []byte) (any, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data))
	value, err := parseJSONValue(dec)
	if err == nil {
		if _, err := dec.ReadToken(); err != io.EOF {
			return nil, fmt.Errorf("extra data")
		}
	}
	return value, err
}

func parseJSONValue(dec *jsontext.Decoder) (any, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return token.Bool(), nil
	case '"':
		return token.String(), nil
	case '0':
		text := token.String()
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
		return decimal.NewFromString(text)
	case '[':
		list := []any{}
		for dec.PeekKind() != ']' {
			each, err := parseJSONValue(dec)
			if err != nil {
				return nil, err
			}
			list = append(list, each)
		}
		_, err := dec.ReadToken()
		return list, err
	}
	all := map[string]any{}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		if all[key], err = parseJSONValue(dec); err != nil {
			return nil, err
		}
	}
	_, err = dec.ReadToken()
	return all, err
}

// A node is an XML element, read as a tree.
type node struct {
	XMLName xml.Name
	Text    string `xml:",chardata"`
	Nodes   []node `xml:",any"`
}

func (n *node) child(name string) *node {
	for i := range n.Nodes {
		if n.Nodes[i].XMLName.Local == name {
			return &n.Nodes[i]
		}
	}
	return nil
}

// value reads a <value>.
func (n *node) value() (any, error) {
	if n == nil || n.XMLName.Local != "value" {
		return nil, fmt.Errorf("not a value")
	}
	if len(n.Nodes) == 0 {
		return n.Text, nil
	}
	typed := n.Nodes[0]
	switch typed.XMLName.Local {
	case "nil":
		return nil, nil
	case "boolean":
		return strings.TrimSpace(typed.Text) == "1", nil
	case "int", "i4", "i8":
		return strconv.ParseInt(strings.TrimSpace(typed.Text), 10, 64)
	case "double":
		return decimal.NewFromString(strings.TrimSpace(typed.Text))
	case "string":
		return typed.Text, nil
	case "array":
		list := []any{}
		data := typed.child("data")
		if data == nil {
			return nil, fmt.Errorf("an array without data")
		}
		for i := range data.Nodes {
			each, err := data.Nodes[i].value()
			if err != nil {
				return nil, err
			}
			list = append(list, each)
		}
		return list, nil
	case "struct":
		all := map[string]any{}
		for i := range typed.Nodes {
			member := &typed.Nodes[i]
			name := member.child("name")
			if name == nil {
				return nil, fmt.Errorf("a member without a name")
			}
			value, err := member.child("value").value()
			if err != nil {
				return nil, err
			}
			all[name.Text] = value
		}
		return all, nil
	}
	return nil, fmt.Errorf("unknown type %s", typed.XMLName.Local)
}

// ParseCall reads XML-RPC's methodCall.
func ParseCall(body []byte) (method string, params []any, err error) {
	var root node
	if err := xml.Unmarshal(body, &root); err != nil {
		return "", nil, err
	}
	name := root.child("methodName")
	if root.XMLName.Local != "methodCall" || name == nil {
		return "", nil, fmt.Errorf("not a methodCall")
	}
	if all := root.child("params"); all != nil {
		for i := range all.Nodes {
			value, err := all.Nodes[i].child("value").value()
			if err != nil {
				return "", nil, err
			}
			params = append(params, value)
		}
	}
	return strings.TrimSpace(name.Text), params, nil
}

// ParseResponse reads XML-RPC's methodResponse: its result, or its fault.
func ParseResponse(body []byte) (value any, fault bool, err error) {
	var root node
	if err := xml.Unmarshal(body, &root); err != nil {
		return nil, false, err
	}
	if f := root.child("fault"); f != nil {
		value, err := f.child("value").value()
		return value, true, err
	}
	params := root.child("params")
	if params == nil || len(params.Nodes) != 1 {
		return nil, false, fmt.Errorf("not a methodResponse")
	}
	value, err = params.Nodes[0].child("value").value()
	return value, false, err
}
