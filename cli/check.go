package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/deployment"
	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/usage"
)

func checkCommand(a *App) *cobra.Command {
	var flags blockFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "look whether everything is in place, and change nothing",
		Long: "check looks at the config, at every source, at the store and at the ERP, and\n" +
			"names each check with its outcome. It reports all failures at once and changes\n" +
			"nothing. The exit code is 1 where a check failed; a warning is no failure.\n\n" +
			"For a block it also holds the ERP's prices against what was used: services\n" +
			"without a cost, and prices of nothing.",
		Example: "  artifice check\n  artifice check --month 2013-08",
		Args:    noArgs,
	}
	flags.register(a, cmd)
	output := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		d, err := a.load(cmd)
		if err != nil {
			return err
		}
		var block usage.Span
		if flags.given() {
			if block, err = flags.block(cmd, d.Timezone); err != nil {
				return err
			}
		}
		c := a.check(cmd.Context(), d, block)
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		if err := c.write(a.Stdout, *output); err != nil {
			return err
		}
		if c.failed > 0 {
			return &exitError{code: ExitFailed, err: errors.New(plural(c.failed, "check") + " failed")}
		}
		return nil
	}
	return cmd
}

// check makes all checks: those of prices for a block only, zero for none. What
// keeps one from being made is the outcome of that one.
func (a *App) check(ctx context.Context, d *deployment.Deployment, block usage.Span) checks {
	c, s := newChecks(), a.session(d)
	c.add("config", d.Path, nil)
	checkSecrets(&c, d.Path)
	var failed error // of what prices are checked with
	s.Meters, failed = d.Meters(ctx)
	if failed == nil {
		names := make([]string, len(s.Meters))
		for i, m := range s.Meters {
			names[i] = m.Name
		}
		c.grid.add("ok", "config", "meters", strings.Join(names, ", "))
	} else {
		c.add("config", "meters", failed)
	}
	c.progress = a.watch.begin(billing.Step{Name: "check", Unit: "checks", Whole: true})
	for _, bound := range d.Sources {
		if source, err := healthOf(ctx, &c, s, bound); err == nil {
			s.Sources = append(s.Sources, billing.Source{Name: bound.Name(), Source: source})
		}
	}
	if len(d.Sources) > 1 {
		checkShared(ctx, &c, s.Sources)
	}
	healthy := c.failed
	store, err := healthOf(ctx, &c, s, d.Store)
	if s.Store, failed = store, errors.Join(failed, err); c.failed == healthy {
		checkLedger(ctx, &c, s, d.Store.Key)
	}
	erp, err := healthOf(ctx, &c, s, d.Invoice)
	s.ERP, failed = erp, errors.Join(failed, err)
	c.progress.End()
	if !block.IsZero() {
		if failed == nil {
			failed = a.checkPrices(ctx, &c, s, d.Invoice.Key, block)
		}
		if failed != nil {
			c.add(d.Invoice.Key, "prices", failed)
		}
	}
	if err := s.close(); err != nil {
		c.add("config", "close", err)
	}
	return c
}

func plural(n int, what string) string { return count(n, what, what+"s") }

// count writes a number with the word for one thing, or for several.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// checks gathers outcomes.
type checks struct {
	grid     *grid
	failed   int
	told     map[[2]string]bool // mistakes, by adapter
	progress billing.Progress
}

func newChecks() checks {
	return checks{grid: newGrid("outcome", "adapter", "check", "detail"), told: map[[2]string]bool{}}
}

func (c *checks) add(adapter, check string, err error) {
	if err == nil {
		c.grid.add("ok", adapter, check, "")
		return
	}
	outcome := "warning"
	if _, ok := err.(*usage.Warning); !ok { // one among failures is none
		c.failed++
		outcome = "FAILED"
	}
	var lines []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		// What keeps one check from being made keeps others as well.
		if id := [2]string{adapter, line}; !c.told[id] {
			c.told[id] = true
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		lines = []string{"as above"}
	}
	c.grid.add(outcome, adapter, check, lines[0])
	for _, line := range lines[1:] {
		c.grid.add("", "", "", line)
	}
}

// checkWidth is how many columns what is told of a check takes, where it has
// blanks to be broken at.
const checkWidth = 100

// write writes the outcomes: for people a line for each check, and what there is
// to tell of it on lines of their own below.
func (c *checks) write(w io.Writer, output string) error {
	if output != "table" {
		return c.grid.write(w, output)
	}
	const detail = 3 // the last column
	brief := newGrid(c.grid.columns[:detail]...)
	var told [][]string // by check
	for _, cells := range c.grid.rows {
		if cells[0] != "" {
			brief.add(cells[:detail]...)
			told = append(told, nil)
		}
		if last := len(told) - 1; last >= 0 && cells[detail] != "" {
			told[last] = append(told[last], wrap(clean(cells[detail]), checkWidth, "         ")...)
		}
	}
	var table strings.Builder
	if err := brief.write(&table, output); err != nil {
		return err
	}
	var lines []string
	for i, line := range strings.Split(strings.TrimSuffix(table.String(), "\n"), "\n") {
		lines = append(lines, line)
		if check := i - 2; check >= 0 { // below the header and its rule
			lines = append(lines, told[check]...)
		}
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// wrap breaks a text at its blanks into lines of at most so many columns, each
// with the indent. A path stays whole, and on the line of the command before it.
func wrap(text string, columns int, indent string) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(indent+line+" "+word) > columns && !strings.HasPrefix(word, "/"):
			lines, line = append(lines, indent+line), word
		default:
			line += " " + word
		}
	}
	return append(lines, indent+line)
}

// healthOf opens an adapter and runs the checks that it has, probing for the
// optional ability that the contracts of all kinds call CheckHealth. The error
// says that it could not be opened.
func healthOf[T any](ctx context.Context, c *checks, s *session, bound deployment.Bound[T]) (T, error) {
	adapter, err := openAdapter(ctx, s, bound)
	if err != nil {
		c.add(bound.Key, "open", errors.Unwrap(err))
		return adapter, err
	}
	health, ok := any(adapter).(interface {
		CheckHealth(context.Context) iter.Seq2[string, error]
	})
	if !ok {
		c.add(bound.Key, "open (it has no checks of its own)", nil)
		return adapter, nil
	}
	for check, err := range health.CheckHealth(ctx) {
		c.progress.Add(1)
		c.add(bound.Key, check, err)
	}
	return adapter, nil
}

// checkLedger looks whether the ledger is of this deployment, where there is one
// that can be read without changing it.
func checkLedger(ctx context.Context, c *checks, s *session, store string) {
	there, err := s.present(ctx)
	if err == nil && there {
		err = s.SameDeployment(ctx)
	}
	if err != nil || there {
		c.add(store, "deployment "+s.Deployment, err)
	}
}

// checkPrices holds the prices of the ERP, an adapter, against what was used in
// a block.
func (a *App) checkPrices(ctx context.Context, c *checks, s *session, adapter string, block usage.Span) error {
	checker, ok := s.ERP.(invoice.PriceChecker)
	if !ok {
		c.add(adapter, a.named("prices (it cannot review them: see artifice draft)"), nil)
		return nil
	}
	used, err := s.Used(ctx, block)
	if err != nil {
		return err
	}
	c.add(adapter, fmt.Sprintf("prices of %s used in %s", plural(len(used), "service"), billing.BlockLabel(block, s.Location)), nil)
	pairs := func(yield func(string, string) bool) {
		for _, u := range used {
			if !yield(u[0], u[1]) {
				return
			}
		}
	}
	for what, err := range checker.CheckPrices(ctx, block, s.Currency, pairs) {
		if errors.Is(err, invoice.ErrNoCost) || invoice.IsPermanent(err) {
			c.add(adapter, what, err)
		} else {
			c.grid.add("note", adapter, what, err.Error())
		}
	}
	return nil
}
