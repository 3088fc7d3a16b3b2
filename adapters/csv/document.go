package csv

import (
	"bytes"
	stdcsv "encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/gocarina/gocsv"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/pricing"
	"github.com/openstack-artifice/artifice/invoice"
)

// keyWords come before the order's key in the last row of the layout with
// sections.
const keyWords = "order "

// render returns the text of the whole file.
func (f *file) render(prices pricing.Prices) ([]byte, error) {
	layout := f.adapter.style.layout
	w := newWriter(f.adapter.style.format)
	if layout.named {
		w.write(layout.header)
	}
	if layout.flat {
		f.renderFlat(w, prices)
	} else {
		f.renderSections(w, prices)
	}
	return w.text.Bytes(), w.err
}

// renderFlat writes a row for each line.
func (f *file) renderFlat(w *writer, prices pricing.Prices) {
	for _, section := range f.Sections {
		w.lines(f, section, prices)
	}
	if len(f.Items) == 0 && w.err == nil {
		w.err = invoice.Permanent(errors.New("the invoice has no lines, and a flat file has nothing else (write layout = sections)"))
	}
}

// renderSections writes the lines of each section and its total, the total,
// and the order's key.
func (f *file) renderSections(w *writer, prices pricing.Prices) {
	layout := f.adapter.style.layout
	var total decimal.Decimal
	for _, section := range f.Sections {
		sum := w.lines(f, section, prices)
		w.write(layout.totalRow(section+" total", sum.StringFixed(f.order.Digits)))
		total = total.Add(sum)
	}
	w.write(layout.totalRow("total "+f.order.Currency, total.StringFixed(f.order.Digits)))
	w.write(layout.totalRow(keyWords+f.order.Key, ""))
}

// A writer gathers the rows of a file.
type writer struct {
	text bytes.Buffer
	row  bytes.Buffer // the one that csv writes
	csv  *gocsv.SafeCSVWriter
	end  string
	err  error
}

func newWriter(f format) *writer {
	w := &writer{end: f.lineEnd}
	plain := stdcsv.NewWriter(&w.row)
	plain.Comma = f.comma
	w.csv = gocsv.NewSafeCSVWriter(plain)
	return w
}

// write ends the row itself: with UseCRLF, the package would also change the
// line ends within cells.
func (w *writer) write(row []string) {
	if w.err != nil {
		return
	}
	w.err = w.csv.Write(row)
	w.csv.Flush()
	if w.err = errors.Join(w.err, w.csv.Error()); w.err == nil {
		w.text.Write(bytes.TrimSuffix(w.row.Bytes(), []byte("\n")))
		w.text.WriteString(w.end)
		w.row.Reset()
	}
}

// lines writes those of a section, and returns what they come to.
func (w *writer) lines(f *file, section string, prices pricing.Prices) (sum decimal.Decimal) {
	for item := range f.In(section) {
		w.write(f.adapter.style.layout.row(line{order: &f.order, item: item, name: prices.Name(item.Name)}))
		sum = sum.Add(item.Amount)
	}
	return sum
}

// readKey returns the key that a complete file has.
func (s style) readKey(data []byte) (string, error) {
	text, err := s.format.decode(data)
	if err != nil {
		return "", err
	}
	if !bytes.HasSuffix(text, []byte(s.format.lineEnd)) {
		return "", errors.New("its last line is cut")
	}
	reader := stdcsv.NewReader(bytes.NewReader(text))
	reader.Comma = s.format.comma
	next := gocsv.NewSimpleDecoderFromCSVReader(reader).GetCSVRow
	if s.layout.flat {
		return s.flatKey(next)
	}
	return lastKey(next)
}

// flatKey is the key that every row has.
func (s style) flatKey(next func() ([]string, error)) (key string, err error) {
	for n := 0; ; n++ {
		row, err := next()
		switch {
		case err == io.EOF && key == "":
			return "", errors.New("it has no row with an order's key")
		case err == io.EOF:
			return key, nil
		case err != nil:
			return "", err
		case n == 0 && s.layout.named:
		case s.layout.key >= len(row) || row[s.layout.key] == "":
			return "", fmt.Errorf("its row %d has no order's key", n+1)
		case key != "" && key != row[s.layout.key]:
			return "", fmt.Errorf("its row %d has the key of another order than those before", n+1)
		default:
			key = row[s.layout.key]
		}
	}
}

// lastKey is the key in the last row.
func lastKey(next func() ([]string, error)) (string, error) {
	var last []string
	for {
		row, err := next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", err
		}
		last = row
	}
	last = slices.DeleteFunc(last, func(cell string) bool { return cell == "" })
	if len(last) == 1 {
		if key, ok := strings.CutPrefix(last[0], keyWords); ok {
			return key, nil
		}
	}
	return "", errors.New("its last row has no order's key")
}

// compare is nil where the file that is there already has the same text, and
// otherwise says what is other about it. The bytes of compressed text may
// differ: they are not the same in every version of Go.
func (f *file) compare(data []byte) error {
	there, err := os.ReadFile(f.path)
	if err != nil || bytes.Equal(there, data) {
		return err
	}
	format := f.adapter.style.format
	oldText, oldErr := format.decode(there)
	text, err := format.decode(data)
	if err != nil {
		return err
	}
	if oldErr == nil && bytes.Equal(oldText, text) {
		return nil
	}
	key, keyErr := f.adapter.style.readKey(there)
	whose := "it is not a complete invoice"
	if keyErr == nil {
		whose = "it is the invoice of order " + key
	}
	old, now := strings.Split(string(oldText), format.lineEnd), strings.Split(string(text), format.lineEnd)
	at := 0
	for at < min(len(old), len(now)) && old[at] == now[at] {
		at++
	}
	if keyErr == nil && key == f.order.Key {
		return invoice.Permanent(fmt.Errorf("%s was edited since it was written for order %s: line %d is %s there, and was %s (put the line back: artifice statement %s says what was billed; or move the file away)",
			f.path, key, at+1, lineAt(old, at), lineAt(now, at), key))
	}
	return invoice.Permanent(fmt.Errorf("%s exists and has other content: %s, this is order %s; line %d is %s there, and %s here (move the file away, or name files otherwise with output_file)",
		f.path, whose, f.order.Key, at+1, lineAt(old, at), lineAt(now, at)))
}

// lineAt is a line for a message.
func lineAt(lines []string, at int) string {
	if at >= len(lines) {
		return "missing"
	}
	return fmt.Sprintf("%.120q", lines[at])
}
