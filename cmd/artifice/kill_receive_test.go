package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/adapters/ceilometer"
	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// A publisher sends batches and remembers which were acknowledged.
type publisher struct {
	mu    sync.Mutex
	next  int
	sent  map[int]int  // how many samples each batch has
	acked map[int]bool // those that were acknowledged
	heard chan bool    // one for each that was
}

// send sends batches until the receiver is gone.
func (p *publisher) send(ctx context.Context, t *testing.T, url string, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 8))
	for {
		size := 1 + r.IntN(40)
		p.mu.Lock()
		p.next++
		batch := p.next
		p.sent[batch] = size
		p.mu.Unlock()
		samples := make([]string, size)
		for i := range samples {
			samples[i] = fmt.Sprintf(`{"id":"%d-%d","name":"volume.size","type":"gauge","unit":"GB","volume":%d,"project_id":"t1","resource_id":"v%d","timestamp":"2013-10-01T00:%02d:00","resource_metadata":{}}`,
				batch, i, i, batch, i)
		}
		within, cancel := context.WithTimeout(ctx, 10*time.Second)
		status, err := post(within, url, []byte("["+strings.Join(samples, ",\n")+"]"))
		cancel()
		if err != nil {
			return
		}
		if status != 200 {
			t.Errorf("batch %d is answered by %d", batch, status)
			return
		}
		p.mu.Lock()
		p.acked[batch] = true
		p.mu.Unlock()
		p.heard <- true
	}
}

// Whenever a receiver is killed, every batch that it acknowledged is read,
// once, and none is read by halves.
func TestReceiverKilled(t *testing.T) {
	exe, err := os.Executable()
	noError(t, err)
	dir := t.TempDir()
	samples := filepath.Join(dir, "samples")
	noError(t, os.Mkdir(samples, 0o700))
	noError(t, os.WriteFile(filepath.Join(dir, "artifice.ini"), []byte("[main]\ndeployment = crash\ncurrency = NZD\n"+
		"invoice:object = adapters.csv:Invoice\nsource:object = adapters.ceilometer:Source\nstore:object = adapters.sqlite:Store\n"+
		"[invoice:object]\ncsv_directory = invoices\n[source:object]\npath = samples\nreceive.seal_after = 20ms\n[store:object]\npath = artifice.db\n"), 0o600))

	r := rand.New(rand.NewPCG(1, 8))
	p := &publisher{sent: map[int]int{}, acked: map[int]bool{}, heard: make(chan bool, 1000)}
	for round := range *kills {
		address := freeAddress(t)
		receiver := exec.CommandContext(t.Context(), exe, "receive", "--listen", address)
		receiver.Env = append(os.Environ(), asArtifice+"=1")
		receiver.Dir = dir
		var told strings.Builder
		receiver.Stderr = &told
		noError(t, receiver.Start())
		ctx, cancel := context.WithCancel(t.Context())
		var senders sync.WaitGroup
		for n := range 4 {
			senders.Go(func() { p.send(ctx, t, "http://"+address, uint64(4*round+n)) })
		}
		for range 1 + r.IntN(60) {
			<-p.heard
		}
		noError(t, receiver.Process.Kill())
		if err := receiver.Wait(); err == nil {
			t.Errorf("it was not killed: %s", &told)
		}
		cancel()
		senders.Wait()
		for len(p.heard) > 0 {
			<-p.heard
		}
		if round%3 != 0 {
			continue // the next receiver recovers, or the source does
		}
		p.compare(t, samples)
	}
	p.compare(t, samples)
	t.Logf("%d batches were sent, %d acknowledged", len(p.sent), len(p.acked))
}

// compare holds what is read against what was acknowledged.
func (p *publisher) compare(t *testing.T, path string) {
	t.Helper()
	source, err := ceilometer.NewSource(t.Context(), ceilometer.Config{Path: config.Path(path)})
	noError(t, err)
	there := map[int]int{}
	for s, err := range source.Samples(t.Context(), usage.Query{}) {
		noError(t, err)
		var batch, i int
		_, err = fmt.Sscanf(s.ID, "%d-%d", &batch, &i)
		noError(t, err)
		there[batch]++
	}
	for batch := range maps.Keys(p.acked) {
		if there[batch] == 0 {
			t.Errorf("batch %d was acknowledged, and is lost", batch)
		}
	}
	for batch, n := range there {
		if n != p.sent[batch] {
			t.Errorf("batch %d is there with %d samples of %d", batch, n, p.sent[batch])
		}
	}
}
