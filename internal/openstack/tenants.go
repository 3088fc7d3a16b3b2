package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/openstack-artifice/artifice/usage"
)

// maxPages bounds a list whose links lead in circles.
const maxPages = 10_000

// Tenants yields the projects that the config takes, the disabled included,
// each once. What an operator gave a project beyond Keystone's own keys comes
// along as text in Extra, beside description, domain_id, domain_name, enabled,
// parent_id and tags. An error is yielded where a project cannot be read, or
// some may be missing; the sequence then goes on where it can.
func (c *Cloud) Tenants(ctx context.Context) iter.Seq2[usage.Tenant, error] {
	return func(yield func(usage.Tenant, error) bool) {
		names, ids, err := c.domains(ctx)
		if err != nil && !yield(usage.Tenant{}, err) || ctx.Err() != nil {
			return
		}
		filter := c.config.Tenants
		seen, called := map[string]bool{}, map[string]bool{} // ids, and names
		whole := true
		for p, err := range c.projects(ctx, names, ids) {
			switch {
			case err != nil:
				if whole = false; !yield(usage.Tenant{}, err) {
					return
				}
			case !seen[p.id] && filter.takes(p, ids):
				seen[p.id], called[p.name] = true, true
				if !yield(p.tenant(names), nil) {
					return
				}
			}
		}
		if !whole {
			return // nobody knows what is absent
		}
		absent, missing := filter.absent(seen, called)
		for _, id := range absent {
			exists, err := c.Exists(ctx, id)
			switch {
			case err == nil && exists: // so another key does not take it
				missing = append(missing, id)
			case err == nil || forbidden(err):
				if !yield(usage.Tenant{ID: id}, nil) {
					return
				}
			case !yield(usage.Tenant{}, err):
				return
			}
		}
		if len(missing) > 0 && ctx.Err() == nil {
			// A bill that nobody gets because of a typing error would be missed by nobody.
			yield(usage.Tenant{}, fmt.Errorf("%s: tenants.include: there is no project %s that the other keys take (list one that was deleted by its id)", c, quotedList(missing)))
		}
	}
}

// quotedList quotes names of which there is none.
func quotedList(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(name)
	}
	return strings.Join(quoted, ", nor ")
}

// Exists reports whether Keystone knows a project, whether the config takes it
// or not. One that was deleted it does not know any more; what else may answer
// so, a proxy say, is an error: a project would be billed, or not, by mistake.
func (c *Cloud) Exists(ctx context.Context, id string) (bool, error) {
	answer, err := c.identity.Do(ctx, Request{Path: "projects/" + url.PathEscape(id), Accept: []int{http.StatusNotFound}})
	if err != nil {
		if forbidden(err) {
			err = fmt.Errorf("%w; the login may not look up projects (give it the role admin in its project)", err)
		}
		return false, err
	}
	return answer.hasProject(id)
}

// hasProject reads Keystone's answer to a request for a project.
func (a *Answer) hasProject(id string) (bool, error) {
	var told struct {
		Project struct {
			ID string `json:"id"`
		} `json:"project"`
		Error struct {
			Code int `json:"code"`
		} `json:"error"`
	}
	if err := a.Decode(&told); err != nil {
		return false, err
	}
	exists := a.Status != http.StatusNotFound
	if exists && told.Project.ID != id || !exists && told.Error.Code != http.StatusNotFound {
		return false, fmt.Errorf("%s: %s answers %d, and not as Keystone does (does something else answer there?)", a.cloud, a.Place(), a.Status)
	}
	return exists, nil
}

// domains returns the names of the domains by id, and the ids of those that the
// config lists. A user that may list no domains may list projects all the same.
func (c *Cloud) domains(ctx context.Context) (names map[string]string, ids []string, err error) {
	names = map[string]string{}
	byName := map[string]string{}
	for p, err := range c.pages(ctx, "domains", "domains", nil) {
		if forbidden(err) {
			break
		} else if err != nil {
			return names, c.config.Tenants.Domain, err
		}
		for _, d := range p.domains {
			names[d.ID], byName[d.Name] = d.Name, d.ID
		}
	}
	var wrong []error
	for _, domain := range c.config.Tenants.Domain {
		switch {
		case names[domain] != "":
			ids = append(ids, domain)
		case byName[domain] != "":
			ids = append(ids, byName[domain])
		case len(names) == 0 && (isID(domain) || domain == "default"):
			ids = append(ids, domain)
		case len(names) == 0:
			wrong = append(wrong, fmt.Errorf("%s: tenants.domain: the login may not look up the domain %q (write its id)", c, domain))
		default:
			wrong = append(wrong, fmt.Errorf("%s: tenants.domain: there is no domain %q", c, domain))
		}
	}
	return names, ids, errors.Join(wrong...)
}

// projects yields the projects of the domains in ids, or of all if the config
// lists none, with others perhaps. Where Keystone's own limit cuts the list
// of all off, it is asked for each domain.
func (c *Cloud) projects(ctx context.Context, names map[string]string, ids []string) iter.Seq2[*project, error] {
	return func(yield func(*project, error) bool) {
		path := "projects"
		if c.config.Tenants.Own {
			path = "auth/projects"
		}
		if len(c.config.Tenants.Domain) == 0 {
			cut, more := c.projectsOf(ctx, path, "", yield)
			if !cut || !more {
				return
			}
			if len(names) < 2 || path != "projects" {
				yield(nil, c.errTruncated(""))
				return
			}
			for id := range names {
				ids = append(ids, id)
			}
		}
		for _, id := range ids {
			cut, more := c.projectsOf(ctx, path, id, yield)
			if !more || cut && !yield(nil, c.errTruncated(id)) {
				return
			}
		}
	}
}

func (c *Cloud) errTruncated(domain string) error {
	which := "all projects"
	if domain != "" {
		which = fmt.Sprintf("the projects of domain %q", domain)
	}
	return fmt.Errorf("%s: Keystone cuts the list of %s off, so tenants are missing (raise list_limit in its config)", c, which)
}

// projectsOf yields the projects of a domain, or of all if it is "". It returns
// whether Keystone cut the list off, and whether to go on.
func (c *Cloud) projectsOf(ctx context.Context, path, domain string, yield func(*project, error) bool) (cut, more bool) {
	query := url.Values{}
	if domain != "" {
		query.Set("domain_id", domain)
	}
	if tags := c.config.Tenants.Tag; len(tags) > 0 {
		query.Set("tags-any", strings.Join(tags, ","))
	}
	for page, err := range c.pages(ctx, path, "projects", query) {
		if err != nil {
			return cut, yield(nil, err) && ctx.Err() == nil
		}
		cut = page.truncated && page.next == ""
		for _, text := range page.projects {
			p := new(project)
			if err := json.Unmarshal(text, p); err != nil {
				err = fmt.Errorf("%s: Keystone lists what is no project: %s", c, oneLine(err.Error()))
				if !yield(nil, err) {
					return cut, false
				}
			} else if !yield(p, nil) {
				return cut, false
			}
		}
	}
	return cut, true
}

// pages yields the pages of a list, and ends after an error.
func (c *Cloud) pages(ctx context.Context, path, list string, query url.Values) iter.Seq2[*page, error] {
	return func(yield func(*page, error) bool) {
		seen := map[string]bool{}
		for request := (Request{Path: path, Query: query}); ; {
			answer, err := c.identity.Do(ctx, request)
			if err != nil {
				if forbidden(err) && list == "projects" {
					err = fmt.Errorf("%w; the login may not list projects (give it the role admin in its project, or set tenants.own = true for the projects that it is a member of)", err)
				}
				yield(nil, err)
				return
			}
			p, err := decodePage(answer, list)
			if err != nil || !yield(p, nil) || p.next == "" {
				if err != nil {
					yield(nil, err)
				}
				return
			}
			if seen[p.next] || len(seen) == maxPages {
				yield(nil, fmt.Errorf("%s: Keystone's list of %s does not end: its links lead in circles", c, list))
				return
			}
			seen[p.next] = true
			request = Request{Path: p.next}
		}
	}
}

// forbidden reports whether the login's roles are too few.
func forbidden(err error) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Status == http.StatusForbidden
}
