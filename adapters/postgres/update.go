package postgres

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/openstack-artifice/artifice/internal/sqlledger"
)

var _ sqlledger.BulkUpdater = (*database)(nil)

// Update implements sqlledger.BulkUpdater: it copies the rows into a temporary
// table, which stays with the connection, and changes all at once by it.
func (d *database) Update(ctx context.Context, c sqlledger.Conn, table string, keys, columns []string, values []any) error {
	all := append(append([]string(nil), keys...), columns...)
	h := fnv.New32a()
	h.Write([]byte(strings.Join(all, " ")))
	changed := fmt.Sprintf("changed_%s_%08x", table, h.Sum32())
	_, err := c.Tx.ExecContext(ctx, fmt.Sprintf(`CREATE TEMPORARY TABLE IF NOT EXISTS %s ON COMMIT DELETE ROWS AS SELECT %s FROM %s WITH NO DATA; DELETE FROM %[1]s`,
		changed, strings.Join(all, ", "), table))
	if err != nil {
		return err
	}
	if err := d.Insert(ctx, c, changed, all, values); err != nil {
		return err
	}
	set := make([]string, len(columns))
	for i, column := range columns {
		set[i] = column + " = c." + column
	}
	where := make([]string, len(keys))
	for i, key := range keys {
		where[i] = "t." + key + " = c." + key
	}
	_, err = c.Tx.ExecContext(ctx, fmt.Sprintf(`UPDATE %s AS t SET %s FROM %s AS c WHERE %s`,
		table, strings.Join(set, ", "), changed, strings.Join(where, " AND ")))
	return err
}
