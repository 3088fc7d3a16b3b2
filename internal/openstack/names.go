package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/usage"
)

// A listing is how a service tells what its things are called.
type listing struct {
	thing    string
	kinds    []string // of the service in the catalog; the first that is there is asked
	api      string   // the version to ask for, where the endpoint has none
	path     string
	list     string // what the answer calls the things
	more     string // and the links to the next ones
	operator string // for messages: whose policy says who may list them
}

// listings are what there is to ask. Storage policies have names only: no
// service tells of ids.
var listings = map[usage.NameKind]listing{
	usage.FlavorNames: {
		thing: "flavor", operator: "Nova", kinds: []string{"compute"}, api: "v2.1",
		path: "flavors", list: "flavors", more: "flavors_links",
	},
	usage.VolumeTypeNames: {
		thing: "volume type", operator: "Cinder", kinds: []string{"block-storage", "volumev3", "volumev2", "volume"}, api: "v3",
		path: "types", list: "volume_types", more: "volume_type_links",
	},
}

// hasVersion matches the path of an endpoint that has its API's version.
var hasVersion = regexp.MustCompile(`/v[0-9]`)

// Names yields what Nova calls flavors and what Cinder calls volume types, the
// private ones included where the login may see them. Where the config has
// names = false nobody is asked, and a region without the service has no names.
// An error is yielded where something of the list cannot be read: what comes
// with it is not all.
func (c *Cloud) Names(ctx context.Context, of usage.NameKind) iter.Seq2[usage.Name, error] {
	return func(yield func(usage.Name, error) bool) {
		l, ok := listings[of]
		if !ok || !c.config.Names {
			return
		}
		called := map[string]string{}
		for n, err := range c.names(ctx, l) {
			if err == nil {
				called[n.ID] = n.Name
			}
			if !yield(n, err) {
				return
			}
		}
		for _, id := range slices.Sorted(maps.Keys(called)) {
			// Samples hold the one or the other, and look alike.
			name := called[id]
			if other, ok := called[name]; ok && other != name {
				err := fmt.Errorf("%s: the %s with the id %q is called %q, which is the id of the one that is called %q, so that samples cannot be understood (make one of them anew, or set names = false, and names.ID = NAME for the meter)",
					c, l.thing, id, name, other)
				if !yield(usage.Name{}, err) {
					return
				}
			}
		}
	}
}

// names yields what a service lists.
func (c *Cloud) names(ctx context.Context, l listing) iter.Seq2[usage.Name, error] {
	return func(yield func(usage.Name, error) bool) {
		t, err := c.token(ctx, "")
		if err != nil {
			yield(usage.Name{}, err)
			return
		}
		s, path, err := c.lister(t, l)
		if s == nil && err == nil {
			return
		}
		seen := map[string]bool{}
		for last, more := "", true; more && err == nil; {
			var p *namePage
			if p, err = s.namePage(ctx, l, path, last); err != nil {
				break
			}
			last = ""
			for _, text := range p.things {
				n, err := decodeName(text)
				if err != nil {
					err = fmt.Errorf("%s: %s lists what is no %s: %s", c, l.operator, l.thing, oneLine(err.Error()))
				}
				if !yield(n, err) {
					return
				}
				last = n.ID
			}
			if more = p.more; more && (seen[last] || last == "" || len(seen) == maxPages) {
				err = fmt.Errorf("%s: %s's list of every %s does not end: a page leads to itself, or nowhere", c, l.operator, l.thing)
			}
			seen[last] = true
		}
		if err != nil {
			yield(usage.Name{}, l.remedy(ctx, err))
		}
	}
}

// remedy says what to do about a list that cannot be had. What was billed by its
// name must not be billed by its id because a service is down.
func (l listing) remedy(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrLogin):
		return err
	case forbidden(err):
		return fmt.Errorf("%w; the login may not list what each %s is called (let %s's policy allow it, or set names = false where samples tell names themselves)", err, l.thing, l.operator)
	}
	return fmt.Errorf("%w; what each %s is called is not known (set names = false where samples tell names themselves)", err, l.thing)
}

// lister is the service that has a listing, and the path to it: nil where the
// region has none.
func (c *Cloud) lister(t *token, l listing) (*Service, string, error) {
	for _, kind := range l.kinds {
		if !c.offers(t.catalog, kind) {
			continue
		}
		endpoint, err := c.choose(t.catalog, kind)
		if err != nil {
			return nil, "", err
		}
		path := l.path
		if !hasVersion.MatchString(endpoint.URL.Path) {
			path = l.api + "/" + path
		}
		return c.Service(kind, nil), path, nil
	}
	return nil, "", nil
}

// A namePage is one of a list of things that have names.
type namePage struct {
	things []json.RawMessage
	more   bool // whether it says that there is a next one
}

// namePage asks for what follows the thing with the id after, or for the first
// page. No link is followed: services make them of what they believe to be their
// own URL.
func (s *Service) namePage(ctx context.Context, l listing, path, after string) (*namePage, error) {
	query := url.Values{"is_public": {"None"}}
	if after != "" {
		query.Set("marker", after)
	}
	answer, err := s.Do(ctx, Request{Path: path, Query: query})
	if err != nil {
		return nil, err
	}
	return decodeNames(answer, l)
}

// decodeNames reads what Nova and Cinder answer:
//
//	{"flavors": [{"id": "...", "name": "...", ...}], "flavors_links": [{"rel": "next", "href": "..."}]}
func decodeNames(answer *Answer, l listing) (*namePage, error) {
	var body map[string]json.RawMessage
	if err := answer.Decode(&body); err != nil {
		return nil, err
	}
	var things *[]json.RawMessage
	if err := json.Unmarshal(body[l.list], &things); err != nil || things == nil {
		return nil, fmt.Errorf("%s: the answer of %s has no list %s; is the catalog's endpoint %s's?", answer.cloud, answer.Place(), l.list, l.operator)
	}
	var links []struct{ Rel string }
	if text, ok := body[l.more]; ok {
		if err := json.Unmarshal(text, &links); err != nil {
			return nil, fmt.Errorf("%s: the answer of %s has %s that are none", answer.cloud, answer.Place(), l.more)
		}
	}
	p := &namePage{things: *things}
	for _, link := range links {
		p.more = p.more || strings.EqualFold(link.Rel, "next")
	}
	return p, nil
}

func decodeName(text json.RawMessage) (usage.Name, error) {
	var n struct{ ID, Name string }
	if err := json.Unmarshal(text, &n); err != nil {
		return usage.Name{}, err
	}
	if n.ID == "" || n.Name == "" {
		return usage.Name{}, errors.New("it has no id or no name")
	}
	return usage.Name{ID: n.ID, Name: n.Name}, nil
}
