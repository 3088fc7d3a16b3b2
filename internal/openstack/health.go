package openstack

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// maxSkew is by how much our clock may differ from the cloud's: telemetry is
// filed under the cloud's hours.
const maxSkew = 30 * time.Second

// CheckHealth tells whether the login works, whether the clocks agree, whether
// projects can be listed, whether the services serve, and whether names can be
// had where the config asks for them. It yields the name of every check with its
// outcome, and changes nothing. After a login that does not work there is
// nothing further to check.
func (c *Cloud) CheckHealth(ctx context.Context, services ...*Service) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		t, err := c.token(ctx, "")
		if !yield("login", err) || err != nil {
			return
		}
		if !yield("clock", c.checkSkew(t.skew)) || !yield("projects", c.checkProjects(ctx)) {
			return
		}
		for _, s := range services {
			if !yield("endpoint "+s.kind, s.check(ctx)) {
				return
			}
		}
		for _, kind := range []usage.NameKind{usage.FlavorNames, usage.VolumeTypeNames} {
			if n, err := c.checkNames(ctx, kind); (n > 0 || err != nil) && !yield(fmt.Sprintf("names: %ss (%d)", kind, n), err) {
				return
			}
		}
	}
}

// checkNames tells how many names of a kind there are.
func (c *Cloud) checkNames(ctx context.Context, kind usage.NameKind) (n int, err error) {
	var errs []error
	for _, err := range c.Names(ctx, kind) {
		if err != nil {
			errs = append(errs, err)
		} else {
			n++
		}
	}
	return n, errors.Join(errs...)
}

func (c *Cloud) checkSkew(skew time.Duration) error {
	where := "ahead of"
	if skew < 0 {
		skew, where = -skew, "behind"
	}
	if skew <= maxSkew {
		return nil
	}
	return fmt.Errorf("our clock is %v %s that of %s (let NTP set both)", skew, where, c)
}

func (c *Cloud) checkProjects(ctx context.Context) error {
	for _, err := range c.Tenants(ctx) {
		return err
	}
	return fmt.Errorf("%s: there is no project that tenants.* take", c)
}

// check asks for the root of a service, which tells its versions.
func (s *Service) check(ctx context.Context) error {
	_, err := s.Do(ctx, Request{Accept: []int{http.StatusMultipleChoices, http.StatusNotFound}})
	return err
}
