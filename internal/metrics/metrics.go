// Package metrics writes figures as Prometheus reads them, in the text format
// of node_exporter's textfile collector, and reads them again: a file remembers
// what earlier runs have counted.
package metrics

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Kind is what a figure does: a Gauge goes up and down, a Counter only up.
type Kind string

// The kinds of figures.
const (
	Gauge   Kind = "gauge"
	Counter Kind = "counter"
)

// A Metric is a figure and what it means. Its name ends in its unit, and in
// _total where it counts.
type Metric struct {
	Name string
	Kind Kind
	Help string
}

// A Label tells figures of one metric apart.
type Label struct{ Name, Value string }

// A Set is the figures of one file.
type Set struct {
	metrics []Metric
	samples map[string]float64 // by metric and labels, as they are written
}

// New returns a set for figures of these metrics, without any yet. They are
// written in this order.
func New(all ...Metric) *Set { return &Set{metrics: all, samples: map[string]float64{}} }

// Set sets a figure.
func (s *Set) Set(m Metric, value float64, labels ...Label) { s.samples[series(m, labels)] = value }

// SetTime sets a figure that is an instant, in seconds since 1970.
func (s *Set) SetTime(m Metric, t time.Time, labels ...Label) {
	s.Set(m, float64(t.UnixMilli())/1000, labels...)
}

// Add adds to a figure, which is 0 where there is none.
func (s *Set) Add(m Metric, n int, labels ...Label) { s.samples[series(m, labels)] += float64(n) }

// Forget drops all figures of a metric.
func (s *Set) Forget(m Metric) {
	for key := range s.samples {
		if nameOf(key) == m.Name {
			delete(s.samples, key)
		}
	}
}

// series names a figure. Labels come in the order of their names.
func series(m Metric, labels []Label) string {
	if len(labels) == 0 {
		return m.Name
	}
	labels = slices.SortedFunc(slices.Values(labels), func(a, b Label) int { return cmp.Compare(a.Name, b.Name) })
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
	var text strings.Builder
	for i, l := range labels {
		text.WriteString(string(",{"[min(1, max(0, 1-i))]))
		fmt.Fprintf(&text, `%s="%s"`, l.Name, escape.Replace(strings.ToValidUTF8(l.Value, "\uFFFD")))
	}
	return m.Name + text.String() + "}"
}

// nameOf is the name of the metric of a figure.
func nameOf(series string) string {
	name, _, _ := strings.Cut(series, "{")
	return name
}

// Text returns all figures, with what each means. The same figures give the
// same bytes.
func (s *Set) Text() []byte {
	var out bytes.Buffer
	for _, m := range s.metrics {
		var lines []string
		for key, value := range s.samples {
			if nameOf(key) == m.Name {
				lines = append(lines, key+" "+strconv.FormatFloat(value, 'f', -1, 64)+"\n")
			}
		}
		if len(lines) == 0 {
			continue
		}
		slices.Sort(lines)
		fmt.Fprintf(&out, "# HELP %s %s\n# TYPE %s %s\n%s", m.Name, strings.ReplaceAll(m.Help, `\`, `\\`), m.Name, m.Kind, strings.Join(lines, ""))
	}
	return out.Bytes()
}

// Read takes over the figures of a text that Text has written, as far as their
// metrics are those of the set. What it does not understand it leaves out: a
// figure that is lost begins anew, as with any counter.
func (s *Set) Read(text []byte) {
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		key, number, ok := cutLast(lines.Text(), " ")
		value, err := strconv.ParseFloat(number, 64)
		known := slices.ContainsFunc(s.metrics, func(m Metric) bool { return m.Name == nameOf(key) })
		if ok && err == nil && known && wellFormed(key) {
			s.samples[key] = value
		}
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// wellFormed reports whether a figure is named as series does it.
func wellFormed(key string) bool {
	name, rest, labelled := strings.Cut(key, "{")
	if !labelled {
		return true
	}
	var labels []Label
	for {
		label, quoted, ok := strings.Cut(rest, "=")
		if !ok {
			return false
		}
		value, err := strconv.QuotedPrefix(quoted)
		if err != nil {
			return false
		}
		unquoted := strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\"`, `"`).Replace(value[1 : len(value)-1])
		labels = append(labels, Label{label, unquoted})
		rest = quoted[len(value):]
		if rest == "}" {
			return series(Metric{Name: name}, labels) == key
		}
		if rest, ok = strings.CutPrefix(rest, ","); !ok {
			return false
		}
	}
}
