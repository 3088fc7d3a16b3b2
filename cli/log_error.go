package cli

import (
	"errors"
	"log/slog"
	"strings"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A mistake is one of those that an error tells of, with what it is about.
type mistake struct {
	text   string
	fields []slog.Attr
}

// mistakesOf takes an error apart: a log has a line for each mistake. Nothing of
// its text is lost.
func mistakesOf(err error) []mistake {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []mistake
		var lines []string
		for _, one := range joined.Unwrap() {
			all, lines = append(all, mistakesOf(one)...), append(lines, one.Error())
		}
		if strings.Join(lines, "\n") == err.Error() {
			return all
		}
		return []mistake{{text: err.Error()}}
	}
	inner := errors.Unwrap(err)
	if inner == nil {
		return []mistake{{err.Error(), subject(err)}}
	}
	all := mistakesOf(inner)
	before, after, ok := strings.Cut(err.Error(), inner.Error())
	if !ok {
		var fields []slog.Attr
		for _, m := range all {
			fields = withFields(fields, m.fields...)
		}
		return []mistake{{err.Error(), withFields(subject(err), fields...)}}
	}
	about := withFields(subject(err), wrappedBy(before)...)
	last := len(all) - 1
	for i := range all {
		all[i].text = before + all[i].text
		all[i].fields = withFields(about, all[i].fields...)
	}
	if more, apart := strings.CutPrefix(after, "\n"); apart && last > 0 && !strings.HasPrefix(more, "hint: ") {
		return append(all, mistake{more, about})
	}
	all[last].text += after
	return all
}

// subject is what an error of a known type is about.
func subject(err error) []slog.Attr {
	switch err := err.(type) {
	case *usage.TenantError:
		return ofTenant(err.Tenant).fields
	case *ledger.OverlapError:
		return mentioned([]any{ofTenant(err.Tenant), ofOrder(err.By.Key)})
	case *ledger.HeldError:
		return ofOrder(err.Key).fields
	case *ledger.PrunedError:
		return ofSeries(err.Series).fields
	case *billing.BehindError:
		return ofBlock(err.Block).fields
	}
	return nil
}

// wrappedBy is what the text is about that an error was wrapped in, as in
// "meter instance: resource 9b31: ".
func wrappedBy(text string) []slog.Attr {
	if name, ok := strings.CutPrefix(text, "source:"); ok { // as the config has it
		text = "source " + name
	}
	var fields []slog.Attr
	for {
		name, rest, _ := strings.Cut(text, " ")
		value, rest, ok := strings.Cut(rest, ": ")
		if !ok || strings.Contains(value, " ") {
			return fields
		}
		switch name {
		case billing.LogTenant, billing.LogSource, billing.LogOrder, logMeter, logResource:
			fields, text = append(fields, slog.String(name, value)), rest
		default:
			return fields
		}
	}
}
