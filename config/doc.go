// Package config reads the INI file of a deployment and binds its values to
// typed fields.
//
// [Read] gives a [File]: its sections and keys, each with the line and column
// it stands at. Everything that could be read in two ways is refused, and all
// mistakes are reported at once as [Errors]. Values are literal: single or
// double quotes around a whole value are taken off; there are no escapes, no
// interpolation and no continuation lines, and a comment has a line of its
// own, begun by # or ;.
//
// [Bind] starts to bind a section. The code that artifice-gen writes makes one
// call for each field, [Field] for most, with the parser of the field's type,
// and ends with [Binder.Done] or [Binder.Validate], which report unknown,
// missing and malformed keys at their lines:
//
//	b := config.Bind(file.Section("invoice:object"))
//	config.Field(b, &c.Directory, b.Path, "csv_directory", config.Required())
//	config.Field(b, &c.Hold, config.Duration, "hold", config.Default("1h"))
//	config.List(b, &c.Regions, config.String, "regions")
//	err := b.Validate(&c)
//
// Adapters use the value types of this package in their configs: [Path],
// [Secret] and [Size]. What the sections and keys mean is not known here.
package config
