package odootest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// Values on the wire are nil, bool, int64, decimal.Decimal, string, []any and
// map[string]any. A float is a decimal that is written as Python writes one.
type float struct{ decimal.Decimal }

// none is what a method returns that returns nothing.
type none struct{}

// fromValues makes wire values of a test's.
func fromValues(v Values) map[string]any {
	all := map[string]any{}
	for name, value := range v {
		all[name] = fromAny(value)
	}
	return all
}

// fromAny makes a wire value of a test's value.
func fromAny(value any) any {
	switch v := value.(type) {
	case int:
		return int64(v)
	case []int64:
		return []any{[]any{int64(6), int64(0), anyList(v)}}
	case []string:
		return anyList(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = fromAny(v[i])
		}
		return list
	case Values:
		return fromValues(v)
	case map[string]any:
		return fromValues(v)
	}
	return value
}

func anyList[T any](list []T) []any {
	all := make([]any, len(list))
	for i, each := range list {
		all[i] = each
	}
	return all
}

// pyRepr writes a value as Python does.
func pyRepr(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int64:
		return strconv.FormatInt(v, 10)
	case string:
		if strings.Contains(v, "'") && !strings.Contains(v, `"`) {
			return `"` + v + `"`
		}
		return "'" + strings.ReplaceAll(v, "'", `\'`) + "'"
	case decimal.Decimal:
		return floatText(v)
	case float:
		return floatText(v.Decimal)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = pyRepr(v[i])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(value)
}

// pyTuple writes a list as a Python tuple.
func pyTuple(list []any) string {
	text := pyRepr(list)
	return "(" + text[1:len(text)-1] + ")"
}

// floatText writes a number as Python writes a float: with a point.
func floatText(d decimal.Decimal) string {
	text := d.String()
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// number reads a number, or text that Python's float would read; ok is false
// for anything else.
func number(value any) (decimal.Decimal, bool) {
	switch v := value.(type) {
	case int64:
		return decimal.NewFromInt(v), true
	case decimal.Decimal:
		return v, true
	case bool:
		if v {
			return decimal.NewFromInt(1), true
		}
		return decimal.Decimal{}, true
	case nil:
		return decimal.Decimal{}, true
	case string:
		if len(v) > 60 {
			return decimal.Decimal{}, false
		}
		d, err := decimal.NewFromString(strings.TrimSpace(v))
		return d, err == nil && d.Exponent() < 60
	}
	return decimal.Decimal{}, false
}

// idList reads ids: a list of them or one alone.
func idList(value any) []int64 {
	switch v := value.(type) {
	case int64:
		return []int64{v}
	case []int64:
		return v
	case []any:
		var ids []int64
		for _, each := range v {
			if id, ok := each.(int64); ok {
				ids = append(ids, id)
			}
		}
		return ids
	}
	return nil
}

// truth is Python's idea of a true value.
func truth(value any) bool {
	switch v := value.(type) {
	case nil:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case decimal.Decimal:
		return !v.IsZero()
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case []int64:
		return len(v) > 0
	}
	return true
}
