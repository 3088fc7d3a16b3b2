package openstack

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// A TenantFilter says which projects are tenants: those that every key which is
// set takes.
type TenantFilter struct {
	// Domain lists domains, by name or id.
	Domain []string `ini:"domain"`
	// Name lists patterns of names, as a shell has them.
	Name []string `ini:"name"`
	// Tag lists tags, of which a project has one at least.
	Tag []string `ini:"tag"`
	// Include lists projects, by name or id: no others count. One that is listed
	// by id counts even when Keystone does not know it any more.
	Include []string `ini:"include"`
	// Ignore lists projects that do not count, by name or id. Alone it lets all
	// others count, also those that Keystone does not know any more: of these it
	// matches ids only.
	Ignore []string `ini:"ignore"`
	// Deleted takes every project that Keystone does not know any more, for
	// nobody can tell whether the other keys would have taken it, unless Ignore
	// lists its id. Without other keys, or with Ignore alone, they count anyway.
	Deleted bool `ini:"deleted"`
	// Own asks for the projects that the login's user is a member of, for users
	// that may not list all.
	Own bool `ini:"own"`
}

func (f TenantFilter) validate(wrong *mistakes) {
	if f.Deleted && f.Own {
		wrong.add("tenants.deleted", "needs the list of all projects, and tenants.own asks for the login's own (remove one of both)")
	}
	for _, pattern := range f.Name {
		if _, err := path.Match(pattern, ""); err != nil {
			wrong.add("tenants.name", "%q is not a pattern (write * for any text, ? for one character, [a-z] for a range)", pattern)
		}
	}
	for _, tag := range f.Tag {
		if strings.ContainsAny(tag, "/,") {
			wrong.add("tenants.tag", "%q holds a slash or a comma, which no tag in Keystone can have", tag)
		}
	}
	for _, project := range f.Include {
		if slices.Contains(f.Ignore, project) {
			wrong.add("tenants.ignore", "%q is in tenants.include, too (remove one of both)", project)
		}
	}
}

// narrows reports whether some projects may not count.
func (f TenantFilter) narrows() bool {
	return f.Own || len(f.Domain)+len(f.Name)+len(f.Tag)+len(f.Include)+len(f.Ignore) > 0
}

// ignoresOnly reports whether all count but those that Ignore lists.
func (f TenantFilter) ignoresOnly() bool {
	only := f
	only.Ignore = nil
	return f.narrows() && !only.narrows()
}

// takes reports whether a project counts. Keystone may not know a filter, and
// passes over what it does not know, so all are applied here. domains are the
// ids of those that Domain lists.
func (f TenantFilter) takes(p *project, domains []string) bool {
	named := func(list []string) bool { return slices.Contains(list, p.id) || slices.Contains(list, p.name) }
	switch {
	case len(f.Domain) > 0 && !slices.Contains(domains, p.domain):
	case len(f.Name) > 0 && !slices.ContainsFunc(f.Name, p.isCalled):
	case len(f.Tag) > 0 && !slices.ContainsFunc(f.Tag, func(tag string) bool { return slices.Contains(p.tags, tag) }):
	case len(f.Include) > 0 && !named(f.Include):
	case named(f.Ignore):
	default:
		return true
	}
	return false
}

// idle says which values of the keys take none of the projects that the other
// keys take, or ignore none. domains are the ids of those that Domain lists, one
// for each. What Include lists and nobody knows is an error of its own.
func (f TenantFilter) idle(projects []*project, domains []string) (idle []string) {
	check := func(key, value string, only TenantFilter, domains []string) {
		if !slices.ContainsFunc(projects, func(p *project) bool { return only.takes(p, domains) }) {
			idle = append(idle, fmt.Sprintf("%s: %q is in vain: no project that the other keys take has it (look how it is written)", key, value))
		}
	}
	for i, value := range f.Domain {
		check("tenants.domain", value, f, domains[i:i+1])
	}
	for _, value := range f.Name {
		only := f
		only.Name = []string{value}
		check("tenants.name", value, only, domains)
	}
	for _, value := range f.Tag {
		only := f
		only.Tag = []string{value}
		check("tenants.tag", value, only, domains)
	}
	for _, value := range f.Ignore {
		only := f
		only.Include, only.Ignore = []string{value}, nil
		if !isID(value) { // that may be of one which was deleted
			check("tenants.ignore", value, only, domains)
		}
	}
	return idle
}

// isCalled reports whether a pattern matches the name. A slash in a name is like
// any other character.
func (p *project) isCalled(pattern string) bool {
	const other = "\x00"
	ok, err := path.Match(strings.ReplaceAll(pattern, "/", other), strings.ReplaceAll(p.name, "/", other))
	return ok && err == nil
}

// absent returns what Include lists and the other keys have not taken, of the
// projects that were seen, by their ids and by what they are called.
func (f TenantFilter) absent(seen, called map[string]bool) (ids, names []string) {
	for _, project := range f.Include {
		switch {
		case seen[project] || called[project] || slices.Contains(f.Ignore, project):
		case isID(project):
			ids = append(ids, project)
		default:
			names = append(names, project)
		}
	}
	return ids, names
}

// isID reports whether a text looks like one of Keystone's ids: 32 hexadecimal
// digits.
func isID(text string) bool {
	return len(text) == 32 && strings.Trim(text, "0123456789abcdef") == ""
}
