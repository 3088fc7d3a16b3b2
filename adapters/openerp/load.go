package openerp

import (
	"context"
	"errors"
	"fmt"
	nethttp "net/http"
	"strings"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
	"github.com/openstack-artifice/artifice/invoice"
)

// module is the part before the point of all external ids of this adapter.
const module = "__artifice__"

// errTaken says that Odoo refused records because others have their external
// ids: somebody else loads them at this moment.
var errTaken = errors.New("somebody else saves it at the same time")

// load saves records under the external ids in their column "id", those that
// are there as well as new ones, and returns their ids. Odoo answers a failure
// like a success, with messages.
func (s server) load(ctx context.Context, model string, fields []string, rows [][]string) ([]int64, error) {
	data := make([]any, len(rows))
	for i, row := range rows {
		data[i] = row
	}
	var answer struct {
		IDs      rpc.Records `json:"ids"`
		Messages []struct {
			Type    rpc.Text `json:"type"`
			Message rpc.Text `json:"message"`
		} `json:"messages"`
	}
	err := s.client.Call(ctx, model, "load", rpc.Args{rpc.Pos("fields", fields), rpc.Pos("data", data), s.context(false)}, &answer)
	var cut *rpc.TransportError
	if errors.As(err, &cut) && cut.Status == nethttp.StatusRequestEntityTooLarge {
		err = fmt.Errorf("%w (lower chunk, or let what stands before Odoo take larger requests)", err)
	}
	if err != nil {
		return nil, writeError(err)
	}
	var texts []string
	var failed, taken bool
	for _, m := range answer.Messages {
		text := printable(s.client.Clean(string(m.Message)))
		failed = failed || m.Type != "warning"
		texts = append(texts, text)
		// The text is PostgreSQL's, in its language: there is nothing else to
		// tell it by.
		taken = taken || strings.Contains(text, "duplicate key") || strings.Contains(text, "ir_model_data_module_name_uniq") || strings.Contains(text, "could not serialize")
	}
	switch {
	case len(answer.IDs) > 0 && !failed:
		return answer.IDs, nil
	case taken:
		return nil, fmt.Errorf("%w: Odoo says: %s", errTaken, list(texts))
	case len(texts) > 0:
		return nil, permanent("odoo did not take it: %s", list(texts))
	}
	return nil, invoice.UnknownOutcome(errors.New("odoo does not say whether it saved anything"))
}
