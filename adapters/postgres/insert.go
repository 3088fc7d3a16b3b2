package postgres

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/openstack-artifice/artifice/internal/sqlledger"
)

// Insert implements sqlledger.Database. It is a COPY in the form of text, in
// which decimals go as they are spelled.
func (d *database) Insert(ctx context.Context, c sqlledger.Conn, table string, columns []string, values []any) error {
	rows := &copyRows{width: len(columns), values: values}
	return c.Conn.Raw(func(conn any) error {
		_, err := conn.(*stdlib.Conn).Conn().PgConn().CopyFrom(ctx, rows,
			"COPY "+table+" ("+strings.Join(columns, ", ")+") FROM STDIN")
		return err
	})
}

// A copyRows reads values as the rows of a COPY, some at a time.
type copyRows struct {
	width  int
	values []any // what is not written yet
	buffer bytes.Buffer
}

// copyChunk is about how many bytes are made at a time.
const copyChunk = 64 << 10

// Read implements io.Reader.
func (r *copyRows) Read(p []byte) (int, error) {
	if r.buffer.Len() == 0 {
		r.buffer.Reset()
		for r.buffer.Len() < copyChunk && len(r.values) > 0 {
			if err := r.row(r.values[:r.width]); err != nil {
				return 0, err
			}
			r.values = r.values[r.width:]
		}
	}
	if r.buffer.Len() == 0 {
		return 0, io.EOF
	}
	return r.buffer.Read(p)
}

// row writes one row.
func (r *copyRows) row(values []any) error {
	line := r.buffer.AvailableBuffer()
	for i, value := range values {
		if i > 0 {
			line = append(line, '\t')
		}
		if valuer, ok := value.(driver.Valuer); ok {
			var err error
			if value, err = valuer.Value(); err != nil {
				return err
			}
		}
		switch v := value.(type) {
		case nil:
			line = append(line, `\N`...)
		case int64:
			line = strconv.AppendInt(line, v, 10)
		case int:
			line = strconv.AppendInt(line, int64(v), 10)
		case int32:
			line = strconv.AppendInt(line, int64(v), 10)
		case string:
			line = appendEscaped(line, v)
		case []byte:
			line = hex.AppendEncode(append(line, `\\x`...), v)
		default:
			return fmt.Errorf("a %T is no value of a row", value)
		}
	}
	r.buffer.Write(append(line, '\n'))
	return nil
}

// appendEscaped appends a text so that it neither ends its row nor its column.
func appendEscaped(line []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; c {
		case '\\':
			line = append(line, `\\`...)
		case '\n':
			line = append(line, `\n`...)
		case '\r':
			line = append(line, `\r`...)
		case '\t':
			line = append(line, `\t`...)
		default:
			line = append(line, c)
		}
	}
	return line
}
