package odootest

import (
	"fmt"
	"maps"
	"slices"
)

// A record holds what is stored of a record: nil for none, bool, int64,
// decimal, string, or []int64 for a field of many records. A record in a table
// is never changed, only replaced.
type record map[string]any

// A table is the records of a model.
type table struct {
	next  int64 // the next record's id
	rows  map[int64]record
	order []int64 // the ids, ascending
}

// A state is a database. Its tables are never changed once it is a server's:
// a transaction clones what it writes to.
type state map[string]*table

// A tx is a transaction: a state of its own that a server takes over when the
// transaction commits.
type tx struct {
	server *Server
	state  state
	own    map[string]bool // tables that were cloned
	user   int64
	sudo   bool // past all access rights
	// companies are those whose records it sees; new ones are of the first.
	companies []int64
	byLoad    bool              // it writes what load was given, every column
	claims    []string          // external ids that it made
	names     map[string]int64  // the records of external ids by what they name; nil: not looked at yet
	res       map[owner][]int64 // and by what they stand for
}

// An owner is a record of any model.
type owner struct {
	model string
	id    int64
}

func (s *Server) begin(user int64, sudo bool) *tx {
	return &tx{server: s, state: maps.Clone(s.state), own: map[string]bool{}, user: user, sudo: sudo, companies: []int64{Company}}
}

// write returns a table that may be changed.
func (t *tx) write(model string) *table {
	if !t.own[model] {
		old := t.state[model]
		if old == nil {
			old = &table{next: 1}
		}
		rows := maps.Clone(old.rows)
		if rows == nil {
			rows = map[int64]record{}
		}
		t.state[model] = &table{next: old.next, rows: rows, order: slices.Clone(old.order)}
		t.own[model] = true
	}
	return t.state[model]
}

// get returns a record, or nil where there is none.
func (t *tx) get(model string, id int64) record {
	if table := t.state[model]; table != nil {
		return table.rows[id]
	}
	return nil
}

// ids are the ids of a model's records, ascending.
func (t *tx) ids(model string) []int64 {
	if table := t.state[model]; table != nil {
		return slices.Clone(table.order)
	}
	return nil
}

// insert stores a new record as it is.
func (t *tx) insert(model string, values record) int64 {
	table := t.write(model)
	id := table.next
	table.next++
	table.rows[id] = values
	at, _ := slices.BinarySearch(table.order, id)
	table.order = slices.Insert(table.order, at, id)
	return id
}

// update stores some fields of a record as they are.
func (t *tx) update(model string, id int64, values record) {
	table := t.write(model)
	row := maps.Clone(table.rows[id])
	maps.Copy(row, values)
	table.rows[id] = row
}

func (t *tx) delete(model string, id int64) {
	table := t.write(model)
	delete(table.rows, id)
	if at, found := slices.BinarySearch(table.order, id); found {
		table.order = slices.Delete(table.order, at, at+1)
	}
	if model == externals {
		t.names = nil
	}
}

// text, number and link read a field of a record that may be none.
func (r record) text(name string) string {
	text, _ := r[name].(string)
	return text
}

func (r record) link(name string) int64 {
	id, _ := r[name].(int64)
	return id
}

func (r record) links(name string) []int64 {
	ids, _ := r[name].([]int64)
	return ids
}

func (r record) is(name string) bool {
	is, _ := r[name].(bool)
	return is
}

// A Snapshot is the state of a server at an instant: a backup.
type Snapshot struct{ state state }

// Snapshot takes a backup.
func (s *Server) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Snapshot{s.state}
}

// Restore brings a backup back. What was saved since is gone.
func (s *Server) Restore(b Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = b.state
}

// Add makes a record, past all access rights, and returns its id. It panics
// where the server would refuse.
func (s *Server) Add(model string, values Values) int64 {
	var id int64
	s.must(func(t *tx) { id = t.create(model, []any{fromValues(values)})[0] })
	return id
}

// Set changes fields of a record, past all access rights. It panics where the
// server would refuse.
func (s *Server) Set(model string, id int64, values Values) {
	s.must(func(t *tx) { t.change(model, []int64{id}, fromValues(values)) })
}

// Get returns what is stored of a record, or nil where there is none: nil for
// an empty field, a decimal for any number with a fraction, an id for a
// reference.
func (s *Server) Get(model string, id int64) Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.begin(0, true).get(model, id)
	if row == nil {
		return nil
	}
	return Values(maps.Clone(row))
}

// Find returns the records that a domain matches, archived ones too, by id.
func (s *Server) Find(model string, domain ...any) []int64 {
	var ids []int64
	s.must(func(t *tx) { ids = t.filter(model, fromAny(domain), context{"active_test": false}) })
	slices.Sort(ids)
	return ids
}

// Delete takes a record out, whatever refers to it.
func (s *Server) Delete(model string, id int64) {
	s.must(func(t *tx) { t.delete(model, id) })
}

// ExternalID returns the record that an external id, such as module.name,
// stands for. The id is 0 where there is none.
func (s *Server) ExternalID(name string) (model string, id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begin(0, true).external(name)
}

// SetDigits sets a decimal precision: "Product Price", "Discount" or "Product
// Unit of Measure".
func (s *Server) SetDigits(precision string, digits int) {
	ids := s.Find("decimal.precision", []any{"name", "=", precision})
	if len(ids) != 1 {
		panic(fmt.Sprintf("odootest: no decimal precision %q", precision))
	}
	s.Set("decimal.precision", ids[0], Values{"digits": digits})
}

// Reserve makes the next record of a model have at least this id.
func (s *Server) Reserve(model string, id int64) {
	s.must(func(t *tx) {
		if table := t.write(model); table.next < id {
			table.next = id
		}
	})
}

// must runs a transaction past all access rights and commits it.
func (s *Server) must(do func(*tx)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.begin(1, true)
	if err := catch(func() { do(t) }); err != nil {
		panic(fmt.Sprintf("odootest: %v", err))
	}
	s.state = t.state
}
