package report

import (
	"html"
	"regexp"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func TestFigure(t *testing.T) {
	for _, test := range []struct {
		text     string
		fraction int
		want     string
	}{
		{"0", 0, "0"},
		{"-0.37", 0, "-0.37"},
		{"1234.50", 0, "1234.50"},
		{"12345.50", 0, "12<i>345</i>.50"},
		{"-123456", 0, "-123<i>456</i>"},
		{"1234567", 2, `1<i>234</i><i>567</i><span class="f f2"></span>`},
		{"0.5", 6, `0<span class="f f6">.5</span>`},
	} {
		if got := string(figure(test.text, test.fraction)); got != test.want {
			t.Errorf("%s: %s, want %s", test.text, got, test.want)
		}
	}
}

// What a reader copies is the figure, to the last digit.
func TestFigureIsItsText(t *testing.T) {
	tags := regexp.MustCompile(`<[^>]*>`)
	rapid.Check(t, func(rt *rapid.T) {
		d := decimal.New(rapid.Int64().Draw(rt, "digits"), rapid.Int32Range(-20, 20).Draw(rt, "exponent"))
		got := html.UnescapeString(tags.ReplaceAllString(string(figure(d.String(), rapid.IntRange(0, maxFraction).Draw(rt, "fraction"))), ""))
		if got != d.String() {
			rt.Errorf("%s is shown as %s", d, got)
		}
	})
}

func TestBar(t *testing.T) {
	for _, test := range []struct {
		d, most string
		want    int
	}{
		{"0", "0", 0},
		{"1", "0", 0}, // nothing to measure by
		{"0", "3", 0},
		{"3", "3", 1000},
		{"-1.5", "3", 500},
		{"1", "3", 333}, // 1 x 1000 / 3 = 333.3
		{"0.0029", "3", 0},
		{"1e3", "4000.00", 250},
		{"0.5", "1e60", 0},
	} {
		if got := bar(decimal.RequireFromString(test.d), decimal.RequireFromString(test.most)); got != test.want {
			t.Errorf("%s of %s: %d, want %d", test.d, test.most, got, test.want)
		}
	}
}

func TestShort(t *testing.T) {
	long := ""
	for range maxText {
		long += "ē"
	}
	if got := short(long); got != long {
		t.Errorf("%d characters are cut", maxText)
	}
	if got := short(long + "x"); got != long+"…" {
		t.Errorf("it ends in %q", got[len(got)-6:])
	}
}
