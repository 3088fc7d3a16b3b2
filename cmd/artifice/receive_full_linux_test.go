package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/adapters/ceilometer"
	"github.com/openstack-artifice/artifice/config"
)

// A receiver whose disk is full answers 507, and goes on once there is room.
// What it acknowledged is there, and no half of what it did not.
func TestReceiverDiskFull(t *testing.T) {
	d := newDisk(t)
	source, err := ceilometer.NewSource(t.Context(), ceilometer.Config{Path: config.Path(d.dir)})
	noError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	address := freeAddress(t)
	ended := make(chan error, 1)
	go func() { ended <- source.Receive(ctx, address, func(slog.Level, string) {}) }()

	p := &publisher{sent: map[int]int{}, acked: map[int]bool{}}
	full := 0
	for batch := 1; len(p.acked) < 30; batch++ {
		p.sent[batch] = 1
		status, err := post(t.Context(), "http://"+address, fmt.Appendf(nil,
			`[{"id":"%d-0","name":"volume.size","type":"gauge","unit":"GB","volume":1,"project_id":"t1","resource_id":"v","timestamp":"2013-10-01T00:00:00","resource_metadata":{"padding":%q}}]`,
			batch, strings.Repeat("x", page)))
		noError(t, err)
		switch status {
		case 200:
			p.acked[batch] = true
		case 507:
			full++
			d.resize(d.size + page)
		default:
			t.Fatalf("the answer is %d", status)
		}
	}
	stop()
	noError(t, <-ended)
	if full == 0 {
		t.Error("the disk was never full")
	}
	p.compare(t, d.dir)
}
