// Package invoice is the contract between Artifice and an ERP system.
//
// An adapter comes in one of two shapes. The simple one is a type that
// implements [Invoice] in a package with
//
//	func New<Type>(ctx context.Context, order invoice.Order, config Config) (*<Type>, error)
//
// without side effects. The connected one lives as long as the process and
// implements [ERP] in a package with
//
//	func New<Type>(ctx context.Context, config Config) (*<Type>, error)
//
// Config is a struct of the adapter's own with ini tags, or map[string]string
// to take its section of the config as it is. Package invoicetest proves that
// an adapter keeps the contract.
//
// What an adapter can do beyond that are interfaces of one method: [Finder]
// and [Uniter] on an invoice, [HealthChecker], [PriceChecker], [ResourceLister],
// [Crediter], [LookupDelayer], [ReferenceComparer] and io.Closer on an ERP.
// [Lines] gathers what an invoice is given.
package invoice
