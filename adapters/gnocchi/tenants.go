package gnocchi

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// tenants are the projects that are billed, where some are not.
type tenants struct {
	*Source
	taken  map[string]bool      // as Keystone and tenants.* have it
	before map[string]time.Time // those that were collected before
	gone   map[string]bool      // of others that were asked for: Keystone does not know it any more
}

// askTenants asks which projects tenants.* take.
func (s *Source) askTenants(ctx context.Context, before map[string]time.Time) (*tenants, error) {
	t := &tenants{Source: s, taken: map[string]bool{}, before: before, gone: map[string]bool{}}
	for tenant, err := range s.cloud.Tenants(ctx) {
		if err != nil {
			return nil, fmt.Errorf("which projects tenants.* take is not known: %w", err)
		}
		t.taken[tenant.ID] = true
	}
	return t, nil
}

// ask finds out about the projects of a resource. One that was deleted is still
// billed, where it was before or tenants.deleted says so: what is not taken
// though it exists was never meant.
func (t *tenants) ask(ctx context.Context, revisions []revision) error {
	if t == nil {
		return nil
	}
	for _, v := range revisions {
		_, asked := t.gone[v.project]
		_, before := t.before[v.project]
		if asked || v.project == "" || t.taken[v.project] || slices.Contains(t.config.Tenants.Ignore, v.project) ||
			!t.config.Tenants.Deleted && !before {
			continue
		}
		exists, err := t.cloud.Exists(ctx, v.project)
		if err != nil {
			return fmt.Errorf("whether project %s was deleted is not known: %w", strconv.Quote(v.project), err)
		}
		t.gone[v.project] = !exists
	}
	return nil
}

// stranger says why what belongs to a project is billed to nobody, "" where it
// is billed.
func (t *tenants) stranger(project string) string {
	switch {
	case project == "":
		return "the resource belongs to no project"
	case t != nil && !t.taken[project] && !t.gone[project]:
		return "tenants.* do not take its project " + strconv.Quote(project)
	}
	return ""
}
