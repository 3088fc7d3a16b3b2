// Program cannot be imported.
package main

// A Source would be one.
type Source struct{}

func main() {}
