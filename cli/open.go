package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/deployment"
	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
)

// load reads and checks the config that --config names.
func (a *App) load(cmd *cobra.Command) (*deployment.Deployment, error) {
	path, err := cmd.Flags().GetString("config")
	if err != nil {
		return nil, err
	}
	file, err := config.Read(path)
	if errors.Is(err, os.ErrNotExist) && !cmd.Flags().Changed("config") {
		return nil, fmt.Errorf("%w\nhint: say which one to use, --config path/to/artifice.ini%s", err, demoHint(cmd.Root()))
	}
	if err != nil {
		return nil, err
	}
	a.says.name(file)
	d, err := a.Registry.Load(file)
	if err == nil {
		a.detailf("config %s: deployment %s, %s, %v", d.Path, d.Deployment, d.Currency, d.Timezone)
	}
	return d, err
}

// demoHint says that the program has a demo, where it has one.
func demoHint(root *cobra.Command) string {
	if demo, _, err := root.Find([]string{"demo"}); err != nil || demo == root {
		return ""
	}
	return "; artifice demo makes one to try things with"
}

// A session is a deployment that was opened for one command.
type session struct {
	*billing.Engine
	transformers map[string]string // what the config calls them, by meter
	closers      []io.Closer
}

// What a command needs open beside the store.
type need int

const (
	needSources need = 1 << iota
	needERP
)

// open opens what a command needs. The caller closes the session.
func (a *App) open(ctx context.Context, cmd *cobra.Command, needs need) (*session, error) {
	d, err := a.load(cmd)
	if err != nil {
		return nil, err
	}
	s := a.session(d)
	if err := s.openAdapters(ctx, d, needs); err != nil {
		return nil, errors.Join(err, s.close())
	}
	for _, c := range a.Registry.Compiled() {
		a.detailf("%s is %s:%s", c.Key, c.Package, c.Type)
	}
	return s, nil
}

// session is a deployment of which nothing is open yet.
func (a *App) session(d *deployment.Deployment) *session {
	s := &session{transformers: d.Transformers(), Engine: &billing.Engine{
		Deployment:  d.Deployment,
		Adapter:     d.Invoice.Package + ":" + d.Invoice.Type,
		Currency:    d.Currency,
		Digits:      d.Digits,
		ValueDigits: d.ValueDigits,
		Location:    d.Timezone,
		SettleAfter: d.SettleAfter,
		BillFrom:    d.BillFrom,
		Holder:      holder(),
		By:          operator(),
		Now:         a.Now,
		Watch:       a.watch.begin,
		Log:         a.talk.log,
	}}
	for _, source := range d.Sources {
		s.SourceNames = append(s.SourceNames, source.Name())
	}
	if d.HalfEven {
		s.Rounding = billing.HalfEven
	}
	return s
}

func (s *session) openAdapters(ctx context.Context, d *deployment.Deployment, needs need) error {
	var err error
	if s.Meters, err = d.Meters(ctx); err != nil {
		return err
	}
	if s.Store, err = openAdapter(ctx, s, d.Store); err != nil {
		return err
	}
	if needs&needERP != 0 {
		if s.ERP, err = openAdapter(ctx, s, d.Invoice); err != nil {
			return err
		}
	}
	if needs&needSources != 0 {
		for _, bound := range d.Sources {
			source, err := openAdapter(ctx, s, bound)
			if err != nil {
				return err
			}
			s.Sources = append(s.Sources, billing.Source{Name: bound.Name(), Source: source})
		}
	}
	return nil
}

func openAdapter[T any](ctx context.Context, s *session, bound deployment.Bound[T]) (T, error) {
	adapter, err := bound.Open(ctx)
	if err != nil {
		return adapter, fmt.Errorf("%s: %w", bound.Key, err)
	}
	if c, ok := any(adapter).(io.Closer); ok {
		s.closers = append(s.closers, c)
	}
	return adapter, nil
}

// present reports whether there is a ledger that can be read without making or
// changing anything.
func (s *session) present(ctx context.Context) (bool, error) {
	prober, ok := s.Store.(ledger.Prober)
	if !ok {
		return false, nil
	}
	presence, err := prober.Probe(ctx)
	return presence == ledger.Present, err
}

// close closes what was opened, the last first.
func (s *session) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i].Close())
	}
	return errors.Join(errs...)
}

// with runs a command on an open deployment.
func (a *App) with(needs need, run func(context.Context, *session, *cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) (err error) {
		s, err := a.open(cmd.Context(), cmd, needs)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.close()) }()
		defer func() { err = errors.Join(err, a.says.readLedger(cmd.Context(), s.Engine)) }()
		defer context.AfterFunc(cmd.Context(), func() { a.sayf("stopping, once what is at hand is done; a second signal stops at once") })()
		began := a.Now()
		defer func() { a.detailf("%s took %s", cmd.CommandPath(), billing.DurationText(a.Now().Sub(began))) }()
		return run(cmd.Context(), s, cmd, args)
	}
}
