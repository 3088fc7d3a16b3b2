package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/files"
	"github.com/openstack-artifice/artifice/internal/report"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

func reportCommand(a *App) *cobra.Command {
	var month, path string
	cmd := &cobra.Command{
		Use:   "report",
		Short: "write a month as one HTML page, to look at, print or send",
		Long: "report writes one HTML file that needs nothing else: no network and no script.\n" +
			"It shows which hours of each tenant are collected, billed, missing, parked or in\n" +
			"doubt; the cost by datacenter and service; what changed most since the month\n" +
			"before; and every invoice as it was frozen. It asks the ledger alone, and\n" +
			"prices nothing. A file of that name is replaced, all at once.",
		Example: "  artifice report --month 2013-08\n  artifice report --month 2013-08 --output-file august.html",
		Args:    noArgs,
	}
	cmd.Flags().StringVar(&month, "month", "", "the calendar `month`, in the deployment's time zone: 2013-08")
	cmd.Flags().StringVar(&path, "output-file", "", "the `file` to write, - for the standard output (default report-MONTH.html)")
	tenants := tenantFlag(cmd)
	cmd.RunE = a.with(0, func(ctx context.Context, s *session, cmd *cobra.Command, _ []string) error {
		if month == "" {
			return wrongUse("say which month\nhint: %s", a.example(cmd, s.Location))
		}
		block, err := (&blockFlags{app: a, month: month}).block(cmd, s.Location)
		if err != nil {
			return err
		}
		if err := s.Began(block); err != nil {
			return err
		}
		r, err := a.makeReport(ctx, s, block, *tenants)
		if err != nil {
			return err
		}
		if path == "" {
			path = "report-" + billing.BlockLabel(block, s.Location) + ".html"
		}
		if path == "-" {
			return r.Write(a.Stdout)
		}
		if err := replace(path, 0o600, r.Write); err != nil {
			return elsewhere(err, path, "--output-file")
		}
		a.sayf("wrote %s: open it in a browser", path)
		return nil
	})
	return cmd
}

// makeReport asks the ledger for what a report shows.
func (a *App) makeReport(ctx context.Context, s *session, block usage.Span, tenants []string) (*report.Report, error) {
	label := billing.BlockLabel(block, s.Location)
	reading := a.watch.begin(billing.Step{Name: "read", Of: label, Whole: true})
	facts, err := report.Read(ctx, s.Engine, block, tenants)
	reading.End()
	if err != nil {
		return nil, err
	}
	progress := a.watch.begin(billing.Step{Name: "report", Of: label, Unit: "orders", Total: int64(len(facts.Orders)), Whole: true})
	defer progress.End()
	facts.Named = a.named
	order := facts.Order
	facts.Order = func(key string) (ledger.Order, error) {
		progress.Add(1)
		return order(key)
	}
	return report.Make(facts, report.DefaultLimits())
}

// replace writes a file, with this mode where it is new, in place of one that
// may be there: whoever looks at it meanwhile sees the old one whole or the new
// one whole.
func replace(path string, mode fs.FileMode, write func(io.Writer) error) error {
	switch before, err := os.Stat(path); {
	case err == nil && !before.Mode().IsRegular():
		return fmt.Errorf("%s is no file: name another", path)
	case err == nil:
		mode = before.Mode().Perm()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: there is no directory %s: make it first, or name another file", path, dir)
	}
	return files.Replace(path, mode, write)
}
