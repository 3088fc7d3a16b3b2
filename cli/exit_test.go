package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/spf13/cobra"
)

// What failed beside what gives the exit code is said, and is a failure.
func TestEnd(t *testing.T) {
	parked, disk := &exitError{code: ExitParked}, errors.New("disk full")
	tests := []struct {
		name string
		err  error
		code int
		says string
	}{
		{"nothing", nil, ExitDone, ""},
		{"failed", disk, ExitFailed, "disk full\n"},
		{"all was said", parked, ExitParked, ""},
		{"joined with nothing", errors.Join(parked, nil), ExitParked, ""},
		{"wrong use", wrongUse("write 1"), ExitUsage, "write 1\n"},
		{"held", &exitError{code: ExitParked, err: errors.New("is held")}, ExitParked, "is held\n"},
		{"parked, and the store does not close", errors.Join(errors.Join(parked, nil), disk), ExitFailed, "disk full\n"},
		{"held, and the store does not close", errors.Join(&exitError{code: ExitParked, err: errors.New("is held")}, disk), ExitFailed, "is held\ndisk full\n"},
		{"wrong use, and the store does not close", errors.Join(wrongUse("write 1"), disk), ExitUsage, "write 1\ndisk full\n"},
		{"several mistakes", fmt.Errorf("%w, %w", disk, errors.New("and more")), ExitFailed, "disk full, and more\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var said bytes.Buffer
			a := &App{Stderr: &said}
			if code := a.end(context.Background(), &cobra.Command{}, test.err); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if said.String() != test.says {
				t.Errorf("said %q, want %q", said.String(), test.says)
			}
		})
	}
}
