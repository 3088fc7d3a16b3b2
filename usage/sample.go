package usage

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"
)

// Kind says how the volumes of a meter's samples follow from one another.
type Kind string

// The kinds of meters that Ceilometer has.
const (
	Gauge      Kind = "gauge"      // the value at the instant of the sample
	Delta      Kind = "delta"      // what was added since the sample before
	Cumulative Kind = "cumulative" // a counter that grows until it restarts from zero
)

// A Sample is one reading of a meter for a resource at an instant.
type Sample struct {
	// ID is the telemetry's own id of the sample, or "" where it gave none.
	ID       string
	Meter    string
	Kind     Kind
	Unit     string // of Volume, as the telemetry spells it; see Conversion
	Tenant   string // the id of the Keystone project that the resource belonged to
	Resource string

	// Datacenter is where the resource ran. Where the sample itself does not
	// tell, it is the source's default and Assumed is set.
	Datacenter string
	Assumed    bool

	// Volume is meaningful where HasVolume is set; a sample may come without one.
	Volume    decimal.Decimal
	HasVolume bool

	Time     time.Time // when the meter was read, UTC
	Recorded time.Time // when the telemetry stored it, UTC; zero where unknown

	// Metadata is flat: "flavor.name" is one key. A source may leave out keys
	// that the Query did not ask for. Samples may share a map: one that was
	// yielded is not changed any more, by anybody.
	Metadata map[string]string

	// Origin is where the sample was read, for messages.
	Origin Origin
}

// An Origin is the place that a sample was read from.
type Origin struct {
	Name  string // a file's path, or a URL
	Line  int    // from 1; 0 where there are no lines
	Index int    // the sample's place in its list, from 1
}

func (o Origin) String() string {
	if o.Line == 0 {
		return fmt.Sprintf("%s: sample %d", o.Name, o.Index)
	}
	return fmt.Sprintf("%s:%d: sample %d", o.Name, o.Line, o.Index)
}
