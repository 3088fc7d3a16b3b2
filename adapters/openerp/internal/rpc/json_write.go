package rpc

import (
	"maps"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// appendJSON writes a value that checkValue passed. Decimals are written with
// all of their digits, and objects in the order of their names.
func appendJSON(b []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case decimal.Decimal:
		return append(b, v.String()...), nil
	case string:
		return jsontext.AppendQuote(b, v)
	case []int64:
		return appendJSONList(b, v)
	case []string:
		return appendJSONList(b, v)
	case []any:
		return appendJSONList(b, v)
	case []map[string]any:
		return appendJSONList(b, v)
	case map[string]any:
		var err error
		b = append(b, '{')
		for i, name := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = jsontext.AppendQuote(b, name); err != nil {
				return nil, err
			}
			if b, err = appendJSON(append(b, ':'), v[name]); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	}
	return nil, checkValue("value", value, 0)
}

func appendJSONList[T any](b []byte, list []T) (_ []byte, err error) {
	b = append(b, '[')
	for i, each := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendJSON(b, each); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}
