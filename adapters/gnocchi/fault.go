package gnocchi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/openstack-artifice/artifice/internal/openstack"
)

const (
	// maxBroken is how many calls of a batch may fail while those metrics are looked
	// for that are to blame. Where more do it is Gnocchi itself.
	maxBroken = 30
	// maxAlone is of how many metrics none may be read, each to blame for itself.
	// Of more it is what they are stored in.
	maxAlone = 3
	// unknownMetric is one that no Gnocchi has.
	unknownMetric = "00000000-0000-0000-0000-000000000000"
)

// A fault is what a call that failed may tell of the metrics that it asks for.
type fault int

const (
	general    fault = iota // nothing
	absent                  // some are not there
	refused                 // some are not as Gnocchi wants them
	unreadable              // some cannot be read, or Gnocchi does not serve
	tooLarge                // they have too many measures
	silent                  // they have, or Gnocchi does not serve
)

func faultOf(err error) fault {
	var status *openstack.StatusError
	switch {
	case errors.Is(err, openstack.ErrLogin):
		return general
	case errors.Is(err, openstack.ErrTooLarge):
		return tooLarge
	case errors.Is(err, openstack.ErrSilent):
		return silent
	case !errors.As(err, &status):
		return unreadable // lost: a worker that meets what it cannot read may drop the connection
	case isNone(status):
		return absent
	case status.Status == http.StatusBadRequest:
		return refused
	case status.Status >= http.StatusInternalServerError && !status.Busy():
		return unreadable
	}
	return general
}

// serves reports whether Gnocchi answers a call for measures that no metric can
// spoil: whoever drops that one drops all.
func (r *reading) serves(ctx context.Context, e errand) bool {
	request := r.aggregates(e, []string{unknownMetric})
	request.Once = true
	request.Accept = []int{http.StatusNotFound, http.StatusBadRequest}
	_, err := r.service.Do(ctx, request)
	return err == nil
}

// advised is an error with what may help.
func advised(err error) error {
	var status *openstack.StatusError
	switch {
	case !errors.As(err, &status):
	case status.Status == http.StatusForbidden:
		return fmt.Errorf("%w (give the login the role admin in its project)", err)
	case status.Status == http.StatusNotFound:
		return fmt.Errorf("%w (is it Gnocchi 4.3 or later that answers there? correct the endpoint, or what stands before Gnocchi)", err)
	}
	return err
}

// isNone reports whether Gnocchi says that it has none of what is asked for: a
// metric, or its aggregates. A 404 in other words is not its own, but an earlier
// release's or a proxy's.
func isNone(status *openstack.StatusError) bool {
	says := func(text string) bool { return strings.Contains(status.Text, text) }
	return status.Status == http.StatusNotFound && (says("Unknown metrics") || says("unknown aggregation")) ||
		status.Status == http.StatusBadRequest && says("Metrics not found")
}

// isNoType reports whether Gnocchi says that it has no such type of resources.
func isNoType(err error) bool {
	var status *openstack.StatusError
	return errors.As(err, &status) && status.Status == http.StatusNotFound && strings.Contains(status.Text, "Resource type") && strings.Contains(status.Text, "does not exist")
}
