package invoice_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/openstack-artifice/artifice/invoice"
)

func TestErrors(t *testing.T) {
	base := errors.New("base")
	tests := []struct {
		name               string
		err                error
		permanent, unknown bool
	}{
		{"nil", nil, false, false},
		{"plain", base, false, false},
		{"permanent", invoice.Permanent(base), true, false},
		{"unknown", invoice.UnknownOutcome(base), false, true},
		{"permanent, wrapped", fmt.Errorf("tenant: %w", invoice.Permanent(base)), true, false},
		// It matters more that it may be saved than that trying again is useless.
		{"permanent and unknown", invoice.Permanent(invoice.UnknownOutcome(base)), false, true},
		{"unknown and permanent", invoice.UnknownOutcome(invoice.Permanent(base)), false, true},
		{"joined", errors.Join(invoice.Permanent(base), invoice.UnknownOutcome(base)), false, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := invoice.IsPermanent(test.err); got != test.permanent {
				t.Errorf("permanent is %t", got)
			}
			if got := invoice.IsUnknownOutcome(test.err); got != test.unknown {
				t.Errorf("unknown is %t", got)
			}
			if test.err != nil && !errors.Is(test.err, base) {
				t.Error("the error itself is lost")
			}
		})
	}
	if err := fmt.Errorf("%w: 1 of 2 lines", invoice.ErrUnfinished); !errors.Is(err, invoice.ErrNotFound) || !errors.Is(err, invoice.ErrUnfinished) {
		t.Error("what is unfinished is not found either")
	}
	if errors.Is(invoice.ErrNotFound, invoice.ErrUnfinished) {
		t.Error("what is not found is not unfinished")
	}
	if invoice.Permanent(nil) != nil || invoice.UnknownOutcome(nil) != nil {
		t.Error("nil becomes an error")
	}
}
