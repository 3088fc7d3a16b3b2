// Package gen turns the config of a deployment into the Go code of its
// registry: the code that links exactly the adapters that the config chose.
//
// [Generate] does the work in four steps. It reads the config and finds the
// references in it; resolves every reference to a package with one load of Go
// code; checks each adapter against its contract, its constructor's signature
// and its own config type; and emits a file that calls the constructors by
// name. It returns bytes, or every mistake at once as [config.Errors], each at
// its line and column of the config. It writes nothing: that is
// [Output.Write].
//
// The package that the file belongs to is never loaded, so a registry that is
// stale, broken or missing does not stand in the way of the next one. No
// contract and no adapter is imported here either: they are read as Go code,
// with the type checker.
//
// [Main] is the command artifice-gen. [Init] makes a deployment, [Describe]
// documents an adapter's keys, [List] finds adapters.
//
// # Configs of adapters
//
// An adapter's constructor takes a map[string]string, which is its section as
// it stands, or a struct. An exported field of the struct binds the key that
// its ini tag names; without a tag, its own name in snake case:
//
//	type Config struct {
//		Directory config.Path       `ini:"directory,alias=output_path,required"`
//		Wait      time.Duration     `ini:"wait,default=1h"`
//		Columns   []string          `ini:"columns,default=name,value,amount"`
//		Token     config.Secret     // token = env:NAME
//		Rates     rates.Config      // rates.file = ...
//		Headers   map[string]string // headers.x-tenant = ...
//		Others    map[string]string `ini:",rest"`
//		clock     func() time.Time  // not exported: not bound
//	}
//
// After the name a tag may say required, alias=NAME (as often as needed), rest,
// and last default=TEXT, which takes all that follows; quotes around the whole
// text are taken off. The tag "-" leaves a field out.
//
// A field may be a string, a bool, a number, a decimal.Decimal, a
// time.Duration, a time.Time, a *time.Location, a *url.URL, a netip.Addr or
// netip.Prefix, a config.Size, config.Path or config.Secret; a type declared as
// one of those; any type whose pointer has UnmarshalText; a slice of these,
// separated by commas; a map[string]string, which binds the keys that begin
// with the field's own and a dot, or, with rest, those that are left; or a
// struct, whose keys get the field's own and a dot in front. The fields of an
// embedded struct are bound as if they were the outer one's.
//
// A Validate() error on the config runs last; what it returns may point at a
// key by config.KeyError.
package gen
