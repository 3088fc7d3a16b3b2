// Package runner runs a generated registry and tells what came of it.
package runner

import (
	"context"
	"fmt"
	"io"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/deployment"
	"github.com/openstack-artifice/artifice/invoice"
)

// Run binds the config to the registry, opens every adapter, and prints each as
// it prints itself; of an invoice adapter that makes one for each order, the
// invoice of one.
func Run(w io.Writer, r deployment.Registry, text string) {
	file, err := config.Parse("artifice.ini", []byte(text))
	if err == nil {
		err = r.Check(file)
	}
	if err != nil {
		fmt.Fprintln(w, err)
		return
	}
	open(w, file, r.Invoices)
	open(w, file, r.Sources)
	open(w, file, r.Stores)
	open(w, file, r.Transformers)
}

func open[T any](w io.Writer, file *config.File, adapters []deployment.Adapter[T]) {
	for _, a := range adapters {
		fmt.Fprintf(w, "%s %s %s:%s\n", a.Key, a.Reference, a.Package, a.Type)
		open, err := a.Bind(file.SectionOrEmpty(a.Key, config.Position{File: file.Path}))
		if err != nil {
			fmt.Fprintf(w, "bind: %v\n", err)
			continue
		}
		opened, err := open(context.Background())
		if f, ok := any(opened).(invoice.ERPFunc); ok && err == nil {
			var i invoice.Invoice
			i, err = f.NewInvoice(context.Background(), invoice.Order{Key: "0123"})
			fmt.Fprintf(w, "%v (error: %v)\n", i, err)
			continue
		}
		if any(opened) == nil {
			fmt.Fprintf(w, "nothing (error: %v)\n", err)
			continue
		}
		fmt.Fprintf(w, "%v (error: %v)\n", opened, err)
	}
}
