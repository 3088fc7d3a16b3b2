package sqlledger

import (
	"context"
	"slices"

	"github.com/openstack-artifice/artifice/ledger"
)

// bookmarkKey says whose bookmark it is, and of which tenant.
type bookmarkKey struct {
	tenant int64
	source string
}

const selectBookmarks = `SELECT tenant_id, source, text FROM bookmarks WHERE (tenant_id, source) IN (VALUES `

// writeBookmarks writes what sources want to be told, and removes where that is
// nothing.
func (r *recorder) writeBookmarks(bookmarks []ledger.Bookmark) error {
	rows := newTable[bookmarkKey, string]()
	for _, b := range bookmarks {
		rows.set(bookmarkKey{r.names.tenants.ids[tenantName(b.Tenant)], b.Source}, b.Text)
	}
	for chunk := range slices.Chunk(rows.order, atOnce) {
		var args []any
		for _, key := range chunk {
			args = append(args, key.tenant, key.source)
		}
		err := r.query(selectBookmarks+repeated(len(chunk), `(CAST(? AS BIGINT), ?)`)+`)`, args, func(row scanner) error {
			var key bookmarkKey
			var text string
			err := row.Scan(&key.tenant, &key.source, &text)
			rows.stored[key] = text
			return err
		})
		if err != nil {
			return err
		}
	}
	kept := rows.order[:0]
	for _, key := range rows.order {
		if rows.wanted[key] != "" {
			kept = append(kept, key)
		} else if rows.stored[key] != "" {
			if err := r.exec(`DELETE FROM bookmarks WHERE tenant_id = ? AND source = ?`, key.tenant, key.source); err != nil {
				return err
			}
		}
	}
	rows.order = kept
	return rows.write(r.tx, "bookmarks", []string{"tenant_id", "source"}, []string{"text"}, func(k bookmarkKey, text string) []any {
		return []any{k.tenant, k.source, text}
	})
}

// Bookmarks implements ledger.Usage.
func (l *Ledger) Bookmarks(ctx context.Context, source string) ([]ledger.Bookmark, error) {
	return list(ctx, l, func(t *tx, yield func(ledger.Bookmark) error) error {
		return t.query(`SELECT t.tenant, b.text FROM bookmarks b JOIN tenants t ON t.id = b.tenant_id WHERE b.source = ? ORDER BY t.tenant`,
			[]any{source}, func(row scanner) error {
				b := ledger.Bookmark{Source: source}
				if err := row.Scan(&b.Tenant, &b.Text); err != nil {
					return err
				}
				return yield(b)
			})
	})
}
