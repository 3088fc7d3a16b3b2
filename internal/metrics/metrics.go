// Package metrics writes figures as Prometheus reads them, in the text format
// of node_exporter's textfile collector, and reads them again: a file remembers
// what earlier runs have counted.
package metrics

import (
	"bytes"
	"fmt"
	"maps"
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

// Labels tell figures of one metric apart.
type Labels map[string]string

// A Set is the figures of one file.
type Set struct {
	metrics []Metric
	figures map[string]*figure // by metric and labels, as they are written
}

type figure struct {
	name   string
	labels Labels
	value  float64
}

// New returns a set for figures of these metrics, without any yet. They are
// written in this order.
func New(all ...Metric) *Set { return &Set{metrics: all, figures: map[string]*figure{}} }

// Set sets a figure.
func (s *Set) Set(m Metric, value float64, labels Labels) {
	s.figures[series(m.Name, labels)] = &figure{m.Name, labels, value}
}

// SetTime sets a figure that is an instant, in seconds since 1970.
func (s *Set) SetTime(m Metric, t time.Time, labels Labels) {
	s.Set(m, float64(t.UnixMilli())/1000, labels)
}

// Add adds to a figure, which is 0 where there is none.
func (s *Set) Add(m Metric, n int, labels Labels) {
	key := series(m.Name, labels)
	if s.figures[key] == nil {
		s.figures[key] = &figure{name: m.Name, labels: labels}
	}
	s.figures[key].value += float64(n)
}

// Drop drops the figures that which says, by the name of their metric.
func (s *Set) Drop(which func(name string, labels Labels) bool) {
	maps.DeleteFunc(s.figures, func(_ string, f *figure) bool { return which(f.name, f.labels) })
}

// Label returns what a label of a metric is, of any of its figures that has it.
func (s *Set) Label(m Metric, name string) string {
	for _, key := range slices.Sorted(maps.Keys(s.figures)) {
		if f := s.figures[key]; f.name == m.Name && f.labels[name] != "" {
			return f.labels[name]
		}
	}
	return ""
}

var (
	escape   = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
	unescape = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\"`, `"`)
)

// series names a figure. Labels come in the order of their names, and those
// without a value not at all.
func series(name string, labels Labels) string {
	var pairs []string
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		if value := labels[label]; value != "" {
			pairs = append(pairs, label+`="`+escape.Replace(strings.ToValidUTF8(value, "\uFFFD"))+`"`)
		}
	}
	if len(pairs) == 0 {
		return name
	}
	return name + "{" + strings.Join(pairs, ",") + "}"
}

// Text returns all figures, with what each means. The same figures give the
// same bytes.
func (s *Set) Text() []byte {
	var out bytes.Buffer
	for _, m := range s.metrics {
		head := fmt.Sprintf("# HELP %s %s\n# TYPE %s %s\n", m.Name, strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(m.Help), m.Name, m.Kind)
		for _, key := range slices.Sorted(maps.Keys(s.figures)) {
			if f := s.figures[key]; f.name == m.Name {
				out.WriteString(head + key + " " + strconv.FormatFloat(f.value, 'f', -1, 64) + "\n")
				head = ""
			}
		}
	}
	return out.Bytes()
}

// Read takes over the figures of a text that Text has written, as far as their
// metrics are those of the set. What it does not understand it leaves out: a
// figure that is lost begins anew, as any counter may.
func (s *Set) Read(text []byte) {
	for line := range strings.SplitSeq(string(text), "\n") {
		at := strings.LastIndexByte(line, ' ')
		if at < 0 {
			continue
		}
		f, ok := parseSeries(line[:at])
		value, err := strconv.ParseFloat(line[at+1:], 64)
		known := slices.ContainsFunc(s.metrics, func(m Metric) bool { return m.Name == f.name })
		if ok && known && err == nil && value-value == 0 { // neither infinite nor no number
			f.value = value
			s.figures[line[:at]] = &f
		}
	}
}

// parseSeries reads what series has written, and nothing else.
func parseSeries(key string) (f figure, ok bool) {
	name, rest, labelled := strings.Cut(key, "{")
	f = figure{name: name, labels: Labels{}}
	for labelled {
		label, quoted, _ := strings.Cut(rest, "=")
		value, err := strconv.QuotedPrefix(quoted)
		if err != nil || !strings.HasPrefix(value, `"`) {
			return f, false
		}
		f.labels[label] = unescape.Replace(value[1 : len(value)-1])
		rest, labelled = strings.CutPrefix(quoted[len(value):], ",")
	}
	return f, series(name, f.labels) == key
}
