package usage

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Sort puts the samples of one series in order and counts each once. It works
// in place and returns the part of the slice that holds what is left.
//
// The order is time, then Recorded, then volume, then id. Samples that are
// alike in all of these follow one another by the rest of their content, so
// that the result is the same whatever order they came in.
//
// A sample counts once by its id: where one id comes with different contents,
// the first in order stays. A sample without an id counts once by all of its
// content. The Origin is no content.
func Sort(samples []Sample) []Sample {
	slices.SortFunc(samples, func(a, b Sample) int { return compare(&a, &b) })
	seen := make(map[string]struct{}, len(samples))
	kept := 0
	for i := range samples {
		s := &samples[i]
		if s.ID == "" {
			// Sorted by all of their content, identical samples are neighbours.
			if kept > 0 && compare(&samples[kept-1], s) == 0 {
				continue
			}
		} else {
			if _, again := seen[s.ID]; again {
				continue
			}
			seen[s.ID] = struct{}{}
		}
		if kept != i {
			samples[kept] = *s
		}
		kept++
	}
	clear(samples[kept:])
	return samples[:kept]
}

// compare orders two samples of a series. It is 0 only where they are
// identical but for their Origin.
func compare(a, b *Sample) int {
	if c := a.Time.Compare(b.Time); c != 0 {
		return c
	}
	if c := a.Recorded.Compare(b.Recorded); c != 0 {
		return c
	}
	if c := reading(a).Cmp(reading(b)); c != 0 {
		return c
	}
	if c := strings.Compare(a.ID, b.ID); c != 0 {
		return c
	}
	return cmp.Or(
		strings.Compare(a.Tenant, b.Tenant),
		strings.Compare(a.Datacenter, b.Datacenter),
		compareBool(a.Assumed, b.Assumed),
		compareBool(a.HasVolume, b.HasVolume),
		strings.Compare(string(a.Kind), string(b.Kind)),
		strings.Compare(a.Unit, b.Unit),
		strings.Compare(a.Meter, b.Meter),
		strings.Compare(a.Resource, b.Resource),
		compareMetadata(a.Metadata, b.Metadata),
	)
}

// reading is the volume of a sample, 0 where it came without one.
func reading(s *Sample) decimal.Decimal {
	if !s.HasVolume {
		return decimal.Decimal{}
	}
	return s.Volume
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

func compareMetadata(a, b map[string]string) int {
	if maps.Equal(a, b) {
		return 0
	}
	return slices.Compare(pairs(a), pairs(b))
}

// pairs lists keys and values in turn, by key.
func pairs(metadata map[string]string) []string {
	list := make([]string, 0, 2*len(metadata))
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		list = append(list, key, metadata[key])
	}
	return list
}

// Digest returns a text that stands for sorted samples: which they are, and all
// that a transformer can see of them. The same samples give the same digest
// wherever they were read, however their volumes are spelled (1.0 and 1), and
// in whatever zone their times are. It is 16 characters long for each sample;
// CompareDigests tells how two sets of samples differ. Ledgers of the first
// releases hold such digests; those of package spool take less to make.
func Digest(samples []Sample) string {
	digest := make([]byte, 0, digestLength*len(samples))
	var (
		buf  []byte
		keys []string
	)
	for i := range samples {
		s := &samples[i]
		keys = slices.AppendSeq(keys[:0], maps.Keys(s.Metadata))
		slices.Sort(keys)
		buf = appendContent(buf[:0], s, keys)
		content := sha256.Sum256(buf)
		identity := content
		if s.ID != "" {
			identity = sha256.Sum256([]byte(s.ID))
		}
		digest = base64.RawURLEncoding.AppendEncode(digest, identity[:6])
		digest = base64.RawURLEncoding.AppendEncode(digest, content[:6])
	}
	return string(digest)
}

const (
	identityLength = 8 // characters: 48 bits, of the samples of one window
	digestLength   = 2 * identityLength
)

// CompareDigests says how the samples of now differ from those of before: how
// many were added, how many have another content under the same id, and how
// many are gone.
func CompareDigests(before, now string) (added, changed, gone int) {
	contents := map[string]string{}
	for i := 0; i+digestLength <= len(before); i += digestLength {
		contents[before[i:i+identityLength]] = before[i+identityLength : i+digestLength]
	}
	for i := 0; i+digestLength <= len(now); i += digestLength {
		identity := now[i : i+identityLength]
		content, known := contents[identity]
		delete(contents, identity)
		switch {
		case !known:
			added++
		case content != now[i+identityLength:i+digestLength]:
			changed++
		}
	}
	return added, changed, len(contents)
}

// appendContent appends the content of a sample, its metadata in the order of
// the keys, so that no two contents give the same bytes: a text has its length
// before it.
func appendContent(buf []byte, s *Sample, keys []string) []byte {
	for _, text := range [...]string{s.ID, s.Meter, string(s.Kind), s.Unit, s.Tenant, s.Resource, s.Datacenter} {
		buf = appendText(buf, text)
	}
	buf = appendBool(buf, s.Assumed)
	buf = appendBool(buf, s.HasVolume)
	buf = appendText(buf, reading(s).String())
	buf = appendTime(buf, s.Time)
	buf = appendTime(buf, s.Recorded)
	buf = binary.AppendUvarint(buf, uint64(len(keys)))
	for _, key := range keys {
		buf = appendText(buf, key)
		buf = appendText(buf, s.Metadata[key])
	}
	return buf
}

func appendText(buf []byte, text string) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(text)))
	return append(buf, text...)
}

func appendBool(buf []byte, b bool) []byte {
	if b {
		return append(buf, 1)
	}
	return append(buf, 0)
}

// appendTime takes seconds and nanoseconds apart: UnixNano is not defined for
// the zero time.
func appendTime(buf []byte, t time.Time) []byte {
	buf = binary.AppendVarint(buf, t.Unix())
	return binary.AppendUvarint(buf, uint64(t.Nanosecond()))
}
