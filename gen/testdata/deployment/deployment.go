// Package nz is the deployment that the registries of the cases are for.
package nz
