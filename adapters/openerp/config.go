package openerp

import (
	"net/url"
	"time"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/rates"
)

// Config is the adapter's section of the config. What is named in it, such as a
// journal, is named as Odoo shows it.
type Config struct {
	// URL is where Odoo is, such as https://erp.example.org.
	URL *url.URL `ini:"url,required"`
	// Database is the name of Odoo's database.
	Database string `ini:"database_name,alias=database,required"`
	// Username is the login. JSON-2 alone, where an API key is a user, can do
	// without.
	Username string `ini:"username"`
	// Password, or APIKey, of the user: one of the two.
	Password config.Secret `ini:"password"`
	APIKey   config.Secret `ini:"api_key"`
	// Protocol is auto, jsonrpc, xmlrpc or json2.
	Protocol string `ini:"protocol,default=auto"`

	// Company bills. Without one it is the user's own.
	Company string `ini:"company"`
	// Journal is the code of the sales journal. It may be left out where the
	// company has one only.
	Journal string `ini:"journal"`

	// PartnerBy says how the partner of a tenant is found: by its ref, by
	// another field, or by a tag of the tenant's name.
	PartnerBy string `ini:"partner_by,default=ref"`
	// PartnerField is the field of res.partner, for partner_by = field.
	PartnerField string `ini:"partner_field"`
	// TenantValue is what of the tenant is looked for: id, name, or extra.KEY.
	TenantValue string `ini:"tenant_value,default=id"`
	// CreatePartner creates a partner for a tenant without one.
	CreatePartner bool `ini:"create_partner"`

	// Product is the default_code of the product that a service is billed as:
	// a pattern with {datacenter} and {name}.
	Product string `ini:"product,default={datacenter}.{name}"`
	// Account is the code of the account for items without a product, which
	// are refused where there is none. They have a price only in Rates.
	Account string `ini:"account"`
	// PerResource asks for a line for each resource, instead of one for each
	// service.
	PerResource bool `ini:"per_resource"`

	// Pricelist is the name of the pricelist that gives the prices, or
	// "partner" for each partner's own. Without one, prices are the products'
	// list prices, or those of Rates.
	Pricelist string       `ini:"pricelist"`
	Rates     rates.Config `ini:"rates"`

	// Taxes are the names of the taxes of every line, or "product" for those
	// of the product, as the partner's fiscal position maps them, or "none".
	Taxes []string `ini:"taxes,default=product"`

	// Post posts invoices. Otherwise they stay drafts.
	Post bool `ini:"post"`
	// CreditNotes saves an order whose total is below zero as a credit note.
	CreditNotes bool `ini:"credit_notes"`
	// InvoiceDate is block_end, the last day of the block, or claim, the day
	// on which the order was claimed.
	InvoiceDate string `ini:"invoice_date,default=block_end"`
	// LockedPeriod says what is done with an invoice whose date lies in a
	// locked period: refuse it, or let Odoo move its accounting date.
	LockedPeriod string `ini:"locked_period,default=refuse"`
	// PaymentTerm is the name of the payment term. Without one it is the
	// partner's, and without that an invoice is due DueDays after its date.
	PaymentTerm string `ini:"payment_term"`
	DueDays     int    `ini:"due_days"`

	// QuantityDigits is how many digits after the point Odoo must keep of a
	// quantity: as many as value_digits in [main] says.
	QuantityDigits int32 `ini:"quantity_digits,default=6"`
	// Rescale lists the powers of ten by which a line may be rescaled whose
	// price Odoo would round: at 1000, the price is one for 1000 units.
	Rescale []int64 `ini:"rescale"`
	// RescaleUnit is, for a power of ten, the name of the unit of measure that
	// such lines have.
	RescaleUnit map[string]string `ini:"rescale_unit"`

	// CAFile holds certificates, PEM. Where it is set, no others are trusted.
	CAFile config.Path `ini:"ca_file"`
	// ClientCertificate is a file with our certificate and those between it
	// and its root, PEM; ClientKey is its private key, PEM.
	ClientCertificate config.Path   `ini:"client_certificate"`
	ClientKey         config.Secret `ini:"client_key"`
	// Insecure allows http:// to other machines.
	Insecure bool `ini:"insecure"`

	// Timeout bounds one call, from the connection to the end of the answer.
	Timeout time.Duration `ini:"timeout,default=5m"`
	// Patience is how long an invoice is looked for after a call whose outcome
	// is not known: a server goes on when nobody waits any more.
	Patience time.Duration `ini:"patience,default=3m"`
	// Chunk is how many lines are sent in one call.
	Chunk int `ini:"chunk,default=1000"`
}
