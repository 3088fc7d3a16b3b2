package usage

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jmespath/go-jmespath"
	"github.com/shopspring/decimal"
)

// An Expression is a JMESPath expression (jmespath.org) about a sample, which
// it sees in the shape that Ceilometer's API gave it: meter, type, unit,
// volume, id, resource_id, project_id, timestamp, recorded_at, and metadata,
// which is flat: metadata."flavor.name" is one key, and all values are text.
// It may be used concurrently.
type Expression struct {
	text     string
	compiled *jmespath.JMESPath
}

// ParseExpression compiles an expression. The error quotes it, and says what of
// it is no JMESPath.
func ParseExpression(text string) (*Expression, error) {
	compiled, err := jmespath.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not a JMESPath expression: %w", text, err)
	}
	return &Expression{text, compiled}, nil
}

func (e *Expression) String() string { return e.text }

// search returns what the expression says of a sample, which it is given as
// expressible makes it.
func (e *Expression) search(s *Sample, seen any) (any, error) {
	found, err := e.compiled.Search(seen)
	if err != nil {
		return nil, fmt.Errorf("%s: the expression %s fails: %w", s.Origin, e.text, err)
	}
	return found, nil
}

// timestamp is how Ceilometer writes instants.
const timestamp = "2006-01-02T15:04:05.999999999"

// expressible is the sample as expressions see it. They compare numbers in the
// floating point of JSON; what is billed never is one.
func expressible(s *Sample) (map[string]any, error) {
	metadata := make(map[string]any, len(s.Metadata))
	for key, value := range s.Metadata {
		metadata[key] = value
	}
	seen := map[string]any{
		"meter":       s.Meter,
		"type":        string(s.Kind),
		"unit":        s.Unit,
		"volume":      nil,
		"id":          nil,
		"resource_id": s.Resource,
		"project_id":  s.Tenant,
		"timestamp":   s.Time.UTC().Format(timestamp),
		"recorded_at": nil,
		"metadata":    metadata,
	}
	if s.ID != "" {
		seen["id"] = s.ID
	}
	if !s.Recorded.IsZero() {
		seen["recorded_at"] = s.Recorded.UTC().Format(timestamp)
	}
	if s.HasVolume {
		var volume any
		if err := json.Unmarshal([]byte(s.Volume.String()), &volume); err != nil {
			return nil, fmt.Errorf("%s: the volume cannot be seen by an expression: %w", s.Origin, err)
		}
		seen["volume"] = volume
	}
	return seen, nil
}

// truth is Python's: null, false, 0, and empty texts, lists and objects are
// false, anything else is true, the text "0" as well. Distil's filters went by
// it; within an expression JMESPath has its own, in which 0 is true.
func truth(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	default:
		return v != any(0.0)
	}
}

// holds reports whether all of the expressions are true of a sample.
func holds(filters []*Expression, s *Sample, seen any) (bool, error) {
	for _, filter := range filters {
		found, err := filter.search(s, seen)
		if err != nil || !truth(found) {
			return false, err
		}
	}
	return true, nil
}

// number returns what the expression says of a sample as a volume. A text is
// read exactly.
func (e *Expression) number(s *Sample, seen any) (decimal.Decimal, error) {
	found, err := e.search(s, seen)
	if err != nil {
		return decimal.Decimal{}, err
	}
	var volume decimal.Decimal
	switch text := found.(type) {
	case nil:
		err = errors.New("there is none")
	case string:
		volume, err = parseNumber(text)
	case bool, []any, map[string]any:
		err = errors.New("what is there is not a number")
	default:
		// The shortest text that stands for the number.
		var data []byte
		if data, err = json.Marshal(found); err == nil {
			volume, err = parseNumber(string(data))
		}
	}
	if err != nil {
		return decimal.Decimal{}, fmt.Errorf("%s: volume from %s: %w; correct the sample, or leave it out by a filter", s.Origin, e.text, err)
	}
	return volume, nil
}
