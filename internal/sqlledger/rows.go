package sqlledger

import (
	"context"
	"strings"
)

// A BulkUpdater is a [Database] that changes many rows at once faster than one
// after the other.
type BulkUpdater interface {
	// Update changes rows that are there: of the values of each, as those of
	// Insert, the first are its keys, and the others what its columns become.
	// Columns that are keys are never NULL.
	Update(ctx context.Context, c Conn, table string, keys, columns []string, values []any) error
}

// updateRows changes rows that are there.
func (t *tx) updateRows(table string, keys, columns []string, values []any) error {
	if len(values) == 0 {
		return nil
	}
	if bulk, ok := t.db.(BulkUpdater); ok {
		return bulk.Update(t.ctx, t.Conn, table, keys, columns, values)
	}
	query := `UPDATE ` + table + ` SET ` + strings.Join(columns, ` = ?, `) + ` = ? WHERE ` + strings.Join(keys, ` = ? AND `) + ` = ?`
	args := make([]any, 0, len(keys)+len(columns))
	for width := len(keys) + len(columns); len(values) > 0; values = values[width:] {
		args = append(append(args[:0], values[len(keys):width]...), values[:len(keys)]...)
		if err := t.exec(query, args...); err != nil {
			return err
		}
	}
	return nil
}
