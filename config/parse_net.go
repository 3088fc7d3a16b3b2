package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// URL parses an absolute URL; an http or https one has a host. A malformed URL
// that may hold a password is not printed.
func URL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err == nil && isAbsolute(u) {
		return u, nil
	}
	const remedy = "not an absolute URL (write https://host:port/path)"
	if strings.Contains(text, "@") {
		return nil, errors.New(remedy)
	}
	return nil, fmt.Errorf("%s is %s", quote(text), remedy)
}

func isAbsolute(u *url.URL) bool {
	if u.Scheme == "" || u.Opaque != "" {
		return false
	}
	if port := u.Port(); port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		return u.Hostname() != ""
	}
	return u.Host != "" || u.Path != ""
}

// Addr parses an IP address.
func Addr(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%s is not an IP address (write 192.0.2.1 or 2001:db8::1)", quote(text))
	}
	return a, nil
}

// Prefix parses an IP network, whose address has no bits set beyond its length.
func Prefix(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%s is not an IP network (write 192.0.2.0/24)", quote(text))
	}
	if p != p.Masked() {
		return netip.Prefix{}, fmt.Errorf("%s has bits set beyond its length (write %s, or /%d for one address)", quote(text), p.Masked(), p.Addr().BitLen())
	}
	return p, nil
}
