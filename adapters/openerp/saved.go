package openerp

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
	"github.com/openstack-artifice/artifice/invoice"
)

// A saved is an account.move as it is read back.
type saved struct {
	ID       int64           `json:"id"`
	Name     rpc.Text        `json:"name"`
	State    rpc.Text        `json:"state"` // draft, posted or cancel
	Type     rpc.Text        `json:"move_type"`
	Origin   rpc.Text        `json:"invoice_origin"`
	Untaxed  decimal.Decimal `json:"amount_untaxed"`
	Date     date            `json:"date"`
	Invoiced date            `json:"invoice_date"`
	Partner  rpc.Many2One    `json:"partner_id"`
	Currency rpc.Many2One    `json:"currency_id"`
	Position rpc.Many2One    `json:"fiscal_position_id"`
	// PostedBefore stays true of a move that a person has reset to draft.
	PostedBefore bool `json:"posted_before"`
	// Lines are those that are not Odoo's own. They are read in the same call
	// as the state and the total: while somebody adds lines and posts, one
	// would not fit the other.
	Lines rpc.Records `json:"invoice_line_ids"`

	mark mark
}

var savedFields = []string{"name", "state", "move_type", "invoice_origin", "amount_untaxed", "date", "invoice_date", "partner_id", "currency_id", "fiscal_position_id", "posted_before", "invoice_line_ids"}

// The states of a move.
const (
	drafted   = "draft"
	posted    = "posted"
	cancelled = "cancel"
)

// reference is what the invoice is called. A number alone would not do: Odoo
// gives one again where the last invoice of a year was deleted.
func (s *saved) reference() string {
	if s.State == posted {
		return fmt.Sprintf("%s, %s", s.Name, s)
	}
	return "draft, " + s.String()
}

// String is the record, as it can be found in Odoo's own addresses.
func (s *saved) String() string { return fmt.Sprintf("account.move %d", s.ID) }

// lookUp returns the move that has the order's key, nil where there is none.
func (d *draft) lookUp(ctx context.Context) (*saved, error) {
	g, err := d.erp.ground(ctx)
	if err != nil {
		return nil, err
	}
	id, err := g.server.external(ctx, "account.move", d.order.Key)
	if err != nil || id == 0 {
		return nil, err
	}
	return d.read(ctx, g.server, id)
}

// external returns the id of the record that has an external id, 0 where there
// is none.
func (s server) external(ctx context.Context, model, name string) (int64, error) {
	var found []jsontext.Value
	err := s.client.Call(ctx, "ir.model.data", "check_object_reference", rpc.Args{rpc.Pos("module", module), rpc.Pos("xml_id", name), s.context(false)}, &found)
	if isMissing(err) {
		return 0, nil
	}
	if err != nil {
		return 0, readError(err)
	}
	var of rpc.Text
	var id rpc.Many2One
	if len(found) != 2 || json.Unmarshal(found[0], &of) != nil || json.Unmarshal(found[1], &id) != nil || string(of) != model {
		return 0, permanent("odoo has something else than a record of %s under the external id %s.%s", model, module, name)
	}
	if id.ID == 0 {
		return 0, permanent("odoo knows the external id %s.%s, and shows no record for it: it is another company's, the user may not read it, or it is gone from the database (look there before you delete the external id)", module, name)
	}
	return id.ID, nil
}

// read reads a move. It returns nil where the move was deleted.
func (d *draft) read(ctx context.Context, s server, id int64) (*saved, error) {
	var found []*saved
	err := s.client.Call(ctx, "account.move", "read", rpc.Args{rpc.IDs(id), rpc.Named("fields", savedFields), s.context(false)}, &found)
	if isMissing(err) || err == nil && len(found) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, readError(err)
	}
	at := found[0]
	at.Untaxed = withoutNoise(at.Untaxed)
	var ok bool
	if at.mark, ok = parseMark(string(at.Origin)); !ok || at.mark.key != d.order.Key {
		return nil, altered("%s has the order's external id, but its source is %q, which Artifice did not write (put the source back; or cancel or credit it there and void the order here)", at, at.Origin)
	}
	return at, nil
}

// A stage is how far saving an order has come.
type stage int

const (
	stageBegun  stage = iota // a draft with some of the lines
	stageWhole               // a draft with all of them
	stagePosted              // an invoice
)

// judge tells how far a move is. Its error says why it cannot be the order's,
// or not any more, and what a person is to do.
func (d *draft) judge(s *saved) (stage, error) {
	if err := d.sameContent(s); err != nil {
		return 0, err
	}
	switch {
	case s.State == cancelled:
		return 0, permanent("%w: %s was cancelled in Odoo (reset it to draft there where it holds, or else void the order here)", invoice.ErrCancelled, s)
	case s.State == drafted && s.PostedBefore && d.erp.config.Post:
		return 0, altered("%s was posted as %s, and reset to draft in Odoo (post it there again, or else cancel it there and void the order here)", s, s.Name)
	case s.State == drafted && !s.PostedBefore && len(s.Lines) < s.mark.lines:
		return stageBegun, nil
	case len(s.Lines) != s.mark.lines:
		return 0, altered("%s has %d lines, and the order has %d: somebody changed it in Odoo (put it right there, or cancel or credit it there and void the order here)", s, len(s.Lines), s.mark.lines)
	case !s.Untaxed.Equal(s.mark.total):
		return 0, altered("%s comes to %s %s untaxed in Odoo, and the order to %s %s (find out why; then put it right or delete the draft, or credit it there and void the order here)",
			s, s.Untaxed, s.Currency.Name, s.mark.total, d.order.Currency)
	case s.Currency.Name != d.order.Currency:
		return 0, altered("%s is in %s, and the order in %s", s, s.Currency.Name, d.order.Currency)
	case s.State == posted:
		return stagePosted, nil
	case s.State != drafted:
		return 0, altered("%s is in the state %q, which Artifice does not know", s, s.State)
	}
	return stageWhole, nil
}

// Find returns what Odoo calls the order's invoice, where it has all of it: its
// lines, and, with post = true, its number. A draft is looked at as closely as
// Commit does: what Commit has refused, Find does not take.
func (d *draft) Find(ctx context.Context) (reference string, err error) {
	at, err := d.lookUp(ctx)
	if err != nil {
		return "", fmt.Errorf("looking for the invoice: %w", err)
	}
	if at == nil {
		return "", fmt.Errorf("%w: Odoo has none with the key %s", invoice.ErrNotFound, d.order.Key)
	}
	found, err := d.judge(at)
	if err == nil && found == stageWhole && !d.erp.config.Post {
		err = d.check(ctx, at)
	}
	switch {
	case errors.Is(err, errOther):
		return "", d.explainOther(ctx, at)
	case err != nil:
		return "", err
	case found == stageBegun:
		return "", fmt.Errorf("%w: %s has %d of the %d lines of order %s", invoice.ErrUnfinished, at, len(at.Lines), at.mark.lines, d.order.Key)
	case found == stageWhole && d.erp.config.Post:
		return "", fmt.Errorf("%w: %s, of order %s, is not posted yet", invoice.ErrUnfinished, at, d.order.Key)
	}
	return at.reference(), nil
}

// SameReference reports whether both are the same record, and the first is that
// of a draft, which a person may have posted since.
func (a *Invoice) SameReference(saved, found string) bool {
	record, ok := strings.CutPrefix(saved, "draft, ")
	return saved == found || ok && strings.HasSuffix(found, ", "+record)
}
