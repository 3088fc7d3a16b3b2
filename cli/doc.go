// Package cli is the command line of a deployment. The main of a deployment in
// package acme is one call:
//
//	func main() { os.Exit(cli.Main(acme.Registry())) }
//
// Results go to standard output and talk goes to standard error. What a program
// exits with is [ExitDone] and the other constants.
package cli
