package cli

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
)

// Names of what logs say, beside those of the engine.
const (
	logMeter    = "meter"    // its name
	logResource = "resource" // its id
	logHint     = "hint"     // what to do about it
)

// A mention is a piece of a text that logs have as fields, too.
type mention struct {
	text   string
	fields []slog.Attr
}

// String is the piece, for people.
func (m mention) String() string { return m.text }

func mentionOf(name, value string) mention {
	return mention{value, []slog.Attr{slog.String(name, value)}}
}

func ofTenant(id string) mention      { return mentionOf(billing.LogTenant, id) }
func ofSource(name string) mention    { return mentionOf(billing.LogSource, name) }
func ofBlock(label string) mention    { return mentionOf(billing.LogBlock, label) }
func ofMeter(name string) mention     { return mentionOf(logMeter, name) }
func ofWholeOrder(key string) mention { return mentionOf(billing.LogOrder, key) }

// ofOrder shows people as much of the key as they need.
func ofOrder(key string) mention {
	return mention{shortKey(key), ofWholeOrder(key).fields}
}

// ofSeries is a series' resource.
func ofSeries(s ledger.Series) mention {
	return mention{s.Resource, []slog.Attr{slog.String(billing.LogSource, s.Source), slog.String(logMeter, s.Meter), slog.String(logResource, s.Resource)}}
}

// ofLag is about one tenant, or the whole source.
func ofLag(l billing.Lag) mention {
	fields := ofSource(l.Source).fields
	if len(l.Tenants) == 1 {
		fields = append(fields, ofTenant(l.Tenants[0]).fields...)
	}
	if !l.Through.IsZero() {
		fields = append(fields, slog.String(billing.LogThrough, l.Through.UTC().Format(time.RFC3339)))
	}
	return mention{l.String(), fields}
}

// ofUnbilled is about what is in no order.
func ofUnbilled(u billing.Unbilled) mention {
	fields := append(ofTenant(u.Tenant).fields, ofBlock(billing.BlockLabel(u.Block, u.Block.Start.Location())).fields...)
	if u.Order.Key != "" {
		fields = append(fields, ofOrder(u.Order.Key).fields...)
	}
	return mention{u.String(), fields}
}

// ofMistake is about a tenant's ledger.
func ofMistake(m billing.Mistake) mention {
	fields := ofTenant(m.Tenant).fields
	if m.Order != "" {
		fields = append(fields, ofOrder(m.Order).fields...)
	}
	return mention{m.String(), fields}
}

// mentioned are the fields of what a text mentions, each once.
func mentioned(args []any) []slog.Attr {
	var fields []slog.Attr
	for _, arg := range args {
		if m, ok := arg.(mention); ok {
			fields = withFields(fields, m.fields...)
		}
	}
	return fields
}

// withFields adds the fields of other names.
func withFields(fields []slog.Attr, more ...slog.Attr) []slog.Attr {
	for _, f := range more {
		if !slices.ContainsFunc(fields, func(other slog.Attr) bool { return other.Key == f.Key }) {
			fields = append(fields, f)
		}
	}
	return fields
}

// A logHandler makes lines of a log out of what people are told: commands are
// called as the program is, and what to do about something is a field of its
// line.
type logHandler struct {
	slog.Handler
	named func(string) string
}

// Handle implements slog.Handler.
func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	text, hints := cutHints(h.named(r.Message))
	line := slog.NewRecord(r.Time, r.Level, cleanLines(text), r.PC)
	r.Attrs(func(f slog.Attr) bool {
		switch f.Key {
		case logHint:
			hints = append(hints, h.named(f.Value.String()))
			return true
		case billing.LogReason:
			reason, more := cutHints(h.named(f.Value.String()))
			f.Value, hints = slog.StringValue(reason), append(hints, more...)
		case billing.LogResult:
			if hint := resultHint(billing.Result(f.Value.String())); hint != "" {
				hints = append(hints, h.named(hint))
			}
		}
		line.AddAttrs(f)
		return true
	})
	if len(hints) > 0 {
		line.AddAttrs(slog.String(logHint, clean(strings.Join(hints, "; "))))
	}
	return h.Handler.Handle(ctx, line)
}

// WithAttrs implements slog.Handler.
func (h logHandler) WithAttrs(fields []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(fields), h.named}
}

// cutHints takes the lines that say what to do out of a text.
func cutHints(text string) (rest string, hints []string) {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if hint, ok := strings.CutPrefix(line, "hint: "); ok {
			hints = append(hints, hint)
		} else {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n"), hints
}
