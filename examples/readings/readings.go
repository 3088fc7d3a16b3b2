// Package readings has a source of acme's own: what its power meters read.
package readings

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// Source reads CSV files, a reading in each line: when, whose, of what, and the
// kilowatt hours on the meter.
type Source struct{ config Config }

// Config is the adapter's section of the config.
type Config struct {
	// Directory holds the files, called *.csv.
	Directory config.Path `ini:"directory,required"`
	// Datacenter is where the meters are.
	Datacenter string `ini:"datacenter,default=RegionOne"`
}

// NewSource returns the source. Nothing is opened yet.
func NewSource(_ context.Context, config Config) (*Source, error) { return &Source{config}, nil }

const meter = "energy"

// Samples yields what the query asks for, file by file.
func (s *Source) Samples(ctx context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	return func(yield func(usage.Sample, error) bool) {
		names, err := filepath.Glob(filepath.Join(string(s.config.Directory), "*.csv"))
		if err := errors.Join(err, ctx.Err()); err != nil {
			yield(usage.Sample{}, err)
			return
		}
		for _, name := range names {
			for sample, err := range s.file(name) {
				switch {
				case ctx.Err() != nil:
					yield(usage.Sample{}, ctx.Err())
					return
				case err == nil && !wanted(q, sample):
				case !yield(sample, err):
					return
				}
			}
		}
	}
}

func wanted(q usage.Query, s usage.Sample) bool {
	return (len(q.Meters) == 0 || slices.Contains(q.Meters, s.Meter)) && (q.Before.IsZero() || s.Time.Before(q.Before))
}

// file yields the readings of a file, and an error for each that cannot be right.
func (s *Source) file(name string) iter.Seq2[usage.Sample, error] {
	return func(yield func(usage.Sample, error) bool) {
		f, err := os.Open(name)
		if err != nil {
			yield(usage.Sample{}, err)
			return
		}
		defer f.Close()
		lines := csv.NewReader(f)
		lines.FieldsPerRecord = -1 // a line too short is one mistake, and not the last
		for index := 1; ; index++ {
			fields, err := lines.Read()
			origin := usage.Origin{Name: name, Index: index}
			var mistake *csv.ParseError
			switch {
			case errors.Is(err, io.EOF):
				return
			case err == nil:
				origin.Line, _ = lines.FieldPos(0)
			case errors.As(err, &mistake):
				origin.Line = mistake.StartLine
			default: // the next line would say the same, without an end
				yield(usage.Sample{}, err)
				return
			}
			if !yield(s.reading(fields, origin, err)) {
				return
			}
		}
	}
}

// reading makes a sample of a line.
func (s *Source) reading(fields []string, origin usage.Origin, err error) (usage.Sample, error) {
	if err == nil && (len(fields) != 4 || slices.Contains(fields, "")) {
		err = errors.New("not a time, a tenant, a resource and a reading")
	}
	if err != nil {
		return usage.Sample{}, fmt.Errorf("%s: %w (correct the line)", origin, err)
	}
	at, err := time.Parse(time.RFC3339, fields[0])
	volume, wrong := config.Decimal(fields[3])
	if err := errors.Join(err, wrong); err != nil {
		return usage.Sample{}, fmt.Errorf("%s: %w (correct the line)", origin, err)
	}
	return usage.Sample{
		Meter: meter, Kind: usage.Cumulative, Unit: "kWh", Tenant: fields[1], Resource: fields[2], Datacenter: s.config.Datacenter,
		Volume: volume, HasVolume: true, Time: at.UTC(), Origin: origin,
	}, nil
}
