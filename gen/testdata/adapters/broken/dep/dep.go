// Package dep does not compile.
package dep

// F is one.
func F() { undefined() }
