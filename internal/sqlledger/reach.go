package sqlledger

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// The table reaching has the series of which the last fold's state lasts to the
// end of its window or longer. They are few beside all that there ever were,
// and a series that lasts stays there unwritten, however often it is folded.
// What is told of them is read from their folds.

// lastFold is what of the folds of a series, in column, is its last.
func lastFold(column string) string {
	return ` f.series_id = ` + column + ` AND f.hour = (SELECT max(l.hour) FROM folds l WHERE l.series_id = ` + column + `)`
}

var selectReaching = `SELECT s.source, s.meter, s.resource, f.hour, f.until FROM reaching r CROSS JOIN series s CROSS JOIN folds f
	WHERE s.id = r.series_id AND s.source = ? AND` + lastFold(`r.series_id`) + ` ORDER BY s.meter, s.resource`

// Reaching implements ledger.Usage.
func (l *Ledger) Reaching(ctx context.Context, source string) iter.Seq2[ledger.Reach, error] {
	return sequence(ctx, l, func(t *tx, yield func(ledger.Reach) error) error {
		return t.query(selectReaching, []any{source}, func(row scanner) error {
			var reach ledger.Reach
			var hour int64
			if err := row.Scan(&reach.Source, &reach.Meter, &reach.Resource, &hour, (*instant)(&reach.Until)); err != nil {
				return err
			}
			reach.Through = window(hour).End
			return yield(reach)
		})
	})
}

// lastFolds begins with a list of series, as the queries over stretches do.
var lastFolds = ` AS v CROSS JOIN folds f WHERE` + lastFold(`v.column1`)

// reach keeps which of some series, of which folds were written, reach on.
func (t *tx) reach(series []int64) error {
	for chunk := range slices.Chunk(series, atOnce) {
		known := map[int64]bool{}
		err := t.query(`SELECT series_id FROM reaching WHERE series_id IN `+tuples(1, len(chunk)), anys(chunk), func(row scanner) error {
			var id int64
			err := row.Scan(&id)
			known[id] = true
			return err
		})
		if err != nil {
			return err
		}
		var added, ended []any
		err = t.query(`SELECT f.series_id, f.hour, f.until FROM (VALUES `+numberTuples(len(chunk), 1)+`)`+lastFolds, anys(chunk), func(row scanner) error {
			var id, hour int64
			var until instant
			if err := row.Scan(&id, &hour, &until); err != nil {
				return err
			}
			switch reaches := !time.Time(until).Before(window(hour).End); {
			case reaches && !known[id]:
				added = append(added, id)
			case known[id] && !reaches:
				ended = append(ended, id)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(added) > 0 {
			if err := t.db.Insert(t.ctx, t.Conn, "reaching", []string{"series_id"}, added); err != nil {
				return err
			}
		}
		if len(ended) > 0 {
			if err := t.exec(`DELETE FROM reaching WHERE series_id IN `+tuples(1, len(ended)), ended...); err != nil {
				return err
			}
		}
	}
	return nil
}
