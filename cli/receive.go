package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/deployment"
	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/usage"
)

func receiveCommand(a *App) *cobra.Command {
	var source, listen string
	cmd := &cobra.Command{
		Use:   "receive",
		Short: "take in samples that Ceilometer sends, for collect to read",
		Long: "receive listens for samples that are sent over HTTP, as Ceilometer's http and\n" +
			"https publishers do, and keeps them where collect reads them. It answers once\n" +
			"they are on the disk. It runs until it is interrupted, and writes a line a\n" +
			"minute about what came.\n\n" +
			"The source's section of the config says where it listens and who may send.",
		Example: "  artifice receive\n  artifice receive --listen 127.0.0.1:8777",
		Args:    noArgs,
	}
	cmd.Flags().StringVar(&source, "source", "", "the `name` of the source, where several can receive")
	cmd.Flags().StringVar(&listen, "listen", "", "the `address` to listen on, host:port, instead of the config's")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		d, err := a.load(cmd)
		if err != nil {
			return err
		}
		return a.receive(cmd.Context(), d, source, listen)
	}
	return cmd
}

// receive lets the source of a name receive, or the only one that can.
func (a *App) receive(ctx context.Context, d *deployment.Deployment, name, address string) (err error) {
	var receivers []usage.Receiver
	var can, all []string
	for _, bound := range d.Sources {
		all = append(all, bound.Name())
		if name != "" && bound.Name() != name {
			continue
		}
		source, openErr := bound.Open(ctx)
		if openErr != nil {
			return fmt.Errorf("%s: %w", bound.Key, openErr)
		}
		if c, ok := any(source).(io.Closer); ok {
			defer func() { err = errors.Join(err, c.Close()) }()
		}
		if r, ok := any(source).(usage.Receiver); ok {
			receivers, can = append(receivers, r), append(can, bound.Name())
		}
	}
	switch {
	case len(can) > 1:
		return wrongUse("several sources can receive: %s\nhint: artifice receive --source %s", strings.Join(can, ", "), can[0])
	case len(can) == 0 && name != "":
		return wrongUse("there is no source %q that can receive (the sources are %s)", name, strings.Join(all, ", "))
	case len(can) == 0:
		return fmt.Errorf("no source of this deployment can receive (%s): choose one that can, such as adapters.ceilometer:Source", strings.Join(all, ", "))
	}
	about := withFields([]slog.Attr{slog.String(billing.LogStep, "receive")}, ofSource(can[0]).fields...)
	if err := receivers[0].Receive(ctx, address, func(level slog.Level, line string) { a.tell(level, line, about...) }); err != nil {
		err = fmt.Errorf("source:%s: %w", can[0], err)
		if _, taken := errors.AsType[*usage.TakenError](err); taken {
			return &exitError{code: ExitParked, err: err}
		}
		return err
	}
	a.tell(slog.LevelInfo, "stopped: what was received is kept", about...)
	return nil
}
