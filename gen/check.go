package gen

import (
	"errors"
	"strings"

	"github.com/openstack-artifice/artifice/config"
)

// options are those of config's binding functions, as the field's tag has them.
func (f *field) options(layered bool) []config.Option {
	var opts []config.Option
	if len(f.aliases) > 0 {
		opts = append(opts, config.Alias(f.aliases...))
	}
	if f.required && !layered {
		opts = append(opts, config.Required())
	}
	return opts
}

// checkValues binds an adapter's section as the generated code will, with the
// same parsers, and drops what it binds. What only the adapter itself can tell
// is left to the compiled registry; so is what a layered section lacks, since
// other sections may add it.
func (a *adapter) checkValues() config.Errors {
	if a.config.whole {
		return nil
	}
	b := config.Bind(a.section)
	for _, f := range a.config.fields {
		switch f.form {
		case asValue, asList:
			f.value.check(b, f.form == asList, f.key, f.options(a.kind.layered)...)
		case asMap:
			config.Map(b, new(map[string]string), f.key)
		case asRest:
			config.Rest(b, new(map[string]string))
		}
	}
	return asErrors(b.Done())
}

// checkDefault parses the default of a field's tag.
func checkDefault(f *field) error {
	b := config.Bind(&config.Section{Keys: []*config.Key{{Name: f.key, Value: f.fallback}}})
	f.value.check(b, f.form == asList, f.key)
	if errs := asErrors(b.Done()); len(errs) > 0 {
		return errors.New(strings.TrimPrefix(errs[0].Err.Error(), "[] "+f.key+": "))
	}
	return nil
}

// asErrors returns the mistakes that an error is made of.
func asErrors(err error) config.Errors {
	if err == nil {
		return nil
	}
	var errs config.Errors
	if errors.As(err, &errs) {
		return errs
	}
	return config.Errors{{Err: err}}
}
