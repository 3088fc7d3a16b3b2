package openstack

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"
)

// A Selection says which projects count, where not all do. A nil one takes all.
// It is safe for concurrent use.
type Selection struct {
	cloud  *Cloud
	taken  map[string]bool      // as Keystone and tenants.* have it; nil where all are but those ignored
	before map[string]time.Time // those that were collected before

	ignored map[string]bool // where taken is nil

	mu   sync.Mutex
	gone map[string]bool // of others that were asked for: Keystone does not know it any more
}

// Select asks which projects tenants.* take, unless they take all. before are
// those that were collected before, and up to where.
func (c *Cloud) Select(ctx context.Context, before map[string]time.Time) (*Selection, error) {
	filter := c.config.Tenants
	if !filter.narrows() {
		return nil, nil
	}
	s := &Selection{cloud: c, before: before, gone: map[string]bool{}}
	var err error
	if filter.ignoresOnly() {
		s.ignored, err = c.ignored(ctx)
	} else {
		s.taken, err = c.taken(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("which projects tenants.* take is not known: %w", err)
	}
	return s, nil
}

// taken returns the ids of the projects that tenants.* take.
func (c *Cloud) taken(ctx context.Context) (map[string]bool, error) {
	ids := map[string]bool{}
	for tenant, err := range c.Tenants(ctx) {
		if err != nil {
			return nil, err
		}
		ids[tenant.ID] = true
	}
	return ids, nil
}

// ignored returns the ids of the projects that tenants.ignore lists, whether
// Keystone still knows them or not.
func (c *Cloud) ignored(ctx context.Context) (map[string]bool, error) {
	filter, ids := c.config.Tenants, map[string]bool{}
	for _, project := range filter.Ignore {
		ids[project] = true // by its id; a name does no harm
	}
	names, domains, err := c.domains(ctx)
	if err != nil {
		return nil, err
	}
	for p, err := range c.projects(ctx, names, domains) {
		if err != nil {
			return nil, err
		}
		if !filter.takes(p, domains) {
			ids[p.id] = true
		}
	}
	return ids, nil
}

// Ask finds out about a project; Stranger then knows. One that was deleted still
// counts, where it did before or tenants.deleted says so: what is not taken
// though it exists was never meant.
func (s *Selection) Ask(ctx context.Context, project string) error {
	if s == nil || project == "" || s.taken == nil || s.taken[project] {
		return nil
	}
	filter := s.cloud.config.Tenants
	if _, before := s.before[project]; !before && !filter.Deleted || slices.Contains(filter.Ignore, project) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, asked := s.gone[project]; asked {
		return nil
	}
	exists, err := s.cloud.Exists(ctx, project)
	if err != nil {
		return fmt.Errorf("whether project %s was deleted is not known: %w", strconv.Quote(project), err)
	}
	s.gone[project] = !exists
	return nil
}

// Stranger says why a project that was asked about does not count, "" where it
// does. It is not for what belongs to no project.
func (s *Selection) Stranger(project string) (why string) {
	switch {
	case s == nil, s.taken[project], s.taken == nil && !s.ignored[project]:
		return ""
	case s.taken == nil:
		return "tenants.ignore lists its project " + strconv.Quote(project)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone[project] {
		return ""
	}
	return "tenants.* do not take its project " + strconv.Quote(project) + " (was it deleted in Keystone? see tenants.deleted and tenants.include)"
}
