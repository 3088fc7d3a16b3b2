package usage

import (
	"time"

	"github.com/shopspring/decimal"
)

// A Transformer turns the samples of one resource for one meter within a
// window into billable volumes. It is a fold over windows: it keeps nothing
// itself, and must give the same answer for the same arguments. It is called by
// several goroutines at once, and leaves the samples as they are.
type Transformer interface {
	// Transform returns the volumes of window w and what the next call must be
	// given. The samples lie within w, in the order of Sort, each once, those
	// of all tenants together. It is called for every window that holds
	// samples, and for those without that begin before the state's Until.
	//
	// An error says that these samples cannot be billed under this rule; it
	// names a sample by its Origin where one is to blame.
	Transform(w Span, before State, samples []Sample) (volumes []Volume, after State, err error)
}

// A State is what a transformer remembers from one window to the next. The
// zero State is what it knows before the first sample.
type State struct {
	// Data is the transformer's own, as JSON or "". It is kept in the store,
	// which may write the JSON in another way. One that a transformer does not
	// know is an error: to take it for nothing would lose usage, or repeat it.
	Data string
	// Until is when the state stops to matter to windows without samples.
	Until time.Time
}

// A Volume is how much of a service a resource used within a window.
type Volume struct {
	Tenant     string // the id of the Keystone project
	Datacenter string
	Service    string          // "" for the service of the meter
	Volume     decimal.Decimal // how many units, exactly
	Unit       string          // such as "second" or "GB hour"; see Conversion
	Samples    int             // how many samples of the tenant the window holds
}

// An Entry is a usage entry: the volume of a service that a resource used
// within a window, as the store keeps it.
type Entry struct {
	Source   string // the name of the source in the config
	Meter    string // the name of the meter's section, not always the samples' meter
	Resource string
	Window   Span
	Volume
}

// A KeyUser is a transformer that says which keys of metadata it looks at, so
// that sources need not carry all. A transformer that does not say is given
// every key.
type KeyUser interface {
	Keys() []string
}

// A NameUser is a transformer that looks ids up in a table of names. What the
// table of its config does not have a source may know; see Names.
type NameUser interface {
	// NameKind is the kind of things that the table has.
	NameKind() NameKind
	// WithNames returns the transformer with more names: its own win.
	WithNames(names map[string]string) Transformer
}
