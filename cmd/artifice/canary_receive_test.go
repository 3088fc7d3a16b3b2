package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The receiver's secrets, its token and its key, show nowhere, whoever sends
// what and however its files are broken.
func TestCanaryReceiver(t *testing.T) {
	for _, log := range [][]string{nil, {"--log-format", "json"}, {"--log-format", "text"}} {
		t.Run(strings.Join(append([]string{"log"}, log...), " "), func(t *testing.T) {
			r := newWatched(t)
			stop := r.start(append(log, "--verbose", "--metrics-file", "artifice.prom"))
			for _, try := range []struct {
				who    string
				path   string
				header [2]string
				body   string
				want   int
			}{
				{"nobody", "/", [2]string{}, canaryReceived, http.StatusUnauthorized},
				{"almost", "/", [2]string{"Authorization", "Bearer " + canary + "x"}, canaryReceived, http.StatusUnauthorized},
				{"in another scheme", "/", [2]string{"Authorization", "Digest " + canary}, canaryReceived, http.StatusUnauthorized},
				{"in another header", "/", [2]string{"X-Auth-Token", canary}, canaryReceived, http.StatusUnauthorized},
				{"in the query", "/?token=" + canary, [2]string{}, canaryReceived, http.StatusUnauthorized},
				{"with what is no batch", "/", [2]string{"Authorization", "Bearer " + canary}, "{", http.StatusBadRequest},
				{"elsewhere", "/" + canary, [2]string{"Authorization", "Bearer " + canary}, canaryReceived, http.StatusOK},
				{"as Ceilometer", "/", [2]string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+canary))}, canaryReceived, http.StatusOK},
				{"rightly", "/", [2]string{"Authorization", "Bearer " + canary}, canaryReceived, http.StatusOK},
			} {
				status, answer := r.send(try.path, try.header, try.body)
				secretIn(t, "the answer to a sender "+try.who, answer)
				if status != try.want {
					t.Errorf("%s: %d %s, want %d", try.who, status, answer, try.want)
				}
			}
			// Its files are read again: the key is one no more.
			r.breakKey()
			_, answer := r.send("/", [2]string{"Authorization", "Bearer " + canary}, canaryReceived)
			secretIn(t, "the answer with a broken key", answer)
			said := stop()
			// The key that it had is kept until there is another.
			if !strings.Contains(said, "received 4 samples in 4 batches") || !strings.Contains(said, "refused 6 requests") {
				t.Errorf("it says %s", said)
			}
			for _, args := range afterReceiving {
				out, _ := r.command(args...).CombinedOutput() // the month may be without prices
				secretIn(t, strings.Join(args, " "), out)
			}
			r.files()
			// And from the start.
			out, err := r.command(append([]string{"receive", "--listen", r.address, "--verbose"}, log...)...).CombinedOutput()
			secretIn(t, "a receiver without a key", out)
			if err == nil || !strings.Contains(string(out), "receive.key") {
				t.Errorf("without a key it says %s, %v", out, err)
			}
		})
	}
}

// afterReceiving is what comes after a receiver.
var afterReceiving = [][]string{
	{"check", "--verbose"},
	{"collect", "--through", "2013-10-02", "--verbose"},
	{"usage", "--month", "2013-10", "--by", "window"},
	{"status", "--verbose"},
	{"export", "ledger"},
	{"version", "--verbose"},
	{"adapters", "--output", "json"},
	{"man", "manual"},
}

const canaryReceived = `[{"id":"1","name":"volume.size","type":"gauge","unit":"GB","volume":1,"project_id":"t1","resource_id":"v","timestamp":"2013-10-01T00:10:00","resource_metadata":{}}]`

// A watched receiver has a directory of its own, which is searched.
type watched struct {
	t       *testing.T
	dir     string
	keys    string // where its files are: they may have what they keep
	address string
	client  *http.Client
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	r := &watched{t: t, dir: t.TempDir(), keys: t.TempDir(), address: freeAddress(t)}
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	certificate := server.TLS.Certificates[0]
	server.Close()
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	noError(t, err)
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	r.client = &http.Client{
		Timeout: time.Minute,
		// A connection of its own for each, so that each reads the certificate.
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: "example.com"}},
	}
	for name, text := range map[string]string{
		filepath.Join(r.keys, "token"):       canary + "\n",
		filepath.Join(r.keys, "key"):         string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		filepath.Join(r.keys, "certificate"): string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})),
		filepath.Join(r.dir, "rates.csv"):    "RegionOne | volume.size | GB hour | 1\n",
		filepath.Join(r.dir, "artifice.ini"): "[main]\ndeployment = canary\ncurrency = NZD\n" +
			"invoice:object = adapters.csv:Invoice\nsource:object = adapters.ceilometer:Source\nstore:object = adapters.sqlite:Store\n" +
			"[invoice:object]\ncsv_directory = invoices\nrates.file = rates.csv\n[source:object]\npath = samples\nreceive.seal_after = 1ms\n" +
			"receive.token = file:" + r.keys + "/token\nreceive.certificate = " + r.keys + "/certificate\nreceive.key = " + r.keys + "/key\n",
	} {
		noError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	noError(t, os.Mkdir(filepath.Join(r.dir, "samples"), 0o700))
	return r
}

func (r *watched) command(args ...string) *exec.Cmd {
	self, err := os.Executable()
	noError(r.t, err)
	cmd := exec.CommandContext(r.t.Context(), self, args...)
	cmd.Dir, cmd.Env = r.dir, append(os.Environ(), asArtifice+"=1")
	return cmd
}

// start starts the receiver; stop stops it and returns what it said, which has
// no secret.
func (r *watched) start(flags []string) (stop func() string) {
	r.t.Helper()
	cmd := r.command(append([]string{"receive", "--listen", r.address}, flags...)...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	noError(r.t, cmd.Start())
	return func() string {
		noError(r.t, cmd.Process.Signal(os.Interrupt))
		_ = cmd.Wait() // 130: it was stopped
		secretIn(r.t, "the receiver", said.Bytes())
		return said.String()
	}
}

// send sends a batch, again while nobody listens yet. Without an answer the
// status is 0, and the answer is why.
func (r *watched) send(path string, header [2]string, body string) (status int, answer []byte) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+r.address+path, strings.NewReader(body))
		noError(r.t, err)
		request.Header.Set("Content-Type", "application/json")
		if header[0] != "" {
			request.Header.Set(header[0], header[1])
		}
		reply, err := r.client.Do(request)
		if err == nil {
			answer, err = io.ReadAll(reply.Body)
			noError(r.t, errors.Join(err, reply.Body.Close()))
			return reply.StatusCode, answer
		}
		if !errors.Is(err, syscall.ECONNREFUSED) || ctx.Err() != nil {
			return 0, []byte(strings.ReplaceAll(err.Error(), path, "")) // the client's own words
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// breakKey replaces the key by what is none, and has the secret in it.
func (r *watched) breakKey() {
	r.t.Helper()
	noError(r.t, os.WriteFile(filepath.Join(r.keys, "key"), []byte("-----BEGIN PRIVATE KEY-----\n"+canary+canary+"\n-----END PRIVATE KEY-----\n"), 0o600))
}

// files searches what was written.
func (r *watched) files() {
	r.t.Helper()
	seen := 0
	noError(r.t, filepath.WalkDir(r.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		secretIn(r.t, "file "+path, content)
		seen++
		return err
	}))
	if seen < 10 {
		r.t.Errorf("only %d files were written", seen)
	}
}
