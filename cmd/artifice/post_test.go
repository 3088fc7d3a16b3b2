package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// freeAddress is one on this machine that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	noError(t, l.Close())
	return l.Addr().String()
}

// postCommand is a command of scripts: post URL FILE STATUS sends a batch of
// samples as Ceilometer's publisher does, and wants the answer to have a status.
func postCommand(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: post URL FILE STATUS")
	}
	want, err := strconv.Atoi(args[2])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	status, err := post(ctx, args[0], []byte(ts.ReadFile(args[1])))
	ts.Check(err)
	if status != want {
		ts.Fatalf("the answer is %d, want %d", status, want)
	}
}

// post sends a batch, again while nobody listens yet.
func post(ctx context.Context, url string, batch []byte) (status int, err error) {
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(batch))
		if err != nil {
			return 0, err
		}
		r.Header.Set("Content-type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		switch {
		case err == nil:
			return answer.StatusCode, answer.Body.Close()
		case !errors.Is(err, syscall.ECONNREFUSED):
			return 0, err
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("nobody listens: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
