package odootest

import (
	"slices"
	"strings"
)

// rights name the groups that may read, change, create and delete a model's
// records. Nobody else may; a group "*" is everyone who can log in.
type rights struct{ read, write, create, unlink []string }

var everyone = []string{"*"}

// readable is a model that every user may read and some may change.
func readable(managers ...string) rights { return rights{everyone, managers, managers, managers} }

// only is a model for some users.
func only(groups ...string) rights { return rights{groups, groups, groups, groups} }

var (
	contacts      = []string{"Extra Rights/Contact Creation", "Sales/Administrator"}
	partnerRights = rights{everyone, contacts, contacts, contacts}
	billing       = []string{"Invoicing/Billing"}
	moveRights    = rights{
		read: []string{"Invoicing/Billing", "Invoicing/Billing Administrator", "Sales/User: Own Documents Only",
			"Technical/Show Accounting Features - Readonly", "User types/Portal"},
		write: billing, create: billing, unlink: billing,
	}
	accountants = []string{"Invoicing/Billing Administrator"}
)

// groupNames are what groups are called where access is denied.
var groupNames = map[string]string{
	GroupBilling:  "Invoicing/Billing",
	GroupManager:  "Invoicing/Billing Administrator",
	GroupPartners: "Extra Rights/Contact Creation",
	GroupSystem:   "Administration/Settings",
	GroupSales:    "Sales/Administrator",
}

// impliedNames are those of groups that the simulator has no external id for.
var impliedNames = map[string][]string{
	GroupSystem: {"Administration/Access Rights"},
	GroupSales:  {"Sales/User: Own Documents Only"},
}

// groups are the groups of the transaction's user, by external id.
func (t *tx) groups() []string {
	groups, _ := t.get("res.users", t.user)["groups"].(string)
	return strings.Fields(groups)
}

var verbs = map[string]string{"read": "access", "write": "modify", "create": "create", "unlink": "delete"}

func (m *model) groupsFor(operation string) []string {
	switch operation {
	case "read":
		return m.rights.read
	case "write":
		return m.rights.write
	case "create":
		return m.rights.create
	}
	return m.rights.unlink
}

// may reports whether the user may do something to a model's records.
func (t *tx) may(m *model, operation string) bool {
	allowed := m.groupsFor(operation)
	if t.sudo || slices.Contains(allowed, "*") {
		return true
	}
	for _, group := range t.groups() {
		if slices.Contains(allowed, groupNames[group]) {
			return true
		}
		for _, name := range impliedNames[group] {
			if slices.Contains(allowed, name) {
				return true
			}
		}
	}
	return false
}

// demand raises where the user may not.
func (t *tx) demand(m *model, operation string) {
	if t.may(m, operation) {
		return
	}
	raise(accessError, "You are not allowed to %s '%s' (%s) records.\n\nThis operation is allowed for the following groups:\n\t- %s\n\n"+
		"Contact your administrator to request access if necessary.", verbs[operation], m.label, m.name, strings.Join(m.groupsFor(operation), "\n\t- "))
}
