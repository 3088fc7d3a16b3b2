package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/usage"
)

// What is wrong with an id that is not of a known tenant.
const (
	neverCollected = "was never collected"
	notInLedger    = "is not in the ledger"
)

// areKnown returns an error for each id that is not of a known tenant, and says
// whose name it is, where it is one.
func (e *Engine) areKnown(ctx context.Context, ids, known []string, otherwise string) error {
	strange := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(known, id) })
	if len(strange) == 0 {
		return nil
	}
	tenants, err := e.Store.Tenants(ctx)
	if err != nil {
		return err
	}
	// A name may have commas, which part ids.
	if err := isName(strings.Join(ids, ","), tenants); err != nil {
		return err
	}
	var errs []error
	for _, id := range strange {
		err := isName(id, tenants)
		if err == nil {
			err = fmt.Errorf("tenant %s %s", id, otherwise)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// isName returns an error where a text is a tenant's name, which ids are asked
// for instead of: several may have it.
func isName(text string, tenants []usage.Tenant) error {
	var ids []string
	for _, t := range tenants {
		if strings.EqualFold(t.Name, text) {
			ids = append(ids, t.ID)
		}
	}
	switch len(ids) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%s is the name of tenant %s: give its id", text, ids[0])
	}
	slices.Sort(ids)
	return fmt.Errorf("%s is the name of tenants %s: give the id of one", text, strings.Join(ids, ", "))
}
