package cli

import "github.com/openstack-artifice/artifice/internal/billing"

// tellUnbilled says what is in no order, and what bills it.
func (a *App) tellUnbilled(s *session, all []billing.Unbilled) {
	for i, u := range all {
		if i == maxTold {
			a.sayf("not billed: and %s more (artifice status lists all)", plural(len(all)-i, "block"))
			break
		}
		a.sayf("not billed: %v\nhint: %s", ofUnbilled(u), u.Command(s.Location))
	}
}
