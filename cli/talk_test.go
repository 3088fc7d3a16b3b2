package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/ledger"
)

// What somebody must do something about is said even where it shall be quiet.
func TestTalk(t *testing.T) {
	speak := func(a *App) *cobra.Command {
		return &cobra.Command{Use: "speak", RunE: func(*cobra.Command, []string) error {
			a.detailf("detail")
			a.sayf("note")
			a.warnf("warning")
			return errors.New("error")
		}}
	}
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{nil, ExitFailed, "note\nwarning\nerror\n"},
		{[]string{"--quiet"}, ExitFailed, "warning\nerror\n"},
		{[]string{"-v"}, ExitFailed, "detail\nnote\nwarning\nerror\n"},
		{[]string{"-q", "--verbose"}, ExitUsage, "--quiet goes without --verbose\n"},
	} {
		var said bytes.Buffer
		app := &App{Stdout: &said, Stderr: &said, Commands: []Command{speak}}
		if code := app.Run(t.Context(), append(tc.args, "speak")...); code != tc.code || said.String() != tc.want {
			t.Errorf("%q: exit code %d, says %q, want %d and %q", tc.args, code, &said, tc.code, tc.want)
		}
	}
}

// The documents say of exit codes what the program says.
func TestExitCodesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/operations.md")
	if err != nil || !strings.Contains(string(page), "```text\n"+exitCodes+"\n```\n") {
		t.Errorf("docs/operations.md has not, in a block of text:\n%s\n%v", exitCodes, err)
	}
}

// Each way to end has its code.
func TestExitCodes(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tc := range []struct {
		name string
		ctx  context.Context
		err  error
		want int
	}{
		{"done", t.Context(), nil, ExitDone},
		{"failed", t.Context(), errors.New("no"), ExitFailed},
		{"stopped", cancelled, fmt.Errorf("in between: %w", context.Canceled), ExitStopped},
		{"wrong use", t.Context(), wrongUse("no"), ExitUsage},
		{"another program", t.Context(), fmt.Errorf("collect: %w", ledger.ErrLocked), ExitParked},
	} {
		var said bytes.Buffer
		end := func(*App) *cobra.Command {
			return &cobra.Command{Use: "end", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return tc.err }}
		}
		app := &App{Stdout: &said, Stderr: &said, Commands: []Command{end}}
		if got := app.Run(tc.ctx, "end"); got != tc.want {
			t.Errorf("%s: exit code %d, want %d: %s", tc.name, got, tc.want, &said)
		}
		if got := app.Run(tc.ctx, "end", "here"); got != ExitUsage {
			t.Errorf("an argument too many: exit code %d, want %d", got, ExitUsage)
		}
	}
}
