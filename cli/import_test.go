package cli

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// A compressed file that is not whole is named, and not the line it ends in.
func TestReadCut(t *testing.T) {
	var whole bytes.Buffer
	z := gzip.NewWriter(&whole)
	if _, err := io.WriteString(z, strings.Repeat("a line\n", 100)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	const path = "t.gz"
	const cut = " was cut short: take a whole copy of it"
	wrong := errors.New("a wrong record")
	for _, tc := range []struct {
		size int
		says error // of the reader of a whole file
		want string
	}{
		{whole.Len(), nil, "<nil>"},
		{whole.Len(), wrong, wrong.Error()},
		{whole.Len() - 1, nil, path + cut}, // in the sum at its end
		{whole.Len() - 10, nil, path + cut},
		{5, nil, path + cut},
		{0, nil, path + cut},
	} {
		err := read(path, bytes.NewReader(whole.Bytes()[:tc.size]), func(r io.Reader) error {
			if _, err := io.Copy(io.Discard, r); err != nil {
				return fmt.Errorf("artifice.db: record 63: %w", err)
			}
			return tc.says
		})
		if got := fmt.Sprint(err); got != tc.want {
			t.Errorf("of %d bytes: %s, want %s", tc.size, got, tc.want)
		}
	}
}
