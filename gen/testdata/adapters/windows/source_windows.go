// Package windows is for Windows alone.
package windows

// A Source would be one.
type Source struct{}
