package cli

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/archive"
	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/files"
	"github.com/openstack-artifice/artifice/ledger"
)

func exportCommand(a *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "write the whole ledger into a file",
		Long: "export writes all that the store holds, usage and orders with their history, as\n" +
			"JSON Lines: a copy to keep, or to carry into a store of another kind by import.\n" +
			"The last line has a checksum of all others. A name that ends in .gz makes a\n" +
			"compressed file; - writes to the standard output. A file that is there stays.",
		Example: "  artifice export ledger.jsonl.gz\n  artifice export - | wc -l",
		Args:    oneFile,
	}
	cmd.RunE = a.with(0, func(ctx context.Context, s *session, _ *cobra.Command, args []string) error {
		archiver, err := s.archiver()
		if err != nil {
			return err
		}
		return a.export(ctx, s, archiver, args[0], "artifice export")
	})
	return cmd
}

// export writes the ledger to a file, or the standard output. The path was asked
// for as this.
func (a *App) export(ctx context.Context, s *session, from ledger.Archiver, path, as string) error {
	if err := s.Begun(ctx); err != nil {
		return err // what an earlier export has is worth more
	}
	var summary archive.Summary
	err := create(path, as, a.Stdout, func(w io.Writer) error {
		var err error
		progress := a.watch.begin(billing.Step{Name: "export", Unit: "records", Whole: true})
		defer progress.End()
		summary, err = archive.Write(w, s.Deployment, counted(progress, from.Dump(ctx)))
		return err
	})
	if err != nil {
		return err
	}
	a.sayf("exported %d records (sha256 %s)", summary.Records, summary.SHA256)
	return nil
}

func pruneCommand(a *App) *cobra.Command {
	var before, export string
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "drop the usage entries of blocks that were billed long ago",
		Long: "prune first exports the whole ledger to a new file, and then drops the hourly\n" +
			"entries of settled blocks that end no later than --before. Their orders, items\n" +
			"and sums stay, so that verify can still prove them, and so does what tells a\n" +
			"late sample from one that was billed. What comes later for an hour of a resource\n" +
			"that was pruned cannot be billed any more: collect names it. What comes of a\n" +
			"resource of which the block had nothing goes on the tenant's next invoice.\n" +
			"Where there is nothing to prune no file is written.",
		Example: "  artifice prune --before 2013-08 --export ledger-2013-08.jsonl.gz",
		Args:    noArgs,
	}
	cmd.Flags().StringVar(&before, "before", "", "a `month` or time: blocks that end later stay as they are")
	cmd.Flags().StringVar(&export, "export", "", "the new `file` that takes the whole ledger first")
	cmd.RunE = a.with(0, func(ctx context.Context, s *session, cmd *cobra.Command, _ []string) error {
		if before == "" || export == "" {
			return wrongUse("prune needs --before MONTH and --export FILE\nhint: %s", a.example(cmd, s.Location))
		}
		if export == "-" {
			return wrongUse("--export: name a file: nobody knows whether the standard output is kept, and what is pruned is in no other place")
		}
		until, err := monthOrTime(before, s.Location)
		if err != nil {
			return wrongUse("--before: %w", err)
		}
		archiver, err := s.archiver()
		if err != nil {
			return err
		}
		pruner, ok := s.Store.(ledger.Pruner)
		if !ok {
			return errors.New("this store cannot be pruned")
		}
		if err := s.Begun(ctx); err != nil {
			return err
		}
		if err := s.SameDeployment(ctx); err != nil {
			return err
		}
		if some, err := s.Prunable(ctx, until); err != nil {
			return err
		} else if !some {
			a.sayf("nothing to prune: no usage entries are left of settled orders that end by %s", until.In(s.Location).Format(time.RFC3339))
			return nil
		}
		if err := a.export(ctx, s, archiver, export, "--export"); err != nil {
			return err
		}
		progress := a.watch.begin(billing.Step{Name: "prune", Whole: true})
		pruned, err := pruner.Prune(ctx, until)
		progress.End()
		if err != nil {
			return err
		}
		kept := "another process was faster"
		if pruned.Kept > 0 {
			kept = plural(pruned.Kept, "order") + " kept: usage that came late for them, or that another tenant has of the same resources and hours, is not billed yet"
		}
		if pruned.Orders == 0 {
			// The next try may name the same file.
			a.sayf("nothing to prune: %s; %s is removed again", kept, export)
			return os.Remove(export)
		}
		a.sayf("pruned %s of %s", count(pruned.Entries, "usage entry", "usage entries"), plural(pruned.Orders, "order"))
		if pruned.Kept > 0 {
			a.sayf("%s", kept)
		}
		return nil
	})
	return cmd
}

// archiver is the store, where its whole content can be had.
func (s *session) archiver() (ledger.Archiver, error) {
	archiver, ok := s.Store.(ledger.Archiver)
	if !ok {
		return nil, errors.New("this store can neither be exported nor filled")
	}
	return archiver, nil
}

// monthOrTime reads where a month begins, or an instant.
func monthOrTime(text string, in *time.Location) (time.Time, error) {
	if block, err := billing.Month(text, in); err == nil {
		return block.Start, nil
	}
	return billing.ParseTime(text, in)
}

func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return wrongUse("%s takes one file", cmd.CommandPath())
	}
	return nil
}

// create writes a new file, readable by its owner alone, that is there after a
// crash as well, and takes it away again where that fails. The path was asked for
// as this; one of - is stdout.
func create(path, as string, stdout io.Writer, write func(io.Writer) error) (err error) {
	if path == "-" {
		return write(stdout)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already: name a new file", path)
	}
	if err != nil {
		return elsewhere(err, path, as)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	var out io.Writer = file
	var compressed *gzip.Writer
	if strings.HasSuffix(path, ".gz") {
		compressed = gzip.NewWriter(file)
		out = compressed
	}
	err = write(out)
	if err == nil && compressed != nil {
		err = compressed.Close()
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return files.SyncDir(filepath.Dir(path))
}
