package sqlledger

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// hour is the instant n hours after the beginning of 1970.
func hour(n int) time.Time { return time.Unix(int64(n)*3600, 0).UTC() }

func hours(first, last int) usage.Span { return usage.Span{Start: hour(first), End: hour(last)} }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestHourOf(t *testing.T) {
	for _, test := range []struct {
		at   time.Time
		want int64
	}{
		{time.Unix(0, 0), 0},
		{time.Unix(3599, 999_999_999), 0},
		{time.Unix(3600, 0), 1},
		{time.Unix(0, -1), -1},
		{time.Unix(-3600, 0), -1},
		{time.Unix(-3600, -1), -2},
		{time.Date(2013, 8, 5, 0, 0, 0, 0, time.UTC), 382_128}, // 15,922 days * 24
	} {
		if got := hourOf(test.at); got != test.want {
			t.Errorf("hourOf(%v) = %d, want %d", test.at.UTC(), got, test.want)
		}
		if w := window(test.want); !w.Contains(test.at) || w.Duration() != time.Hour {
			t.Errorf("window(%d) = %v, which is not the hour of %v", test.want, w, test.at.UTC())
		}
	}
}

// TestHoursOfSpans: within a span lie the windows that are whole, and those
// that overlap it are the ones that it cuts as well.
func TestHoursOfSpans(t *testing.T) {
	for _, test := range []struct {
		span                              usage.Span
		firstWithin, lastWithin, from, to int64
	}{
		{hours(3, 7), 3, 6, 3, 6},
		{usage.Span{Start: hour(3).Add(1), End: hour(7)}, 4, 6, 3, 6},
		{usage.Span{Start: hour(3), End: hour(7).Add(1)}, 3, 6, 3, 7},
		{usage.Span{Start: hour(3).Add(1), End: hour(4).Add(-1)}, 4, 2, 3, 3}, // none within
		{usage.Span{Start: hour(-2).Add(1), End: hour(-1)}, -1, -2, -2, -2},
	} {
		first, last := hoursWithin(test.span)
		if first != test.firstWithin || last != test.lastWithin {
			t.Errorf("within %v: %d to %d, want %d to %d", test.span, first, last, test.firstWithin, test.lastWithin)
		}
		from, to := hoursOverlapping(test.span)
		if from != test.from || to != test.to {
			t.Errorf("overlapping %v: %d to %d, want %d to %d", test.span, from, to, test.from, test.to)
		}
	}
	if first, last := hoursWithin(usage.Span{}); first != math.MinInt64 || last != math.MaxInt64 {
		t.Errorf("all windows are %d to %d", first, last)
	}
}

func TestInstant(t *testing.T) {
	for _, at := range []time.Time{{}, time.Unix(0, 0), time.Unix(0, math.MaxInt64), time.Unix(0, math.MinInt64), time.Unix(-1, 1)} {
		value, err := instant(at).Value()
		must(t, err)
		if value != nanos(at) {
			t.Errorf("%v is %v, and inserted as %v", at, value, nanos(at))
		}
		var back instant
		must(t, back.Scan(value))
		if !time.Time(back).Equal(at) || time.Time(back).Location() != time.UTC {
			t.Errorf("%v came back as %v", at, time.Time(back))
		}
	}
	for _, test := range []struct {
		at   time.Time
		want int64
	}{
		{time.Unix(0, math.MaxInt64).Add(1), math.MaxInt64},
		{time.Unix(0, math.MinInt64).Add(-1), math.MinInt64},
		{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), math.MaxInt64},
		{time.Time{}, math.MinInt64},
	} {
		if v, err := instant(test.at).Value(); err == nil && !test.at.IsZero() {
			t.Errorf("%v was stored as %v", test.at, v)
		}
		if got := reach(test.at); got != test.want {
			t.Errorf("%v is compared as %d, want %d", test.at, got, test.want)
		}
	}
	for _, scan := range []interface{ Scan(any) error }{new(instant), new(flag)} {
		if err := scan.Scan("2024"); err == nil {
			t.Errorf("text was read as %T", scan)
		}
	}
	for _, scan := range []interface{ Scan(any) error }{new(attributes), new(texts)} {
		if err := scan.Scan(int64(1)); err == nil {
			t.Errorf("a number was read as %T", scan)
		}
	}
}

// TestPack: a digest comes back as it was, and a hash takes the room of its
// bytes.
func TestPack(t *testing.T) {
	for _, test := range []struct {
		digest string
		bytes  int
	}{
		{"", 1},
		{"0f0f", 3},
		{"0F0F", 5}, // another spelling
		{"0f0", 4},
		{"not a hash", 11},
		{"AbCd_-09:0123456789A:~", 16},
		{"AbCd_-09:0123456789A:~0123456789abcdef", 28},                          // 1 + 6 + 8 + 1 + 12 for 16 characters
		{"AbCd_-09:0123456789A:~" + strings.Repeat("0123456789abcdef", 7), 100}, // 1 + 6 + 8 + 1 + 7 * 12
		{"AbCd_-09:0123456789A:~0123456789abcde", 38},                           // 15 characters are of no bytes
		{"AbCd_-09:0123456789A:", 22},
		{"AbCd_-09:0123456789B:~0123", 27}, // 11 characters of no 8 bytes
		{"AbCd_-09:0123456789A:~0123=", 28},
		{"-AbCd_-09:0123456789A:~0123", 28},
		{"AbCd_-09:0123", 14},
		{"digest of vm-1 at 4", 20},
	} {
		packed := pack(test.digest)
		if back := unpack(packed); back != test.digest || len(packed) != test.bytes {
			t.Errorf("%q takes %d bytes and comes back as %q, want %d bytes", test.digest, len(packed), back, test.bytes)
		}
	}
	// As earlier releases packed what has no middle part.
	if got := unpack([]byte("\x02\x01\xb0\x9d\xff\xed\x3d\xd3\x5d\xb7")); got != "AbCd_-09:0123" {
		t.Errorf("an earlier spelling comes back as %q", got)
	}
	if unpack(nil) != "" {
		t.Error("nothing is a digest")
	}
	rapid.Check(t, func(t *rapid.T) {
		digest := rapid.OneOf(
			rapid.String(),
			rapid.StringMatching(`[0-9a-f]*`),
			rapid.StringMatching(`[0-9A-Za-z_-]{8}:[0-9A-Za-z_-]{11}:.[0-9A-Za-z_-]*`),
		).Draw(t, "digest")
		packed := pack(digest)
		if back := unpack(packed); back != digest || len(packed) > 1+len(digest) {
			t.Fatalf("%q takes %d bytes and comes back as %q", digest, len(packed), back)
		}
		if again := pack(digest); !bytes.Equal(packed, again) {
			t.Fatalf("%q is packed as %x and as %x", digest, packed, again)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	for _, seed := range []string{"", "\x00text", "\x01\x0f", "\x02short", "\x02longer than a rule", "\x03longer than the first parts", "\x09"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		digest := unpack(packed)
		if back := unpack(pack(digest)); back != digest {
			t.Errorf("%q came back as %q", digest, back)
		}
	})
}

func TestNumber(t *testing.T) {
	if got := number(`SELECT ? FROM t WHERE a = ? AND b IN (?, ?)`); got != `SELECT $1 FROM t WHERE a = $2 AND b IN ($3, $4)` {
		t.Error(got)
	}
	if got := tuples(2, 3); got != `(?, ?, ?), (?, ?, ?)` {
		t.Error(got)
	}
}

// TestWithoutRepeats: each window is once, as its last fold has it.
func TestWithoutRepeats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var given []ledger.SeriesFolds
		last := map[ledger.Series]map[int]int{}
		n := 0
		for range rapid.IntRange(0, 5).Draw(t, "series") {
			s := ledger.SeriesFolds{Series: ledger.Series{Resource: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "resource")}}
			for _, h := range rapid.SliceOfN(rapid.IntRange(0, 4), 0, 6).Draw(t, "hours") {
				n++
				s.Folds = append(s.Folds, ledger.Fold{Window: hours(h, h+1), Samples: n})
				if last[s.Series] == nil {
					last[s.Series] = map[int]int{}
				}
				last[s.Series][h] = n
			}
			given = append(given, s)
		}
		got := map[ledger.Series]map[int]int{}
		for _, s := range withoutRepeats(slices.Clone(given)) {
			if len(s.Folds) == 0 {
				continue
			}
			if got[s.Series] != nil {
				t.Fatalf("series %v is there twice", s.Series)
			}
			got[s.Series] = map[int]int{}
			for _, f := range s.Folds {
				h := int(hourOf(f.Window.Start))
				if _, twice := got[s.Series][h]; twice {
					t.Fatalf("hour %d of %v is there twice", h, s.Series)
				}
				got[s.Series][h] = f.Samples
			}
		}
		if len(got) != len(last) {
			t.Fatalf("got %v, want %v", got, last)
		}
		for s, folds := range last {
			for h, want := range folds {
				if got[s][h] != want || len(got[s]) != len(folds) {
					t.Fatalf("got %v, want %v", got, last)
				}
			}
		}
	})
}
