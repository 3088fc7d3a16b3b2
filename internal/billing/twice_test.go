package billing_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/usage"
)

// placed is a source that tells what it reads.
type placed struct {
	samples
	identity usage.Identity
	err      error
}

func (p *placed) Identity(context.Context) (usage.Identity, error) { return p.identity, p.err }

// northAndSouth is an engine of two sources, each with a volume of its own.
func northAndSouth(north, south usage.Source) *billing.Engine {
	e := newEngine(north, newDesk(map[string]string{"volume.size": "1"}))
	e.Sources = []billing.Source{{Name: "north", Source: north}, {Name: "south", Source: south}}
	e.SourceNames = []string{"north", "south"}
	return e
}

func placedAt(place, part, resource string) *placed {
	all := []usage.Sample{volume("a", resource, "2013-08-05T03:10:00Z", "2")}
	return &placed{samples: samples{all: all}, identity: usage.Identity{Place: place, Part: part}}
}

func TestSourcesThatReadTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		north, south usage.Identity
		shared       int
		refused      bool
	}{
		"two places":            {usage.Identity{Place: "x"}, usage.Identity{Place: "y"}, 0, false},
		"parts of two places":   {usage.Identity{Place: "x", Part: "p"}, usage.Identity{Place: "y", Part: "p"}, 0, false},
		"one place":             {usage.Identity{Place: "x"}, usage.Identity{Place: "x"}, 1, true},
		"the same part":         {usage.Identity{Place: "x", Part: "p"}, usage.Identity{Place: "x", Part: "p"}, 1, true},
		"a part, and the whole": {usage.Identity{Place: "x", Part: "p"}, usage.Identity{Place: "x"}, 1, true},
		"the whole, and a part": {usage.Identity{Place: "x"}, usage.Identity{Place: "x", Part: "p"}, 1, true},
		"two parts":             {usage.Identity{Place: "x", Part: "p"}, usage.Identity{Place: "x", Part: "q"}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := northAndSouth(placedAt(c.north.Place, c.north.Part, "v1"), placedAt(c.south.Place, c.south.Part, "v2"))
			shared, unknown := billing.SharedPlaces(t.Context(), e.Sources)
			if len(shared) != c.shared || len(unknown) > 0 {
				t.Errorf("shared %v, unknown %v", shared, unknown)
			}
			all, err := e.Collect(t.Context(), august.End)
			marks, stored := e.Store.Marks(t.Context())
			if stored != nil {
				t.Fatal(stored)
			}
			if !c.refused {
				if err != nil || len(all) != 2 {
					t.Errorf("collected %d, error %v", len(all), err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), "sources north and south both read x: ") || len(all)+len(marks) > 0 {
				t.Errorf("collected %d, marks %v, error %v", len(all), marks, err)
			}
		})
	}
}

// A source that cannot tell what it reads is not read beside others: it may
// answer a moment later, and be the same. Alone it is.
func TestSourceThatCannotTellWhatItReads(t *testing.T) {
	north, south := placedAt("x", "", "v1"), placedAt("x", "", "v1")
	south.err = errors.New("no route to host")
	e := northAndSouth(north, south)
	all, err := e.Collect(t.Context(), august.End)
	if err == nil || !strings.Contains(err.Error(), "source south: what it reads cannot be told: no route to host") || len(all) != 1 || all[0].Source != "north" {
		t.Errorf("collected %+v, error %v", all, err)
	}
	if _, err := e.Bill(t.Context(), august, nil); err == nil || !strings.Contains(err.Error(), "source south: never collected") {
		t.Errorf("error of billing: %v", err)
	}
	e = newEngine(south, newDesk(nil))
	collect(t, e, august.End.Add(-time.Hour))
}
