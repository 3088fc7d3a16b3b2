package billing

import (
	"context"
	"errors"
	"fmt"

	"github.com/openstack-artifice/artifice/usage"
)

// A Shared is a place that two sources read.
type Shared struct {
	First, Second string // their names
	Place         string
	Twice         bool // both surely read the same of it; else each may read a part
}

func (s Shared) Error() string {
	if s.Twice {
		return fmt.Sprintf("sources %s and %s both read %s: all that it tells would be billed twice (was a section copied, and cloud, endpoint or path not changed? let each read another one, or remove one of both)", s.First, s.Second, s.Place)
	}
	return fmt.Sprintf("sources %s and %s read different parts of %s: what belongs to both parts is billed twice (see that no tenant, or no meter, is in both)", s.First, s.Second, s.Place)
}

// SharedPlaces returns the places that two of the sources read, and the errors
// of those that cannot tell what they read, by their names. A single source is
// not asked, nor is one that is no usage.Identifier.
func SharedPlaces(ctx context.Context, sources []Source) (shared []Shared, unknown map[string]error) {
	if len(sources) < 2 {
		return nil, nil
	}
	unknown = map[string]error{}
	var names []string
	var identities []usage.Identity
	for _, source := range sources {
		identifier, ok := source.Source.(usage.Identifier)
		if !ok {
			continue
		}
		identity, err := identifier.Identity(ctx)
		if err != nil {
			unknown[source.Name] = fmt.Errorf("what it reads cannot be told: %w", err)
			continue
		}
		for i, other := range identities {
			if other.Place == identity.Place {
				shared = append(shared, Shared{First: names[i], Second: source.Name, Place: identity.Place, Twice: identity.Overlaps(other)})
			}
		}
		names, identities = append(names, source.Name), append(identities, identity)
	}
	return shared, unknown
}

// readTwice returns an error where two sources read the same, and the errors of
// those of which nobody knows.
func (e *Engine) readTwice(ctx context.Context) (unknown map[string]error, err error) {
	shared, unknown := SharedPlaces(ctx, e.Sources)
	var twice []error
	for _, s := range shared {
		if s.Twice {
			twice = append(twice, s)
		}
	}
	if len(twice) > 0 {
		twice = append(twice, errors.New("nothing was collected; what was collected before is kept"))
	}
	return unknown, errors.Join(twice...)
}
