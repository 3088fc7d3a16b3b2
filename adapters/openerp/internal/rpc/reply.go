package rpc

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// A Text is a text field of a reply. Odoo writes false for an empty one, which
// reads as "".
type Text string

// UnmarshalJSON reads a string, or false or null for none.
func (t *Text) UnmarshalJSON(data []byte) error {
	if isNone(data) {
		*t = ""
		return nil
	}
	return json.Unmarshal(data, (*string)(t))
}

// A Many2One is a field of a reply that refers to one record. Its zero value
// refers to none.
type Many2One struct {
	ID   int64
	Name string // what Odoo displays for the record; empty where it was not asked for
}

// UnmarshalJSON reads [id, name], an id alone, or false or null for none.
func (m *Many2One) UnmarshalJSON(data []byte) error {
	*m = Many2One{}
	if isNone(data) {
		return nil
	}
	if len(data) > 0 && data[0] != '[' {
		return json.Unmarshal(data, &m.ID)
	}
	var pair []jsontext.Value
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return fmt.Errorf("a reference of %d parts instead of id and name", len(pair))
	}
	if err := json.Unmarshal(pair[0], &m.ID); err != nil {
		return err
	}
	var name Text // an empty display name comes as false
	err := json.Unmarshal(pair[1], &name)
	m.Name = string(name)
	return err
}

// Records are the ids in a reply: those of a search, of load, or of create,
// which over the RPC protocols answers a lone id where it was given one record.
// False or null, as load answers for a failure, reads as nil.
type Records []int64

// UnmarshalJSON reads a list of ids, an id alone, or false or null for none.
func (r *Records) UnmarshalJSON(data []byte) error {
	*r = nil
	if isNone(data) {
		return nil
	}
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, (*[]int64)(r))
	}
	var id int64
	if err := json.Unmarshal(data, &id); err != nil {
		return err
	}
	*r = Records{id}
	return nil
}

func isNone(data []byte) bool {
	return bytes.Equal(data, []byte("false")) || bytes.Equal(data, []byte("null"))
}

// exact reads numbers that go into an any as decimals.
var exact = json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, into *any) error {
	if dec.PeekKind() != '0' {
		return errors.ErrUnsupported
	}
	number, err := dec.ReadValue()
	if err != nil {
		return err
	}
	d, err := decimal.NewFromString(string(number))
	*into = d
	return err
}))

// decodeReply reads the JSON of a result into reply. A nil reply wants none.
func decodeReply(result []byte, reply any) error {
	if reply == nil || len(result) == 0 || bytes.Equal(result, []byte("null")) {
		return nil
	}
	return json.Unmarshal(result, reply, exact)
}
