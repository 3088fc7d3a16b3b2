package rpc

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"
)

// xmlCodec is XML-RPC, as /xmlrpc/2 has it.
type xmlCodec struct{}

func (xmlCodec) call(c *Client, uid int64, secret, model, method string, args Args) (request, error) {
	list, kw := args.rpc()
	params := []any{c.config.Database, uid, secret, model, method, list}
	if kw != nil {
		params = append(params, kw)
	}
	return xmlRequest("xmlrpc/2/object", "execute_kw", params)
}

func xmlRequest(path, method string, params []any) (request, error) {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0"?><methodCall><methodName>` + method + `</methodName><params>`)
	for _, param := range params {
		b.WriteString("<param>")
		if err := writeXML(&b, param); err != nil {
			return request{}, err
		}
		b.WriteString("</param>")
	}
	b.WriteString("</params></methodCall>")
	return request{path: path, contentType: "text/xml", body: b.Bytes()}, nil
}

// writeXML writes a value that checkValue passed. Decimals are written with all
// of their digits, and structs in the order of their names.
func writeXML(b *bytes.Buffer, value any) error {
	b.WriteString("<value>")
	defer b.WriteString("</value>")
	switch v := value.(type) {
	case nil:
		b.WriteString("<nil/>")
	case bool:
		bit := 0
		if v {
			bit = 1
		}
		fmt.Fprintf(b, "<boolean>%d</boolean>", bit)
	case int:
		writeInt(b, int64(v))
	case int64:
		writeInt(b, v)
	case decimal.Decimal:
		fmt.Fprintf(b, "<double>%s</double>", v)
	case string:
		b.WriteString("<string>")
		if err := xml.EscapeText(b, []byte(v)); err != nil {
			return err
		}
		b.WriteString("</string>")
	case []int64:
		return writeXMLList(b, v)
	case []string:
		return writeXMLList(b, v)
	case []any:
		return writeXMLList(b, v)
	case []map[string]any:
		return writeXMLList(b, v)
	case map[string]any:
		b.WriteString("<struct>")
		for _, name := range slices.Sorted(maps.Keys(v)) {
			b.WriteString("<member><name>")
			if err := xml.EscapeText(b, []byte(name)); err != nil {
				return err
			}
			b.WriteString("</name>")
			if err := writeXML(b, v[name]); err != nil {
				return err
			}
			b.WriteString("</member>")
		}
		b.WriteString("</struct>")
	default:
		return checkValue("value", value, 0)
	}
	return nil
}

// writeInt writes an int, which has 32 bits in XML-RPC, or else the i8 that
// Python reads too.
func writeInt(b *bytes.Buffer, n int64) {
	name := "int"
	if n > maxInt || n < -maxInt-1 {
		name = "i8"
	}
	fmt.Fprintf(b, "<%s>%d</%s>", name, n, name)
}

func writeXMLList[T any](b *bytes.Buffer, list []T) error {
	b.WriteString("<array><data>")
	for _, each := range list {
		if err := writeXML(b, each); err != nil {
			return err
		}
	}
	b.WriteString("</data></array>")
	return nil
}
