package sqlledger

import (
	"fmt"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// atOnce is how many rows or names one query is about.
const atOnce = 100

// A name is what the row of a register stands for, up to three texts.
type name [3]string

func tenantName(tenant string) name   { return name{tenant} }
func seriesName(s ledger.Series) name { return name{s.Source, s.Meter, s.Resource} }
func kindName(e *usage.Entry) name    { return name{e.Datacenter, e.Service, e.Unit} }
func seriesOf(e usage.Entry) ledger.Series {
	return ledger.Series{Source: e.Source, Meter: e.Meter, Resource: e.Resource}
}

// A register is a table of names, by whose numbers other rows refer to them.
type register struct {
	table   string
	columns []string
	ids     map[name]int64 // 0 for those that are wanted
	wanted  []name
	added   map[int64]bool
}

// names are the registers as one transaction knows them.
type names struct{ tenants, series, kinds register }

func newNames() *names {
	of := func(table string, columns ...string) register {
		return register{table: table, columns: columns, ids: map[name]int64{}, added: map[int64]bool{}}
	}
	return &names{
		tenants: of("tenants", "tenant"),
		series:  of("series", "source", "meter", "resource"),
		kinds:   of("kinds", "datacenter", "service", "unit"),
	}
}

// want asks for the number of a name at the next find or resolve.
func (r *register) want(n name) {
	if _, ok := r.ids[n]; !ok {
		r.ids[n] = 0
		r.wanted = append(r.wanted, n)
	}
}

// find looks the wanted names up. Those that are not there keep the number 0.
func (r *register) find(t *tx) error {
	columns := strings.Join(r.columns, ", ")
	for chunk := range slices.Chunk(r.wanted, atOnce) {
		err := t.query(`SELECT id, `+columns+` FROM `+r.table+` WHERE (`+columns+`) IN (VALUES `+tuples(len(chunk), len(r.columns))+`)`,
			r.texts(chunk), r.read)
		if err != nil {
			return err
		}
	}
	r.wanted = slices.DeleteFunc(r.wanted, func(n name) bool { return r.ids[n] != 0 })
	return nil
}

// resolve looks the wanted names up, and gives those that are new a number.
func (r *register) resolve(t *tx) error {
	if err := r.find(t); err != nil {
		return err
	}
	// In one order everywhere, so that two transactions do not wait for each other.
	slices.SortFunc(r.wanted, func(a, b name) int { return slices.Compare(a[:], b[:]) })
	columns := strings.Join(r.columns, ", ")
	for chunk := range slices.Chunk(r.wanted, atOnce) {
		added := 0
		err := t.query(`INSERT INTO `+r.table+` (`+columns+`) VALUES `+tuples(len(chunk), len(r.columns))+
			` ON CONFLICT DO NOTHING RETURNING id, `+columns, r.texts(chunk), func(row scanner) error {
			added++
			return r.read(row)
		})
		if err != nil {
			return err
		}
		if added != len(chunk) {
			return fmt.Errorf("%w: it added to %s", ErrAgain, r.table)
		}
		for _, n := range chunk {
			r.added[r.ids[n]] = true
		}
	}
	r.wanted = nil
	return nil
}

func (r *register) read(row scanner) error {
	var id int64
	var n name
	err := row.Scan([]any{&id, &n[0], &n[1], &n[2]}[:1+len(r.columns)]...)
	r.ids[n] = id
	return err
}

func (r *register) texts(names []name) []any {
	args := make([]any, 0, len(names)*len(r.columns))
	for i := range names {
		for _, text := range names[i][:len(r.columns)] {
			args = append(args, text)
		}
	}
	return args
}

// resolve looks up all that is wanted, and adds what is new.
func (n *names) resolve(t *tx) error {
	for _, r := range []*register{&n.tenants, &n.series, &n.kinds} {
		if err := r.resolve(t); err != nil {
			return err
		}
	}
	return nil
}

// tenantID returns the number of a tenant, and gives it one where it is new.
func (t *tx) tenantID(tenant string) (int64, error) {
	n := newNames()
	n.tenants.want(tenantName(tenant))
	err := n.tenants.resolve(t)
	return n.tenants.ids[tenantName(tenant)], err
}

// lock locks tenants against other transactions that change them.
func (t *tx) lock(ids ...int64) error {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return nil
	}
	return t.db.LockTenants(t.ctx, t.Conn, ids)
}

// tuples is the text of so many rows of placeholders: (?, ?), (?, ?).
func tuples(rows, columns int) string {
	return repeated(rows, "("+repeated(columns, "?")+")")
}

// numberTuples is tuples for numbers: in a list of rows, a database has
// nothing else to tell by that they are.
func numberTuples(rows, columns int) string {
	return repeated(rows, "("+repeated(columns, "CAST(? AS BIGINT)")+")")
}

func repeated(n int, text string) string {
	return strings.TrimSuffix(strings.Repeat(text+", ", n), ", ")
}
