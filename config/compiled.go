package config

// Compiled says which adapter a binary was compiled with for a key of the
// config.
type Compiled struct {
	Key       string // the key of [main], "invoice:object"
	Reference string // its value, "adapters.csv:Invoice"
	Package   string // the import path that it resolved to
	Type      string // the name of the type, "Invoice"
}
