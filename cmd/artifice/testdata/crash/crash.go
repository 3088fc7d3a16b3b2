// Package crash is a deployment that the tests build, to kill its program. Its
// config names the adapters that a test wants.
package crash
