package cli

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/archive"
	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
)

func importCommand(a *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "fill an empty ledger from a file that export has written",
		Long: "import reads what export wrote into the store that the config names, which must\n" +
			"be empty. It keeps all of it or nothing. The file is read whole, and its\n" +
			"checksum compared, before anything is kept; - reads the standard input.",
		Example: "  artifice import ledger.jsonl.gz\n  artifice verify",
		Args:    oneFile,
	}
	cmd.RunE = a.with(0, func(ctx context.Context, s *session, cmd *cobra.Command, args []string) error {
		archiver, err := s.archiver()
		if err != nil {
			return err
		}
		records := 0
		err = a.reading(args[0], cmd.InOrStdin(), func(in io.Reader) error {
			r, err := archive.NewReader(args[0], in)
			if err != nil {
				return err
			}
			if r.Deployment() != s.Deployment {
				return fmt.Errorf("%s is of the deployment %q, and this one is %q: the keys of its orders would not be found again (set deployment = %s)",
					args[0], r.Deployment(), s.Deployment, r.Deployment())
			}
			return archiver.Load(ctx, func(yield func(ledger.Record, error) bool) {
				for record, err := range r.Records() {
					records++
					if !yield(record, err) {
						return
					}
				}
			})
		})
		if errors.Is(err, ledger.ErrNotEmpty) {
			return fmt.Errorf("%w: import fills a new one only (let the config name another)", err)
		}
		if err != nil {
			return err
		}
		a.sayf("imported %d records: artifice verify proves them", records)
		return nil
	})
	return cmd
}

// reading reads an archive, - being the standard input, and shows how much of it
// is read.
func (a *App) reading(path string, stdin io.Reader, do func(io.Reader) error) error {
	step := billing.Step{Name: "import", Unit: "bytes", Whole: true}
	in := stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			return err
		}
		in, step.Total = file, info.Size()
	}
	progress := a.watch.begin(step)
	defer progress.End()
	return read(path, &countingReader{in, progress}, do)
}

// A countingReader tells how many bytes were read.
type countingReader struct {
	in       io.Reader
	progress billing.Progress
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.progress.Add(int64(n))
	return n, err
}

// read reads a file, which path names, decompressed where its name says so.
func read(path string, file io.Reader, read func(io.Reader) error) error {
	if !strings.HasSuffix(path, ".gz") {
		return read(file)
	}
	cut := fmt.Errorf("%s was cut short: take a whole copy of it", path)
	compressed, err := gzip.NewReader(file)
	if endsEarly(err) || errors.Is(err, io.EOF) {
		return cut
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	in := &cutReader{in: compressed}
	if err = read(in); err != nil && in.cut {
		return cut
	}
	return err
}

// A cutReader notes whether its stream ends before its end: where in the text
// that is tells nobody anything.
type cutReader struct {
	in  io.Reader
	cut bool
}

func (c *cutReader) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.cut = c.cut || endsEarly(err)
	return n, err
}

func endsEarly(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }
