package openerp

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
)

// The shapes that values of Odoo come in, beyond those of package rpc.

// A named is a record of which only the name matters.
type named struct {
	ID   int64    `json:"id"`
	Name rpc.Text `json:"name"`
}

// A digitsPair is the attribute digits of a field: false, or how many digits
// there are, and how many of them after the point.
type digitsPair struct {
	known bool
	after int32
}

// UnmarshalJSON reads [16, 2], or false or null.
func (d *digitsPair) UnmarshalJSON(data []byte) error {
	*d = digitsPair{}
	if text := string(data); text == "false" || text == "null" {
		return nil
	}
	var pair []int32
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	if len(pair) != 2 || pair[1] < 0 {
		return fmt.Errorf("the digits of a field are %s", data)
	}
	*d = digitsPair{true, pair[1]}
	return nil
}

// A date is a field of the type date or datetime, in UTC; zero for none.
type date struct{ time.Time }

// UnmarshalJSON reads "2013-08-31", "2013-08-31 23:59:59", or false.
func (d *date) UnmarshalJSON(data []byte) error {
	*d = date{}
	var text rpc.Text
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	return d.parse(string(text))
}

func (d *date) parse(text string) error {
	if text == "" {
		*d = date{}
		return nil
	}
	layout := time.DateTime
	if !strings.Contains(text, " ") {
		layout = time.DateOnly
	}
	at, err := time.Parse(layout, text)
	*d = date{at}
	return err
}

func (d date) String() string {
	if d.IsZero() {
		return "none"
	}
	return d.Format(time.DateOnly)
}
