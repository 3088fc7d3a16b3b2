package web

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"
)

var now = time.Date(2013, 9, 2, 0, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"":                               0,
		"0":                              0,
		"7":                              7 * time.Second,
		" 120 ":                          2 * time.Minute,
		"-1":                             0,
		"1.5":                            0,
		"soon":                           0,
		"31535999":                       forever - time.Second,
		"31536000":                       forever,
		"99999999999999999999":           forever,
		"Mon, 02 Sep 2013 00:01:00 GMT":  time.Minute,
		"Monday, 02-Sep-13 01:00:00 GMT": time.Hour,
		"Sun, 01 Sep 2013 00:00:00 GMT":  0, // over already
		"Fri, 02 Sep 9999 00:00:00 GMT":  forever,
	} {
		if d := RetryAfter(text, now); d != want {
			t.Errorf("%q is %v, want %v", text, d, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("7")
	f.Add("Mon, 02 Sep 2013 00:01:00 GMT")
	f.Add("99999999999999999999")
	f.Fuzz(func(t *testing.T, text string) {
		if d := RetryAfter(text, now); d < 0 || d > forever {
			t.Errorf("%q is %v", text, d)
		}
	})
}

func TestSameHost(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"https://a", "https://A:443/x", true},
		{"http://a:80", "http://a", true},
		{"http://a", "https://a", false},
		{"http://a:443", "https://a", true}, // the scheme is another matter
		{"https://a:8443", "https://a", false},
		{"https://a", "https://b", false},
		{"https://[::1]", "https://[::1]:443", true},
	} {
		a, err := url.Parse(test.a)
		if err != nil {
			t.Fatal(err)
		}
		b, err := url.Parse(test.b)
		if err != nil {
			t.Fatal(err)
		}
		if got := SameHost(a, b); got != test.want {
			t.Errorf("%s and %s: %v", test.a, test.b, got)
		}
	}
}

func TestLeavesOpenly(t *testing.T) {
	for text, want := range map[string]bool{
		"https://erp.example.org": false,
		"http://erp.example.org":  true,
		"http://localhost:4567":   false,
		"http://127.0.0.2":        false,
		"http://[::1]:80":         false,
		"http://10.0.0.1":         true,
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := LeavesOpenly(u); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if err := Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := Sleep(t.Context(), 0); err != nil {
		t.Error(err)
	}
}
