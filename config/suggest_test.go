package config

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSuggest(t *testing.T) {
	known := []string{"csv_directory", "delimiter", "url", "hold", "timeout", "größe"}
	for name, want := range map[string]string{
		"csv_directroy":  "csv_directory", // one swap
		"csv-directory":  "csv_directory", // one other letter
		"cvs_directroyx": "csv_directory", // two swaps and one more
		"CSV_DIRECTORY":  "csv_directory",
		"delimeter":      "delimiter",
		"delim":          "", // four less
		"ulr":            "url",
		"uri":            "url",
		"ur":             "url",
		"u":              "",
		"holdup":         "hold", // two more
		"time":           "",     // three less, too many for four letters
		"timeouts":       "timeout",
		"grösse":         "größe",
		"":               "",
	} {
		if got := Suggest(name, known); got != want {
			t.Errorf("%q suggests %q, want %q", name, got, want)
		}
	}
	if got := Suggest(strings.Repeat("x", 65), []string{strings.Repeat("x", 65)}); got != "" {
		t.Errorf("a name of 65 letters suggests %q", got)
	}
	if got := Suggest("ab", []string{"ac", "ad"}); got != "ac" {
		t.Errorf("of two equally near, %q and not the first", got)
	}
}

// The distance is that of its recursive definition.
func TestDistance(t *testing.T) {
	word := rapid.SliceOfN(rapid.SampledFrom([]rune("abß")), 0, 6)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		if got, want := distance(a, b), slowDistance(a, b); got != want {
			t.Errorf("%q to %q is %d, want %d", string(a), string(b), got, want)
		}
	})
}

func slowDistance(a, b []rune) int {
	m, n := len(a), len(b)
	if m == 0 || n == 0 {
		return m + n
	}
	other := slowDistance(a[:m-1], b[:n-1])
	if a[m-1] != b[n-1] {
		other++
	}
	d := min(slowDistance(a[:m-1], b)+1, slowDistance(a, b[:n-1])+1, other)
	if m > 1 && n > 1 && a[m-1] == b[n-2] && a[m-2] == b[n-1] {
		d = min(d, slowDistance(a[:m-2], b[:n-2])+1)
	}
	return d
}
