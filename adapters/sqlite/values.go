package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// An instant is a time as a column holds it: nanoseconds since 1970, or NULL
// for the zero time. It is read in UTC.
type instant time.Time

func (i instant) Value() (driver.Value, error) {
	t := time.Time(i)
	if t.IsZero() {
		return nil, nil
	}
	n := t.UnixNano()
	if !time.Unix(0, n).Equal(t) {
		return nil, fmt.Errorf("%s is beyond the years that can be stored, 1678 to 2261", t.Format(time.RFC3339Nano))
	}
	return n, nil
}

func (i *instant) Scan(value any) error {
	switch n := value.(type) {
	case nil:
		*i = instant{}
	case int64:
		*i = instant(time.Unix(0, n).UTC())
	default:
		return fmt.Errorf("%v is no instant", value)
	}
	return nil
}

// An attributes map is kept as a JSON object. An empty one is read as nil.
type attributes map[string]string

func (a attributes) Value() (driver.Value, error) {
	if len(a) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(map[string]string(a))
	return string(text), err
}

func (a *attributes) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("%v is no text", value)
	}
	*a = nil
	if text == "{}" {
		return nil
	}
	return json.Unmarshal([]byte(text), a)
}

const hourSeconds = int64(usage.WindowLength / time.Second)

// hourOf is the number of the window that t belongs to, counted from 1970.
func hourOf(t time.Time) int64 {
	seconds := t.Unix()
	hour := seconds / hourSeconds
	if seconds%hourSeconds < 0 {
		hour--
	}
	return hour
}

// window is the reverse of hourOf.
func window(hour int64) usage.Span {
	return usage.WindowAt(time.Unix(hour*hourSeconds, 0))
}

// zones finds time zones by name, each once.
type zones map[string]*time.Location

func (z zones) find(name string) (*time.Location, error) {
	if l, ok := z[name]; ok {
		return l, nil
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil, err
	}
	z[name] = l
	return l, nil
}
