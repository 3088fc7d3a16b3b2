// Package web has what clients of HTTP share.
package web

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// forever is longer than anybody waits, and fits whatever is added to it.
const forever = 365 * 24 * time.Hour

// RetryAfter is the time that the text of a Retry-After header asks for, in seconds
// or by a date: 0 where it asks for none, and a year at most.
func RetryAfter(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	if text != "" && strings.Trim(text, "0123456789") == "" {
		if seconds, err := strconv.Atoi(text); err == nil && seconds < int(forever/time.Second) {
			return time.Duration(seconds) * time.Second
		}
		return forever
	}
	if date, err := http.ParseTime(text); err == nil {
		return min(max(0, date.Sub(now)), forever)
	}
	return 0
}

// Port is the port that a URL means, also where it does not say one.
func Port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// SameHost reports whether two URLs name the same host and port.
func SameHost(a, b *url.URL) bool {
	return strings.EqualFold(a.Hostname(), b.Hostname()) && Port(a) == Port(b)
}

// LeavesOpenly reports whether requests to u leave this machine unencrypted.
func LeavesOpenly(u *url.URL) bool {
	if u.Scheme != "http" || u.Hostname() == "localhost" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err != nil || !ip.IsLoopback()
}

// Sleep waits, unless the context ends before: then it returns its error.
func Sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
