package gnocchi

import (
	"context"
	"strconv"
)

// ask finds out about the projects of a resource; stranger then knows.
func (r *reading) ask(ctx context.Context, revisions []revision) error {
	for _, v := range revisions {
		if err := r.tenants.Ask(ctx, v.project); err != nil {
			return err
		}
	}
	return nil
}

// stranger says why what belongs to a project is billed to nobody, "" where it
// is billed.
func (r *reading) stranger(project string) string {
	switch {
	case project == "":
		return "the resource belongs to no project"
	case !r.tenants.Takes(project):
		return "tenants.* do not take its project " + strconv.Quote(project) + " (was it deleted in Keystone? see tenants.deleted and tenants.include)"
	}
	return ""
}
