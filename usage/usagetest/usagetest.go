// Package usagetest proves that a source keeps the contract of usage.Source,
// and a transformer that of usage.Transformer. An adapter's test is one call:
//
//	func TestSource(t *testing.T) {
//		usagetest.RunSource(t, usagetest.SourceSetup{
//			New:     func(t testing.TB) usage.Source { return open(t, dir) },
//			Samples: samples, // all that the source has
//		})
//	}
//
//	func TestTransformer(t *testing.T) {
//		usagetest.RunTransformer(t, usagetest.TransformerSetup{
//			New: func(testing.TB) usage.Transformer { return &Seen{} },
//		})
//	}
//
// Every check is a subtest with a name of its own. One that the setup, or an
// ability that the adapter leaves out, makes impossible is skipped and says
// what it needs. What a source reads wrong though it reads it the same each
// time, and what a transformer's rule comes to, is for the adapter's own tests.
package usagetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// most is how many mistakes of one kind are worth telling.
const most = 5

// A content is all that a sample says, but for its Origin, as text. Of its
// metadata it has the keys that are looked at.
type content string

// contentOf is the content of a sample with some keys of metadata, or all of
// them where keys is nil.
func contentOf(s *usage.Sample, keys []string) content {
	volume := "none"
	if s.HasVolume {
		volume = s.Volume.String()
	}
	var metadata strings.Builder
	for _, key := range sortedKeys(s.Metadata) {
		if keys == nil || slices.Contains(keys, key) {
			fmt.Fprintf(&metadata, " %q=%q", key, s.Metadata[key])
		}
	}
	return content(fmt.Sprintf("id %q, meter %q, %s, volume %s %q, tenant %q, resource %q, datacenter %q (assumed: %t), at %s, recorded %s, metadata%s",
		s.ID, s.Meter, s.Kind, volume, s.Unit, s.Tenant, s.Resource, s.Datacenter, s.Assumed, instant(s.Time), instant(s.Recorded), metadata.String()))
}

// instant writes a time whatever its zone is.
func instant(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// distinct returns what f says of each sample, once and sorted.
func distinct(samples []usage.Sample, f func(*usage.Sample) string) []string {
	seen := map[string]bool{}
	for i := range samples {
		seen[f(&samples[i])] = true
	}
	return sortedKeys(seen)
}
