package report

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
)

// A page is what the template is given: everything is text by now.
type page struct {
	Title, Deployment     string
	From, To, Zone, Made  string
	LastMonth             string
	CSS                   template.CSS
	Policy                string
	Sums                  []sum
	Tenants               template.HTML
	TenantHours, Unbilled template.HTML
	Needs                 []need
	MoreNeeds             int
	Time                  timeView
	Costs                 []costView
	MoreCosts             int
	Changes               changesView
	Invoices              invoicesView
}

// A sum is what the orders of one state come to in one currency: of parked
// orders those that reserve their time apart from those that do not.
type sum struct {
	Status   statusView
	Orders   int
	Total    template.HTML
	Currency string
	Counts   bool // whether it is part of what the month cost
	total    decimal.Decimal
	digits   int32
	status   ledger.Status
}

// policy forbids the page everything but its own stylesheet, by its hash: no
// script runs and nothing is asked of any network.
func policy(css string) string {
	hash := sha256.Sum256([]byte(css))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; form-action 'none'"
}

// Write writes the report as one HTML page, the same bytes for the same facts.
func (r *Report) Write(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{"hint": r.hint}).Parse(pageHTML)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if err := t.Execute(out, r.page()); err != nil {
		return err
	}
	return out.Flush()
}

// hint is a text that names the program.
func (r *Report) hint(text string) string {
	if r.Facts.Named == nil {
		return text
	}
	return r.Facts.Named(text)
}

func (r *Report) page() page {
	f := &r.Facts
	p := page{
		Title: f.Month.Start.In(f.Location).Format("January 2006"), Deployment: short(f.Deployment),
		From: r.instant(f.Month.Start), To: r.instant(f.Month.End), Zone: f.Location.String(), Made: r.instant(f.Now),
		LastMonth: r.label(f.Last),
		CSS:       template.CSS(pageCSS), Policy: policy(pageCSS),
		Sums: r.sums(), Tenants: count(len(r.Tenants)),
	}
	hours, billed := 0, 0
	for _, t := range r.Tenants {
		hours, billed = hours+len(t.Hours), billed+t.Counted[Billed]
	}
	p.TenantHours, p.Unbilled = count(hours), count(hours-billed)
	p.Needs, p.MoreNeeds = r.needs()
	p.Time = r.time()
	p.Costs, p.MoreCosts = r.costs()
	p.Changes = r.changes()
	p.Invoices = r.invoices()
	return p
}

// instant is a point in time for a person.
func (r *Report) instant(t time.Time) string {
	return t.In(r.Facts.Location).Format("2006-01-02 15:04 -07:00")
}

// label names a block for a person.
func (r *Report) label(block usage.Span) string { return billing.BlockLabel(block, r.Facts.Location) }

// who is a tenant for a person: a name, and the id that tells it from others of
// that name.
type who struct {
	Name, ID string
	Bare     bool // there is no name, and Name is the id
}

func whoIs(t usage.Tenant) who {
	if t.Name == "" || t.Name == t.ID {
		return who{Name: short(t.ID), Bare: true}
	}
	return who{Name: short(t.Name), ID: short(t.ID)}
}

func money(d decimal.Decimal, digits int32) template.HTML {
	return figure(d.StringFixed(digits), 0)
}

func count(n int) template.HTML { return figure(strconv.Itoa(n), 0) }

// plural counts things.
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return strconv.Itoa(n) + " " + thing
}
