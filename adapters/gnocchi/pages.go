package gnocchi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"

	"github.com/openstack-artifice/artifice/internal/openstack"
)

const (
	pageLimit = "1000" // resources or metrics of a page; Gnocchi may give fewer
	maxPages  = 100_000
)

// pages yields the answers to a request and to the links that they hold, and
// ends after an error.
func (s *Source) pages(ctx context.Context, r openstack.Request) iter.Seq2[*openstack.Answer, error] {
	return func(yield func(*openstack.Answer, error) bool) {
		seen := map[string]bool{}
		for {
			answer, err := s.service.Do(ctx, r)
			if err != nil {
				yield(nil, advised(err))
				return
			}
			if !yield(answer, nil) || answer.Next() == "" {
				return
			}
			next, err := followed(answer.Next())
			if err != nil || seen[next] || len(seen) == maxPages {
				yield(nil, fmt.Errorf("%s: %s: the links to further pages lead in circles, or nowhere (does a proxy change them, or answer from a cache?)", s.cloud, answer.Place()))
				return
			}
			seen[next] = true
			r.Path, r.Query = next, nil
		}
	}
}

// followed is a link to a page without what Gnocchi makes of a posted body: it
// writes it into the query, in Python's notation.
func followed(link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil {
		return "", err
	}
	all, kept := u.Query(), url.Values{}
	for _, name := range []string{"history", "limit", "marker", "name", "sort"} {
		if values, ok := all[name]; ok {
			kept[name] = values
		}
	}
	if kept.Get("marker") == "" {
		return "", errors.New("no marker")
	}
	u.RawQuery = kept.Encode()
	return u.String(), nil
}
