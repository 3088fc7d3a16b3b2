package ceilometer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/openstack-artifice/artifice/config"
)

// A trust is the senders whose samples count; an empty one is all.
type trust []*regexp.Regexp

// everybody has all senders: samples say theirs as text.
var everybody = trust{regexp.MustCompile("")}

// newTrust compiles expressions that match the beginning of a sender.
func newTrust(expressions []string) (trust, error) {
	var (
		t    trust
		errs []error
	)
	for _, text := range expressions {
		expression, err := regexp.Compile("^(?:" + text + ")")
		if err != nil {
			err = fmt.Errorf("%q is not a regular expression", text)
			errs = append(errs, &config.KeyError{Key: "trust_sources", Err: err})
		}
		t = append(t, expression)
	}
	return t, errors.Join(errs...)
}

// includes reports whether the samples of a sender count, which is "" for one
// that does not say.
func (t trust) includes(sender string) bool {
	return slices.ContainsFunc(t, func(e *regexp.Regexp) bool { return e.MatchString(sender) })
}
