package ceilometer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/openstack-artifice/artifice/adapters/ceilometer/internal/receive"
	"github.com/openstack-artifice/artifice/adapters/ceilometer/internal/spool"
	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// ReceiveConfig says how samples are taken in that are sent over HTTP, as
// Ceilometer's publisher does. They are put into the directory that Path names.
type ReceiveConfig struct {
	// Listen is the address, host:port. Others than this machine reach it only
	// with Token, Certificate and Key.
	Listen string `ini:"listen"`

	// Token is what senders give: a bearer token, or the password of any user.
	Token config.Secret `ini:"token"`

	// Certificate and Key are files in PEM. They are read again when they change.
	Certificate config.Path `ini:"certificate"`
	Key         config.Path `ini:"key"`

	// MaxBatch is how large a batch may be, uncompressed.
	MaxBatch config.Size `ini:"max_batch,default=8MiB"`

	// Connections is how many are served at a time.
	Connections uint16 `ini:"connections,default=64"`

	// Timeout is how long a batch may take to arrive.
	Timeout time.Duration `ini:"timeout,default=30s"`

	// SealAfter is how old a file becomes that is written to, before collect
	// reads it.
	SealAfter time.Duration `ini:"seal_after,default=1m"`
}

const (
	maxMaxBatch = 256 << 20      // a batch is held in memory
	reportEvery = time.Minute    // a line about what was received
	maxAhead    = 24 * time.Hour // that the clock of a sender may be ahead
	maxMistakes = 10             // that are told of one batch
)

// validate reports what no key can tell alone, as config.KeyErrors.
func (c ReceiveConfig) validate() error {
	var errs []error
	wrong := func(key, format string, args ...any) {
		errs = append(errs, &config.KeyError{Key: "receive." + key, Err: fmt.Errorf(format, args...)})
	}
	if c.Listen != "" {
		if _, _, err := net.SplitHostPort(c.Listen); err != nil {
			wrong("listen", "%q is no address to listen on (write 127.0.0.1:8777)", c.Listen)
		}
	}
	switch {
	case c.Certificate != "" && c.Key == "":
		wrong("certificate", "needs receive.key as well")
	case c.Certificate == "" && c.Key != "":
		wrong("key", "needs receive.certificate as well")
	}
	if c.MaxBatch < 0 || c.MaxBatch > maxMaxBatch {
		wrong("max_batch", "is not between 1 byte and 256MiB (write 8MiB)")
	}
	if c.Timeout < 0 {
		wrong("timeout", "%v is no time to wait (write 30s)", c.Timeout)
	}
	if c.SealAfter < 0 {
		wrong("seal_after", "%v is no age (write 1m)", c.SealAfter)
	}
	return errors.Join(errs...)
}

var _ usage.Receiver = (*Source)(nil)

// Receive takes in what is posted to an address until ctx ends: JSON lists of
// samples, or single ones, as Ceilometer's HTTP publisher sends them. It answers
// once they are on the disk, in files of the source's directory. Samples that
// cannot be right are set aside there, and told; the others of their batch are
// taken in. A batch without a good one, or that cannot be read, is refused whole.
func (s *Source) Receive(ctx context.Context, address string, tell func(slog.Level, string)) (err error) {
	address = cmp.Or(address, s.receive.Listen)
	if address == "" {
		return errors.New("no address to listen on: set receive.listen, such as 127.0.0.1:8777")
	}
	if info, err := os.Stat(s.path); err != nil || !info.IsDir() {
		return fmt.Errorf("%s: not a directory that is there; make it, or set path to one", s.path)
	}
	options, err := s.receiveOptions(tell)
	if err != nil {
		return err
	}
	listener, err := options.Listen(ctx, address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return &usage.TakenError{Err: fmt.Errorf("%w: another program listens there; stop that, or name another address with receive.listen", err)}
	}
	if err != nil {
		return err
	}
	kept, err := spool.Open(ctx, s.path, spool.Options{SealAfter: s.sealAfter(), Now: s.now})
	if errors.Is(err, spool.ErrBusy) {
		err = &usage.TakenError{Err: err}
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	options.Keep, options.Refuse = kept.Add, kept.Refuse
	tell(slog.LevelInfo, fmt.Sprintf("listening on %s, keeping samples in %s", listener.Addr(), s.path))
	if err := receive.Notify(os.Getenv("NOTIFY_SOCKET"), "READY=1"); err != nil {
		tell(slog.LevelWarn, fmt.Sprintf("systemd cannot be told: %v", err))
	}
	return receive.New(options).Serve(ctx, listener)
}

func (s *Source) sealAfter() time.Duration { return cmp.Or(s.receive.SealAfter, time.Minute) }

func (s *Source) receiveOptions(tell func(slog.Level, string)) (receive.Options, error) {
	c := s.receive
	token, err := c.token()
	if err != nil {
		return receive.Options{}, err
	}
	o := receive.Options{
		Token:       token,
		MaxBatch:    int64(cmp.Or(c.MaxBatch, 8<<20)),
		Connections: int(cmp.Or(c.Connections, 64)),
		Timeout:     cmp.Or(c.Timeout, 30*time.Second),
		Every:       reportEvery,
		Check:       s.checkBatch,
		IsFull:      spool.IsFull,
		Tell:        tell,
	}
	if c.Certificate != "" {
		o.Certificate, err = receive.Certificate(string(c.Certificate), string(c.Key))
	}
	return o, err
}

func (c ReceiveConfig) token() (string, error) {
	if c.Token.IsZero() {
		return "", nil
	}
	token, err := c.Token.Reveal()
	if err == nil && token == "" {
		err = errors.New("is empty")
	}
	if err != nil {
		return "", fmt.Errorf("receive.token: %w", err)
	}
	return token, nil
}
