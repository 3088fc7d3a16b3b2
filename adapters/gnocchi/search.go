package gnocchi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/openstack-artifice/artifice/internal/openstack"
)

// search yields the resources of a type that lived at some time from r.lived on,
// each with its history since. A type of which Gnocchi says that it has none has
// none; any other 404 is somebody else's, and would forget all of them. A resource
// with a row that cannot be right comes with an error.
func (r *reading) search(ctx context.Context, kind string) iter.Seq2[*resource, error] {
	return func(yield func(*resource, error) bool) {
		var (
			rows  []row
			wrong []error
			first = true
		)
		// deliver yields the resource whose rows came last.
		deliver := func() bool {
			if len(rows) == 0 {
				return true
			}
			res, err := gather(rows), errors.Join(wrong...)
			rows, wrong = nil, nil
			if err != nil {
				return yield(res, fmt.Errorf("%s: type %s: %w (correct or delete it in Gnocchi)", r.cloud, kind, err))
			}
			return res.gone || yield(res, nil)
		}
		for answer, err := range r.pages(ctx, searchRequest(kind, r.lived)) {
			var page []json.RawMessage
			if err == nil {
				err = answer.Decode(&page)
			}
			if first && isNoType(err) {
				return
			}
			first = false
			if err != nil {
				yield(nil, err) // rows may lack some of their resource's
				return
			}
			for _, text := range page {
				var w row
				err := json.Unmarshal(text, &w)
				if len(rows) > 0 && rows[0].id != w.id && !deliver() {
					return
				}
				rows = append(rows, w)
				if err != nil {
					wrong = append(wrong, err)
				}
			}
		}
		deliver()
	}
}

// searchRequest asks for revisions that held from an instant on, sorted so that
// those of a resource follow one another.
func searchRequest(kind string, from time.Time) openstack.Request {
	since := func(name string) map[string]any {
		return map[string]any{"or": []any{
			map[string]any{"=": map[string]any{name: nil}},
			map[string]any{">=": map[string]any{name: from.UTC().Format(time.RFC3339Nano)}},
		}}
	}
	body, _ := json.Marshal(map[string]any{"and": []any{since("ended_at"), since("revision_end")}}) // texts only: it cannot fail
	return openstack.Request{
		Method:     http.MethodPost,
		Path:       "v1/search/resource/" + url.PathEscape(kind),
		Query:      url.Values{"history": {"true"}, "limit": {pageLimit}, "sort": {"id:asc"}},
		Body:       body,
		Repeatable: true,
	}
}
