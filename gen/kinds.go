package gen

import "strings"

// artifice is the path of the module that holds the contracts.
const artifice = "github.com/openstack-artifice/artifice"

// The packages that generated code calls beside the adapters.
const (
	configPath     = artifice + "/config"
	deploymentPath = artifice + "/deployment"
	invoicePath    = artifice + "/invoice"
	ledgerPath     = artifice + "/ledger"
	usagePath      = artifice + "/usage"
	decimalPath    = "github.com/shopspring/decimal"
)

// contracts are the packages that a load always holds.
var contracts = []string{configPath, deploymentPath, invoicePath, ledgerPath, usagePath}

// A kind is what an adapter may be: the word before the colon of a key.
type kind struct {
	name     string  // "invoice"
	title    string  // "an invoice adapter"
	list     string  // the field of deployment.Registry: "Invoices"
	opens    symbol  // what deployment.Open returns
	shapes   []shape // the shapes that an adapter of the kind may have
	required bool    // whether a deployment has at least one
	single   bool    // whether a deployment has at most one
	layered  bool    // whether other sections add keys to the adapter's own
}

// A shape is one way to be an adapter of a kind.
type shape struct {
	contract symbol // the interface that the type implements
	order    bool   // whether the constructor is called for every order
}

// A symbol is a name in a package.
type symbol struct{ path, name string }

// String is the symbol as code would say it: "invoice.ERP".
func (s symbol) String() string {
	return s.path[strings.LastIndexByte(s.path, '/')+1:] + "." + s.name
}

var kinds = []*kind{
	{
		name: "invoice", title: "an invoice adapter", list: "Invoices",
		opens: symbol{invoicePath, "ERP"},
		shapes: []shape{
			{contract: symbol{invoicePath, "Invoice"}, order: true},
			{contract: symbol{invoicePath, "ERP"}},
		},
		required: true, single: true,
	},
	{
		name: "source", title: "a source", list: "Sources",
		opens:    symbol{usagePath, "Source"},
		shapes:   []shape{{contract: symbol{usagePath, "Source"}}},
		required: true,
	},
	{
		name: "store", title: "a store", list: "Stores",
		opens:    symbol{ledgerPath, "Store"},
		shapes:   []shape{{contract: symbol{ledgerPath, "Store"}}},
		required: true, single: true,
	},
	{
		name: "transformer", title: "a transformer", list: "Transformers",
		opens:   symbol{usagePath, "Transformer"},
		shapes:  []shape{{contract: symbol{usagePath, "Transformer"}}},
		layered: true,
	},
}

func kindNamed(name string) *kind {
	for _, k := range kinds {
		if k.name == name {
			return k
		}
	}
	return nil
}

func kindNames() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}
