// Package invoice is not the contract.
package invoice

// These are called like the contract's.
type (
	Order     struct{}
	Invoice   interface{}
	Reference string
)
