package gnocchi

import "context"

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
	if project == "" {
		return "the resource belongs to no project"
	}
	return r.tenants.Stranger(project)
}
