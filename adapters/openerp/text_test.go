package openerp

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
	"github.com/openstack-artifice/artifice/invoice"
)

func TestDescribe(t *testing.T) {
	corrected := augustBlock
	for _, tc := range []struct {
		item   invoice.Item
		factor string
		want   string
	}{
		{invoice.Item{Name: "m1.nano"}, "", "m1.nano"},
		{invoice.Item{Name: "m1.nano", Resource: "9b2c", Description: "web"}, "", "m1.nano\n9b2c, web"},
		{invoice.Item{Name: "m1.nano", Description: "web\nmail"}, "", "m1.nano\nweb mail"},
		{invoice.Item{Name: "m1.nano", Adjusts: corrected}, "", "m1.nano\ncorrection for August 2013"},
		{invoice.Item{Name: "m1.nano", Unit: "hour"}, "1000", "m1.nano\nper 1000 hour"},
		{invoice.Item{Name: "m1.nano"}, "10", "m1.nano\nper 10 units"},
		{invoice.Item{Name: "  \t "}, "", "-"},
		{invoice.Item{Name: "a\x00b\u202ec\xff"}, "", "a b c\ufffd"},
	} {
		if got := describe(tc.item, tc.factor, time.UTC); got != tc.want {
			t.Errorf("%+v is %q, want %q", tc.item, got, tc.want)
		}
	}
}

// No foreign text breaks a call, ends a line or is longer than it may be.
func FuzzPrintable(f *testing.F) {
	for _, seed := range []string{"", " ", "a\nb", "\x00", "\xff\xfe", "\u202e", strings.Repeat("ä", 600)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := printable(text)
		if got == "" || !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxText+1 ||
			strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q becomes %q", text, got)
		}
		if printable(got) != got && utf8.RuneCountInString(got) <= maxText {
			t.Errorf("%q becomes %q, and that %q", text, got, printable(got))
		}
	})
}

// An error is as lasting as its parts: what may pass makes all worth a try.
func TestErrorsTogether(t *testing.T) {
	bad, passing := permanent("bad"), errors.New("busy")
	for _, tc := range []struct {
		name            string
		err             error
		isNil, forEver  bool
		wraps, excludes error
	}{
		{"none", all(nil, nil), true, false, nil, nil},
		{"permanent", all(bad, permanent("worse")), false, true, bad, nil},
		{"one may pass", all(bad, passing), false, false, passing, nil},
		{"stopped", all(bad, context.Canceled), false, false, context.Canceled, nil},
	} {
		if (tc.err == nil) != tc.isNil || invoice.IsPermanent(tc.err) != tc.forEver || tc.wraps != nil && !errors.Is(tc.err, tc.wraps) {
			t.Errorf("%s: %v", tc.name, tc.err)
		}
	}
}

// Faults are sorted by what may be done about them.
func TestErrorClasses(t *testing.T) {
	fault := func(kind rpc.Kind) error { return &rpc.Fault{Kind: kind, Message: "said"} }
	lost := func(o rpc.Outcome) error { return &rpc.TransportError{Outcome: o, Err: errors.New("why")} }
	for _, tc := range []struct {
		name        string
		err         error
		read, write string
	}{
		{"other", fault(rpc.Other), "permanent", "permanent"},
		{"access denied", fault(rpc.AccessDenied), "permanent", "permanent"},
		{"wrong database", fault(rpc.WrongDatabase), "permanent", "permanent"},
		{"invalid", fault(rpc.Invalid), "permanent", "permanent"},
		{"duplicate", fault(rpc.Duplicate), "again", "again"},
		{"missing record", fault(rpc.MissingRecord), "permanent", "permanent"},
		{"no access", fault(rpc.NoAccess), "permanent", "permanent"},
		{"bad call", fault(rpc.BadCall), "permanent", "permanent"},
		{"concurrency", fault(rpc.Concurrency), "again", "again"},
		{"unavailable", fault(rpc.Unavailable), "again", "unknown"},
		{"unanswerable", fault(rpc.Unanswerable), "again", "unknown"},
		{"not sent", lost(rpc.NotSent), "again", "again"},
		{"refused", lost(rpc.Refused), "permanent", "permanent"},
		{"lost", lost(rpc.Lost), "again", "unknown"},
	} {
		class := func(err error) string {
			switch {
			case !errors.Is(err, tc.err):
				return "lost"
			case invoice.IsUnknownOutcome(err):
				return "unknown"
			case invoice.IsPermanent(err):
				return "permanent"
			}
			return "again"
		}
		if got := class(readError(tc.err)); got != tc.read {
			t.Errorf("%s, read: %s", tc.name, got)
		}
		if got := class(writeError(tc.err)); got != tc.write {
			t.Errorf("%s, written: %s", tc.name, got)
		}
	}
	if readError(nil) != nil || writeError(nil) != nil {
		t.Error("nil becomes an error")
	}
}

// A thing is read once, however many ask, and again after an error.
func TestMemo(t *testing.T) {
	var m memo[string, int]
	reads, fails := 0, true
	read := func(context.Context) (int, error) {
		reads++
		if fails {
			return 0, errors.New("not now")
		}
		return reads, nil
	}
	if _, err := m.get(t.Context(), "a", read); err == nil {
		t.Error("an error is kept from whoever asks")
	}
	fails = false
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			if n, err := m.get(t.Context(), "a", read); err != nil || n != 2 {
				t.Errorf("%d, %v", n, err)
			}
		})
	}
	done.Wait()
	if n, err := m.get(t.Context(), "b", read); err != nil || n != 3 {
		t.Errorf("%d, %v", n, err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.get(cancelled, "a", read); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	l := newLock()
	if err := l.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	waiting, stop := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, stop)
	if err := l.take(waiting); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
