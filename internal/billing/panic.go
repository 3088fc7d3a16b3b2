package billing

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/openstack-artifice/artifice/ledger"
)

// panicked makes an error of what recover returned, nil for nothing: a fault of
// an adapter, which is not to stop what others are asked for.
func panicked(p any) error {
	if p == nil {
		return nil
	}
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	for inPanic := false; ; {
		frame, more := frames.Next()
		own := strings.HasPrefix(frame.Function, "runtime.")
		if inPanic && !own || !more {
			return fmt.Errorf("panic at %s:%d: %v (a fault of the adapter)", frame.File, frame.Line, p)
		}
		inPanic = inPanic || own
	}
}

// safely does something about an order. Where that panics, it is not done.
func safely(order ledger.Order, do func() Outcome) (o Outcome) {
	defer func() {
		if err := panicked(recover()); err != nil {
			o = notBilled(order, fmt.Errorf("tenant %s: %w", order.Tenant.ID, err))
		}
	}()
	return do()
}
