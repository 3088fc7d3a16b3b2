package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/usage"
)

// blockFlags are how a command is told a block.
type blockFlags struct {
	app             *App
	month, from, to string
}

func (b *blockFlags) register(a *App, cmd *cobra.Command) {
	b.app = a
	cmd.Flags().StringVar(&b.month, "month", "", "the calendar `month`, in the deployment's time zone: 2013-08")
	cmd.Flags().StringVar(&b.from, "from", "", "where the block begins, a `time` on a window border: 2013-08-01, which is where that day begins, or 2013-08-01T05:00Z")
	cmd.Flags().StringVar(&b.to, "to", "", "where the block ends, a `time` that no longer belongs to it")
}

// given reports whether a block was named.
func (b *blockFlags) given() bool { return b.month != "" || b.from != "" || b.to != "" }

// block returns the block that the flags name.
func (b *blockFlags) block(cmd *cobra.Command, in *time.Location) (usage.Span, error) {
	const hint = "\nhint: %s --month %s"
	switch {
	case b.month != "" && (b.from != "" || b.to != ""):
		return usage.Span{}, wrongUse("--month goes without --from and --to"+hint, cmd.CommandPath(), b.app.monthOver(in))
	case b.month != "":
		block, err := billing.Month(b.month, in)
		if err != nil {
			return usage.Span{}, wrongUse("--month: %w", err)
		}
		return block, nil
	case b.from == "" || b.to == "":
		return usage.Span{}, wrongUse("say which block: --month, or --from and --to"+hint, cmd.CommandPath(), b.app.monthOver(in))
	}
	from, err := billing.ParseTime(b.from, in)
	if err != nil {
		return usage.Span{}, wrongUse("--from: %w", err)
	}
	to, err := billing.ParseTime(b.to, in)
	if err != nil {
		return usage.Span{}, wrongUse("--to: %w", err)
	}
	if !from.Before(to) {
		return usage.Span{}, wrongUse("--from %s is not before --to %s", b.from, b.to)
	}
	return usage.Span{Start: from, End: to}, nil
}

// monthOver is the last month that is over: of all months the one that a hint is
// most likely about.
func (a *App) monthOver(in *time.Location) string {
	now := a.Now().In(in)
	return time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, in).Format(monthLayout)
}

const (
	monthLayout  = "2006-01"
	exampleMonth = "2013-08" // what the help writes for any month
)

// example is a command line that shows how a command is called, for a hint.
func (a *App) example(cmd *cobra.Command, in *time.Location) string {
	line, _, _ := strings.Cut(strings.TrimSpace(cmd.Example), "\n")
	if line == "" {
		return cmd.CommandPath() + " --help"
	}
	return strings.ReplaceAll(line, exampleMonth, a.monthOver(in))
}

// tenantFlag narrows a command to some tenants.
func tenantFlag(cmd *cobra.Command) *[]string {
	var ids idList
	cmd.Flags().Var(&ids, "tenant", "only the tenant with this `id`; may be given several times")
	return (*[]string)(&ids)
}

// An idList is the value of a flag that names what a command is narrowed to. An
// empty id, as of a variable that is not set, would mean all there are.
type idList []string

// Set implements pflag.Value: ids are separated by commas.
func (l *idList) Set(text string) error {
	for id := range strings.SplitSeq(text, ",") {
		if id == "" {
			return errors.New("an id is empty (is a variable not set?)")
		}
		*l = append(*l, id)
	}
	return nil
}

func (l *idList) String() string { return strings.Join(*l, ",") }

// Type implements pflag.Value.
func (l *idList) Type() string { return "ids" }

// mostWorkers is how many things are done at the same time at most: more than
// any machine has cores, or an ERP answers at once.
const mostWorkers = 256

// workersFlag says how many things are done at the same time: so many unless
// something else is said, and at least as many as that.
func workersFlag(cmd *cobra.Command, unless, least int, what string) *int {
	w := &workers{unless, least}
	cmd.Flags().Var(w, "workers", what)
	return &w.n
}

// A workers is the value of a flag: a number from least to mostWorkers.
type workers struct{ n, least int }

// Set implements pflag.Value.
func (w *workers) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err == nil && (n < w.least || n > mostWorkers) {
		err = fmt.Errorf("write a number from %d to %d", w.least, mostWorkers)
	}
	w.n = n
	return err
}

// String implements pflag.Value.
func (w *workers) String() string { return strconv.Itoa(w.n) }

// Type implements pflag.Value.
func (w *workers) Type() string { return "int" }

// leaseFlag says for how long an order is held.
func leaseFlag(cmd *cobra.Command) func() (time.Duration, error) {
	text := cmd.Flags().String("lease", "10m", "the `duration` that the ERP may take to save an invoice; after that another process may go on with it")
	return func() (time.Duration, error) {
		d, err := config.Duration(*text)
		if err == nil && d < time.Second {
			err = fmt.Errorf("%q is too short for an ERP to answer (write 10m)", *text)
		}
		if err != nil {
			return 0, wrongUse("--lease: %w", err)
		}
		return d, nil
	}
}

// plainly says of a flag's value that cannot be parsed what to write instead.
func plainly(err error) error {
	var invalid *pflag.InvalidValueError
	var parse *strconv.NumError
	if !errors.As(err, &invalid) || !errors.As(err, &parse) {
		return err
	}
	want := "a whole number"
	if invalid.GetFlag().Value.Type() == "bool" {
		want = "true or false"
	}
	return fmt.Errorf("invalid argument %q for --%s: write %s", invalid.GetValue(), invalid.GetFlag().Name, want)
}
