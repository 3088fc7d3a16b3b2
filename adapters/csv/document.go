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

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/rates"
)

// keyWords come before the order's key in the last row.
const keyWords = "order "

func (f *file) comma() rune { return f.adapter.config.Delimiter.Rune(',') }

// render returns the whole file: a header, the lines of each section and its
// total, the total, and the order's key.
func (f *file) render(prices *rates.List) ([]byte, error) {
	var buf bytes.Buffer
	plain := stdcsv.NewWriter(&buf)
	plain.Comma, plain.UseCRLF = f.comma(), true
	w := gocsv.NewSafeCSVWriter(plain)

	layout := f.adapter.layout
	errs := []error{w.Write(layout.header)}
	var total decimal.Decimal
	for _, s := range f.sections {
		var sum decimal.Decimal
		for i := range s.items {
			item := &s.items[i]
			errs = append(errs, w.Write(layout.row(line{order: &f.order, item: item, name: prices.Name(item.Name)})))
			sum = sum.Add(item.Amount)
		}
		errs = append(errs, w.Write(layout.totalRow(s.name+" total", sum.StringFixed(f.order.Digits))))
		total = total.Add(sum)
	}
	errs = append(errs,
		w.Write(layout.totalRow("total "+f.order.Currency, total.StringFixed(f.order.Digits))),
		w.Write(layout.totalRow(keyWords+f.order.Key, "")))
	w.Flush()
	return buf.Bytes(), errors.Join(append(errs, w.Error())...)
}

// readKey returns the key in the last row of a file, which a complete one has.
func readKey(data []byte, comma rune) (string, error) {
	if !bytes.HasSuffix(data, []byte("\r\n")) {
		return "", errors.New("its last line is cut")
	}
	reader := stdcsv.NewReader(bytes.NewReader(data))
	reader.Comma = comma
	decoder := gocsv.NewSimpleDecoderFromCSVReader(reader)
	var last []string
	for {
		row, err := decoder.GetCSVRow()
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

// compare is nil where the file that is there already has the same bytes, and
// otherwise says what is other about it.
func (f *file) compare(data []byte) error {
	there, err := os.ReadFile(f.path)
	if err != nil || bytes.Equal(there, data) {
		return err
	}
	whose := "it is not a complete invoice"
	if key, err := readKey(there, f.comma()); err == nil {
		whose = "it is the invoice of order " + key
	}
	old, now := strings.Split(string(there), "\r\n"), strings.Split(string(data), "\r\n")
	at := 0
	for at < min(len(old), len(now)) && old[at] == now[at] {
		at++
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
