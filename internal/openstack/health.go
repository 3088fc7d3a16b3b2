package openstack

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// maxSkew is by how much our clock may differ from the cloud's: telemetry is
// filed under the cloud's hours.
const maxSkew = 30 * time.Second

// skewOf is by how much our clock is ahead of the one that an answer is dated by,
// and false where it has no date. It was asked for and had at these times by our
// clock.
func skewOf(answer http.Header, sent, answered time.Time) (time.Duration, bool) {
	date, err := http.ParseTime(answer.Get("Date"))
	if err != nil {
		return 0, false
	}
	return skew(date.Add(time.Second/2), sent, answered), true
}

// skew is by how much our clock was ahead of one that showed then in between.
func skew(then, sent, answered time.Time) time.Duration {
	return sent.Add(answered.Sub(sent) / 2).Sub(then).Round(time.Second)
}

// CheckHealth tells whether the login works, whether the clock agrees with
// Keystone's and with the service's, where that dates its answers, whether
// projects can be listed and which of tenants.* take none, whether the service
// serves, and whether names can be had where the config asks for them. Where
// nothing of that fails the further checks are made. It yields the name of every
// check with its outcome, and changes nothing. After a login that does not work
// there is nothing to check.
func (c *Cloud) CheckHealth(ctx context.Context, s *Service, further iter.Seq2[string, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		failed := false
		tell := func(name string, err error) bool {
			if _, warned := err.(*usage.Warning); err != nil && !warned {
				failed = true
			}
			return yield(name, err)
		}
		t, err := c.token(ctx, "")
		if !tell("login", err) || err != nil {
			return
		}
		if !tell("clock", checkSkew(t.skew, c.String())) || !tell("projects", c.checkProjects(ctx)) {
			return
		}
		answer, err := s.check(ctx)
		if !tell("endpoint "+s.kind, err) {
			return
		}
		if err == nil {
			skew, dated := skewOf(answer.Header, answer.sent, answer.answered)
			if dated && !tell("clock "+s.kind, checkSkew(skew, fmt.Sprintf("service %q of %s", s.kind, c))) {
				return
			}
		}
		for _, kind := range []usage.NameKind{usage.FlavorNames, usage.VolumeTypeNames} {
			if n, err := c.checkNames(ctx, kind); (n > 0 || err != nil) && !tell(fmt.Sprintf("names: %ss (%d)", kind, n), err) {
				return
			}
		}
		if !failed {
			further(yield)
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

func checkSkew(skew time.Duration, of string) error {
	where := "ahead of"
	if skew < 0 {
		skew, where = -skew, "behind"
	}
	if skew <= maxSkew {
		return nil
	}
	return fmt.Errorf("our clock is %v %s that of %s (let NTP set both)", skew, where, of)
}

// checkProjects tells what keeps tenants from being known, and warns of those of
// tenants.* that are in vain: a typing error bills nobody, and nobody misses that.
func (c *Cloud) checkProjects(ctx context.Context) error {
	var errs []error
	taken := 0
	for _, err := range c.Tenants(ctx) {
		if err != nil {
			errs = append(errs, err)
		} else {
			taken++
		}
	}
	switch {
	case len(errs) > 0:
		return errors.Join(errs...)
	case !c.config.Tenants.narrows() && taken == 0:
		return fmt.Errorf("%s: there are no projects", c)
	case !c.config.Tenants.narrows():
		return nil
	}
	names, domains, err := c.domains(ctx)
	if err != nil {
		return err
	}
	var projects []*project
	for p, err := range c.projects(ctx, names, domains) {
		if err != nil {
			return err
		}
		projects = append(projects, p)
	}
	idle := c.config.Tenants.idle(projects, domains)
	if taken == 0 {
		idle = append([]string{"tenants.* take no project: nobody is billed"}, idle...)
	}
	if len(idle) == 0 {
		return nil
	}
	return &usage.Warning{Err: fmt.Errorf("%s: %s", c, strings.Join(idle, "\n"))}
}

// check asks for the root of a service, which tells its versions.
func (s *Service) check(ctx context.Context) (*Answer, error) {
	return s.Do(ctx, Request{Accept: []int{http.StatusMultipleChoices, http.StatusNotFound}})
}
