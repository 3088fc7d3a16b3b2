// Package cli is the command line of a deployment. A deployment's main is one
// call:
//
//	func main() { os.Exit(cli.Main(deployment.Registry())) }
//
// Results go to standard output and talk goes to standard error. A program
// exits with 0 when it did what was asked, 1 when it failed, 2 when it was
// called wrongly, and 3 when some tenants are parked or in doubt.
package cli
