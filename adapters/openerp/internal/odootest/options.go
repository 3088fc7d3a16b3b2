package odootest

import "time"

// Options say what kind of server is simulated. The zero value is an Odoo 17
// with the database "bill".
type Options struct {
	// Version is the major version: 16, 17, 18 or 19. Only 19 has JSON-2.
	Version int
	// Database is the only database of the server.
	Database string
	// Now is the server's clock. Where it is nil it stands still at noon of the
	// first of November 2026, UTC.
	Now func() time.Time
	// Noise writes every number with a fraction as a server's floats are
	// sometimes written: 0.017 as 0.016999999999999998.
	Noise bool
}

// The users that a new server has, by login. The password of each is its login;
// its API key is its login followed by "-key".
const (
	Admin  = "admin"   // may do everything; the user 2
	Biller = "billbot" // Invoicing/Billing only, as the adapter's README asks for
	Plain  = "plain"   // an internal user without rights to invoices
)

// Groups that a user may be in, by external id.
const (
	GroupUser     = "base.group_user"
	GroupBilling  = "account.group_account_invoice"
	GroupManager  = "account.group_account_manager"
	GroupPartners = "base.group_partner_manager"
	GroupSystem   = "base.group_system"
	GroupSales    = "sales_team.group_sale_manager"
)

// Values are fields of a record by name. A value is nil or false for none, a
// bool, an int or int64, a string, a decimal.Decimal, or a []int64 for a field
// of many records.
type Values map[string]any
