package usage

// A Meter says how the samples of one meter are billed: which transformer
// turns them into volumes, of what service. It is a section of the config.
type Meter struct {
	Name        string // of the section; unique in a deployment
	Meter       string // what the samples call it; Name unless the config says otherwise
	Transformer Transformer
	Service     string // the service of volumes for which the transformer names none; Name unless said otherwise
	Type        string // what a person calls such a resource: "Virtual Machine"
	Unit        string // the unit of the samples, where theirs is to be called otherwise; "" keeps it
	Billed      bool   // whether its usage is billed, or only kept

	// Metadata says what is kept about a resource: the name of a field, and
	// the keys of the samples' metadata that it is taken from, the first that
	// has a value.
	Metadata map[string][]string
}
