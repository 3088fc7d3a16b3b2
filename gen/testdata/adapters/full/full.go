// Package full has an adapter of every kind and shape, with configs that have a
// field of every kind. Every adapter prints as the config that it was given.
package full

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"net/url"
	"os"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// lines implements what an invoice does beside the constructor.
type lines struct{}

func (lines) AddSection(string) error    { return nil }
func (lines) AddLine(invoice.Item) error { return nil }
func (lines) Cost(context.Context, string, string) (decimal.Decimal, error) {
	return decimal.Decimal{}, invoice.ErrNoCost
}
func (lines) Commit(context.Context) (string, error) { return "1", nil }

// An Invoice has the simple shape, and takes its section as it is.
type Invoice struct {
	lines
	order  invoice.Order
	config map[string]string
}

// NewInvoice makes one.
func NewInvoice(_ context.Context, order invoice.Order, config map[string]string) (*Invoice, error) {
	return &Invoice{order: order, config: config}, nil
}

func (i *Invoice) String() string {
	return fmt.Sprintf("invoice of order %s: %v", i.order.Key, i.config)
}

// An ERP has the connected shape.
type ERP struct{ config Config }

// NewERP makes one.
func NewERP(_ context.Context, config Config) (*ERP, error) { return &ERP{config}, nil }

// NewInvoice makes an empty invoice.
func (e *ERP) NewInvoice(context.Context, invoice.Order) (invoice.Invoice, error) {
	return lines{}, nil
}

func (e *ERP) String() string { return e.config.String() }

type (
	mode    string
	level   uint8
	flag    bool
	Mode    string
	Timeout time.Duration
	names   []string
	labels  map[string]string
)

// A Color has a text of its own.
type Color struct{ hex string }

// UnmarshalText takes #rrggbb.
func (c *Color) UnmarshalText(text []byte) error {
	if len(text) != 7 || text[0] != '#' {
		return fmt.Errorf("%q is not a color (write #rrggbb)", text)
	}
	c.hex = string(text[1:])
	return nil
}

// Rates is nested.
type Rates struct {
	File  config.Path `ini:"file,required"`
	Scale int16
	Deep  struct{ Depth int }
}

// Common is embedded.
type Common struct {
	Region string
	shared string
}

type hidden struct {
	Promoted string
}

// A Config has a field of every kind.
type Config struct {
	Common
	hidden

	Text     string `ini:"text,required,alias=old_text,alias=older_text"`
	Quoted   string `ini:"quoted,default=a,b"`
	Comma    string `ini:"comma,default=','"`
	Bool     bool
	Int      int
	Int8     int8
	Uint64   uint64
	Float    float32
	Amount   decimal.Decimal `ini:"amount,default=12.50"`
	Wait     time.Duration   `ini:"wait,default=1d"`
	Since    time.Time
	Zone     *time.Location `ini:",default=Pacific/Auckland"`
	Endpoint *url.URL
	Addr     netip.Addr
	Net      netip.Prefix
	Size     config.Size
	File     config.Path
	Token    config.Secret

	HTTPMode mode
	Level    level
	Flag     flag
	Timeout  Timeout
	Color    Color

	List    []string
	Numbers []int
	Modes   []Mode
	Levels  []level
	Colors  []Color
	Files   []config.Path
	Names   names
	Waits   []time.Duration

	Rates  Rates
	Header map[string]string
	Labels labels
	Others map[string]string `ini:",rest"`

	Skipped func() `ini:"-"`
	private int
}

// Validate refuses the mode "none", and prints that, panics at "panic", and ends
// the program at "exit".
func (c *Config) Validate() error {
	switch c.HTTPMode {
	case "exit":
		os.Exit(0)
	case "panic":
		panic("no such mode")
	case "none":
		fmt.Println("[no such mode]")
		return &config.KeyError{Key: "http_mode", Err: fmt.Errorf("there is no mode %q", c.HTTPMode)}
	}
	return nil
}

func (c Config) String() string {
	endpoint := c.Endpoint
	if endpoint == nil {
		endpoint = &url.URL{}
	}
	return fmt.Sprintf(`region %q promoted %q
text %q quoted %q comma %q
bool %v int %d int8 %d uint64 %d float %v amount %v
wait %v since %v zone %v endpoint %v
addr %v net %v size %v file %q token %v
mode %q level %d flag %v timeout %v color %q
list %q numbers %d modes %q levels %d colors %v files %q names %q waits %v
rates %q %d %d header %v labels %v others %v`,
		c.Region, c.Promoted,
		c.Text, c.Quoted, c.Comma,
		c.Bool, c.Int, c.Int8, c.Uint64, c.Float, c.Amount,
		c.Wait, c.Since.UTC(), c.Zone, endpoint,
		c.Addr, c.Net, c.Size, c.File, c.Token,
		c.HTTPMode, c.Level, c.Flag, time.Duration(c.Timeout), c.Color.hex,
		c.List, c.Numbers, c.Modes, c.Levels, c.Colors, c.Files, c.Names, c.Waits,
		c.Rates.File, c.Rates.Scale, c.Rates.Deep.Depth, c.Header, c.Labels, c.Others)
}

// A Source has one key, which is required.
type Source struct{ config SourceConfig }

// SourceConfig is the config of a Source.
type SourceConfig struct {
	Path config.Path `ini:"path,required"`
}

// NewSource makes one.
func NewSource(_ context.Context, config SourceConfig) (*Source, error) { return &Source{config}, nil }

// Samples yields nothing.
func (*Source) Samples(context.Context, usage.Query) iter.Seq2[usage.Sample, error] {
	return func(func(usage.Sample, error) bool) {}
}

func (s *Source) String() string { return fmt.Sprintf("path %q", s.config.Path) }

// A Store needs no config.
type Store struct{ ledger.Store }

// NewStore makes one.
func NewStore(context.Context, struct{}) (*Store, error) { return &Store{}, nil }

func (*Store) String() string { return "no config" }

// A Transformer has its methods on the value, and a key that a meter may give.
type Transformer struct{ config TransformerConfig }

// TransformerConfig is the config of a Transformer.
type TransformerConfig struct {
	Flavor string `ini:"flavor,required"`
}

// NewTransformer makes one.
func NewTransformer(_ context.Context, config TransformerConfig) (*Transformer, error) {
	return &Transformer{config}, nil
}

// Transform gives no volume.
func (Transformer) Transform(usage.Span, usage.State, []usage.Sample) ([]usage.Volume, usage.State, error) {
	return nil, usage.State{}, nil
}

func (t Transformer) String() string { return fmt.Sprintf("flavor %q", t.config.Flavor) }

// Section is a config that is a map.
type Section map[string]string

// Validate wants the key "url".
func (s Section) Validate() error {
	if s["url"] == "x" {
		return &config.KeyError{Key: "url", Err: fmt.Errorf("not a URL")}
	}
	return nil
}

// A Mapped takes a map of its own.
type Mapped struct {
	Source
	config Section
}

// NewMapped makes one.
func NewMapped(_ context.Context, config Section) (*Mapped, error) {
	return &Mapped{config: config}, nil
}

func (m *Mapped) String() string { return fmt.Sprint(m.config) }

// Plain is a map without Validate.
type Plain map[string]string

// A PlainMapped takes a map of its own.
type PlainMapped struct {
	Source
	config Plain
}

// NewPlainMapped makes one.
func NewPlainMapped(_ context.Context, config Plain) (*PlainMapped, error) {
	return &PlainMapped{config: config}, nil
}

func (m *PlainMapped) String() string { return fmt.Sprint(m.config) }

// A Failing cannot be made, and its constructor returns a nil of its own type.
type Failing struct{ Source }

// NewFailing fails.
func NewFailing(context.Context, struct{}) (*Failing, error) {
	return nil, fmt.Errorf("no such thing")
}

// Both is an invoice and an ERP: its constructor says which it is made as.
type Both struct {
	lines
	ERP
}

// NewBoth makes one.
func NewBoth(_ context.Context, config map[string]string) (*Both, error) { return &Both{}, nil }

func (*Both) String() string { return "an ERP" }
