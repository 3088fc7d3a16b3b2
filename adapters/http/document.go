package http

import (
	"bytes"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/usage"
)

// The parts of the document; openapi.yaml has the whole. Decimals are strings,
// so that no reader makes binary fractions of them, and instants are in UTC:
// an order that is sent again has the same bytes, whatever zone its times were
// kept in meanwhile.
type (
	tenantJSON struct {
		ID    string            `json:"id"`
		Name  string            `json:"name"`
		Extra map[string]string `json:"extra,omitempty"`
	}
	spanJSON struct {
		Start string `json:"start"`
		End   string `json:"end"`
		Label string `json:"label"`
	}
	lineJSON struct {
		Name        string    `json:"name"`
		Description string    `json:"description"`
		Resource    string    `json:"resource"`
		Value       string    `json:"value"`
		Unit        string    `json:"unit"`
		Cost        string    `json:"cost"`
		Amount      string    `json:"amount"`
		Adjusts     *spanJSON `json:"adjusts,omitempty"`
	}
)

// render returns the document. Lines are written one by one, not gathered: an
// invoice may have very many.
func (d *draft) render() ([]byte, error) {
	var buf bytes.Buffer
	w := writer{enc: jsontext.NewEncoder(&buf,
		jsontext.AllowInvalidUTF8(true), // text that is not UTF-8 is written with U+FFFD
		json.Deterministic(true))}
	order := &d.order
	zone := order.Block.Start.Location()

	w.token(jsontext.BeginObject)
	w.member("key", order.Key)
	w.member("tenant", tenantJSON{ID: order.Tenant.ID, Name: order.Tenant.Name, Extra: order.Tenant.Extra})
	w.member("block", spanOf(order.Block, zone))
	w.member("currency", order.Currency)
	w.member("date", instant(order.Date))
	w.value("sections")
	w.token(jsontext.BeginArray)
	var total decimal.Decimal
	for _, section := range d.Sections {
		var sum decimal.Decimal
		w.token(jsontext.BeginObject)
		w.member("name", section)
		w.value("lines")
		w.token(jsontext.BeginArray)
		for item := range d.In(section) {
			w.value(lineOf(item, order.Digits, zone))
			sum = sum.Add(item.Amount)
		}
		w.token(jsontext.EndArray)
		w.member("subtotal", sum.StringFixed(order.Digits))
		w.token(jsontext.EndObject)
		total = total.Add(sum)
	}
	w.token(jsontext.EndArray)
	w.member("total", total.StringFixed(order.Digits))
	w.token(jsontext.EndObject)
	return buf.Bytes(), w.err
}

func lineOf(item *invoice.Item, digits int32, zone *time.Location) *lineJSON {
	line := &lineJSON{
		Name: item.Name, Description: item.Description, Resource: item.Resource,
		Value: item.Value.String(), Unit: item.Unit, Cost: item.Cost.String(),
		Amount: item.Amount.StringFixed(digits), // exact: AddLine let no more digits in
	}
	if !item.Adjusts.IsZero() {
		span := spanOf(item.Adjusts, zone)
		line.Adjusts = &span
	}
	return line
}

func spanOf(s usage.Span, zone *time.Location) spanJSON {
	return spanJSON{Start: instant(s.Start), End: instant(s.End), Label: label(s, zone)}
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// label names a span for a person: the month that it is in the deployment's
// zone, or its borders. A month may begin up to an hour late, as blocks have
// whole UTC hours.
func label(s usage.Span, zone *time.Location) string {
	start, end := s.Start.In(zone), s.End.In(zone)
	month := start.Format("2006-01")
	in := func(t time.Time) bool { return t.Format("2006-01") == month }
	if !in(start.Add(-usage.WindowLength)) && in(end.Add(-usage.WindowLength)) && !in(end) {
		return month
	}
	return border(start) + " to " + border(end)
}

func border(t time.Time) string {
	if t.Hour() == 0 && t.Minute() == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02T15:04Z07:00")
}

// A writer keeps the first error of an encoder.
type writer struct {
	enc *jsontext.Encoder
	err error
}

func (w *writer) token(t jsontext.Token) {
	if w.err == nil {
		w.err = w.enc.WriteToken(t)
	}
}

func (w *writer) value(v any) {
	if w.err == nil {
		w.err = json.MarshalEncode(w.enc, v)
	}
}

func (w *writer) member(name string, v any) {
	w.value(name)
	w.value(v)
}
