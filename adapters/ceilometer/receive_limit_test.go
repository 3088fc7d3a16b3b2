package ceilometer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// A sample that receiving takes can be collected, however long it is: in the file
// the end of the line before stands between it and the sample before.
func TestReceivedSampleCanBeCollected(t *testing.T) {
	const (
		sample = `{"counter_name":"volume.size","counter_type":"gauge","counter_unit":"GB","counter_volume":1,"project_id":"t","resource_id":"r","timestamp":"2014-03-01T00:00:00","message_id":"x","resource_metadata":{},"pad":""}`
		pad    = `"pad":"`
	)
	for length := maxSample - 4; length <= maxSample+1; length++ {
		long := strings.Replace(sample, pad, pad+strings.Repeat("p", length-len(sample)), 1)
		dir := t.TempDir()
		s, err := NewSource(t.Context(), Config{Path: config.Path(dir), Datacenter: "d"})
		if err != nil {
			t.Fatal(err)
		}
		_, refused := s.checkBatch([]byte(long))
		if length < maxSample-2 && refused != nil || length >= maxSample && refused == nil {
			t.Errorf("of %d bytes: %v", length, refused)
		}
		if refused != nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, "received-a.jsonl"), []byte("["+sample+"]\n"+long+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		read := 0
		for _, err := range s.Samples(t.Context(), usage.Query{}) {
			if err != nil {
				t.Fatalf("of %d bytes: %v", length, err)
			}
			read++
		}
		if read == 0 {
			t.Errorf("of %d bytes: nothing is read", length)
		}
	}
}
