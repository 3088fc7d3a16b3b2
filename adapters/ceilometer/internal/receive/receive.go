// Package receive takes in what is posted over HTTP: batches of JSON, as
// Ceilometer's publisher sends them. It answers 200 only once a batch is kept.
//
// Bodies, connections and times are bounded. It listens beyond the machine only
// with TLS and a token.
package receive

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Options say how a Server takes in batches.
type Options struct {
	// Token is what senders have to give: as a bearer token, or as the password
	// of any user. "" lets in everybody on this machine.
	Token string
	// Certificate is presented to who connects; nil for plain HTTP.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)

	MaxBatch    int64         // bytes of a batch, uncompressed
	Connections int           // that are served at a time
	Timeout     time.Duration // for a request to arrive, and for its answer
	Every       time.Duration // between two lines about what was received

	// Check parts a batch into what can be taken and what cannot. Its error is
	// why nothing of it can.
	Check func(batch []byte) (Parts, error)
	// Keep returns once a batch is kept lastingly.
	Keep func(ctx context.Context, batch []byte) error
	// Refuse sets aside what cannot be taken, and says where; "" where it does
	// not.
	Refuse func(batch []byte) (path string, err error)
	// IsFull says whether an error of Keep means that there is no room.
	IsFull func(error) bool

	Tell func(level slog.Level, line string) // for people
}

// Parts are what a batch is made of.
type Parts struct {
	Good    []byte // the samples that can be taken, as JSON
	Samples int    // how many they are

	Bad    []byte // the samples that cannot, as a JSON list; nil for none
	Failed int    // how many they are
	Why    error  // what is wrong with them
}

// A Server receives batches.
type Server struct {
	o      Options
	counts counts
}

// New returns a server. Its options are complete.
func New(o Options) *Server { return &Server{o: o} }

// Listen opens an address, host:port, for a server of these options. One that
// others can reach needs a token and TLS.
func (o Options) Listen(ctx context.Context, address string) (net.Listener, error) {
	if err := o.Fit(address); err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", address, reason(err))
	}
	return listener, nil
}

// Fit is an error where an address is none, or Listen refuses it.
func (o Options) Fit(address string) error {
	host, _, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no address to listen on (write 127.0.0.1:8777)", address)
	case isLoopback(host):
	case o.Token == "":
		return fmt.Errorf("listening on %s without a token would let anybody add to what is billed: set receive.token, or listen on 127.0.0.1", address)
	case o.Certificate == nil:
		return fmt.Errorf("listening on %s without TLS would show the token to everybody on the way: set receive.certificate and receive.key, or listen on 127.0.0.1 behind a proxy that has them", address)
	}
	return nil
}

// isLoopback reports whether only this machine reaches a host.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// reason is the part of a network's error that does not repeat the address.
func reason(err error) error {
	var opErr *net.OpError
	if errors.As(err, &opErr) {
		return opErr.Err
	}
	return err
}

// Serve receives until ctx ends. Requests that are being served then are
// finished, as long as Timeout lets them. It closes the listener.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: s.o.Timeout,
		ReadTimeout:       s.o.Timeout,
		WriteTimeout:      2 * s.o.Timeout,
		IdleTimeout:       4 * s.o.Timeout,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(s, "", 0),
		Protocols:         new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true) // a connection is one request at a time
	listener = limit(listener, s.o.Connections)
	if s.o.Certificate != nil {
		listener = tls.NewListener(listener, &tls.Config{GetCertificate: s.o.Certificate, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	tick := time.NewTicker(s.o.Every)
	defer tick.Stop()
	for {
		select {
		case err := <-served:
			return err
		case <-tick.C:
			s.tellCounts()
		case <-ctx.Done():
			// The context has ended already; this one bounds the end.
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*s.o.Timeout)
			defer cancel()
			err := server.Shutdown(last)
			if err != nil {
				err = errors.Join(fmt.Errorf("requests were cut off: %w", err), server.Close())
			}
			<-served
			s.tellCounts()
			return err
		}
	}
}
