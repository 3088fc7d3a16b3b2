// Package artifice is the deployment that this repository builds by default:
// the adapters that artifice.ini names, compiled into cmd/artifice.
//
// A deployment is a package with a config file, a generated registry and a
// main of a few lines. This one is the composition root of its module: nothing
// but cmd/artifice imports it.
package artifice

//go:generate go tool artifice-gen
//go:generate go tool artifice-gen reference -o docs/configuration.md ./adapters/...
