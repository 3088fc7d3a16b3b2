// Package acme is a deployment of Artifice: the adapters that artifice.ini
// names, compiled into cmd/acme.
package acme

//go:generate go tool artifice-gen
