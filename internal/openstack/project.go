package openstack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/openstack-artifice/artifice/usage"
)

// A project is one of Keystone's.
type project struct {
	id, name, domain string
	tags             []string
	extra            map[string]string // everything else that has a text
}

// UnmarshalJSON takes a project as Keystone shows it. Its keys are Keystone's
// own and any that an operator gave it.
func (p *project) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	*p = project{extra: make(map[string]string, len(members))}
	for key, value := range members {
		switch key {
		case "links", "options", "is_domain": // about the API, not the project
		case "id":
			p.id = textOf(value)
		case "name":
			p.name = textOf(value)
		case "tags":
			// Tags of another shape are no reason to know no tenants.
			_ = json.Unmarshal(value, &p.tags)
			p.extra[key] = strings.Join(p.tags, ",")
		default:
			p.extra[key] = textOf(value)
		}
		if p.extra[key] == "" {
			delete(p.extra, key)
		}
	}
	p.domain = p.extra["domain_id"]
	if p.id == "" {
		return errors.New("a project without an id")
	}
	return nil
}

// textOf is a JSON value as a text: that of a string itself, of null none, of
// anything else its JSON, numbers digit by digit.
func textOf(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text // "" for null
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, value); err != nil {
		return ""
	}
	return compact.String()
}

// tenant is the project as a source tells of it. The domain's name comes along
// where it is known.
func (p *project) tenant(domains map[string]string) usage.Tenant {
	if name := domains[p.domain]; name != "" {
		p.extra["domain_name"] = name
	}
	return usage.Tenant{ID: p.id, Name: p.name, Extra: p.extra}
}

// A page is one of a list of projects or of domains.
type page struct {
	projects []json.RawMessage
	domains  []domain
	next     string // the link to the next page, "" on the last
	// truncated says that Keystone left some out, and has no further page.
	truncated bool
}

type domain struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// decodePage reads Keystone's answer to a request for a list.
func decodePage(answer *Answer, list string) (*page, error) {
	var body struct {
		Projects *[]json.RawMessage `json:"projects"`
		Domains  *[]domain          `json:"domains"`
		Links    struct {
			Next *string `json:"next"`
		} `json:"links"`
		Truncated bool `json:"truncated"`
	}
	if err := answer.Decode(&body); err != nil {
		return nil, err
	}
	p := &page{truncated: body.Truncated}
	switch {
	case list == "projects" && body.Projects != nil:
		p.projects = *body.Projects
	case list == "domains" && body.Domains != nil:
		p.domains = *body.Domains
	default:
		return nil, fmt.Errorf("%s: the answer of %s has no %s; is auth_url Keystone's?", answer.cloud, answer.Place(), list)
	}
	if body.Links.Next != nil && *body.Links.Next != "" {
		p.next = absolute(answer.URL, *body.Links.Next)
	}
	return p, nil
}
