// Package openstack is what sources share that read from an OpenStack cloud: the
// login at Keystone, the catalog, the tenants, what ids of flavors and volume
// types are called, and requests to services that survive what happens to
// requests.
//
// A source embeds [Config] in its own config, makes a [Cloud] of it with
// [Config.Open], and asks a [Service] of the cloud. Logins come from the
// source's section, from a clouds.yaml or from the OS_* variables; every one ends
// in gophercloud, which knows how Keystone is asked for a token.
//
// No error and no log line holds a password, a secret or a token, not even
// where a server sends one back.
package openstack
