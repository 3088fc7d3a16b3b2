package spool

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/openstack-artifice/artifice/usage"
)

// digestMark begins a digest: those of earlier releases have no such character.
const digestMark = '~'

const (
	identityBytes    = 4
	fingerprintBytes = 8
)

var errDigest = errors.New("the digest of a window is damaged")

// CompareDigests says how samples differ from those that were recorded: how
// many were added, how many have another content under the same id, and how
// many are gone. Recorded is the digest of so many samples.
//
// A digest has 64 bits for each sample, half of them for which it is. That a
// sample which was added passes for one that was counted has odds of one in
// 2^32 for each that the window has, and that another content is missed of one
// in 2^32. What releases before the first recorded says only how many there
// were.
func CompareDigests(recorded string, samples int, w *Window) (added, changed, gone int, err error) {
	if recorded == w.Digest {
		return 0, 0, 0, nil
	}
	if recorded != "" && recorded[0] != digestMark {
		more := len(w.Samples) - samples
		return max(0, more), 0, max(0, -more), nil
	}
	before, err := fingerprints(recorded)
	if err != nil {
		return 0, 0, 0, err
	}
	after, err := fingerprints(w.Digest)
	if err != nil {
		return 0, 0, 0, err
	}
	for identity, content := range after {
		was, known := before[identity]
		switch {
		case !known:
			added++
		case was != content:
			changed++
		}
	}
	for identity := range before {
		if _, there := after[identity]; !there {
			gone++
		}
	}
	return added, changed, gone, nil
}

// Added returns those of a window's samples that were not recorded, or with
// another content; none where the digest, for it is of a release before the
// first, does not say which were.
func Added(recorded string, w *Window) ([]usage.Sample, error) {
	if recorded != "" && recorded[0] != digestMark {
		return nil, nil
	}
	before, err := fingerprints(recorded)
	if err != nil {
		return nil, err
	}
	after, err := fingerprints(w.Digest)
	if err != nil {
		return nil, err
	}
	var added []usage.Sample
	for i, identity := range identities(w.Digest) {
		if content, known := before[identity]; !known || content != after[identity] {
			added = append(added, w.Samples[i])
		}
	}
	return added, nil
}

// identities lists what a digest has of each sample, in their order. The digest
// is whole.
func identities(digest string) []uint32 {
	if digest == "" {
		return nil
	}
	data, _ := base64.RawURLEncoding.DecodeString(digest[1:])
	all := make([]uint32, 0, len(data)/fingerprintBytes)
	for ; len(data) > 0; data = data[fingerprintBytes:] {
		all = append(all, binary.BigEndian.Uint32(data))
	}
	return all
}

// fingerprints reads a digest: contents by identity.
func fingerprints(digest string) (map[uint32]uint32, error) {
	all := map[uint32]uint32{}
	if digest == "" {
		return all, nil
	}
	data, err := base64.RawURLEncoding.DecodeString(digest[1:])
	if err != nil || len(data)%fingerprintBytes != 0 {
		return nil, errDigest
	}
	for ; len(data) > 0; data = data[fingerprintBytes:] {
		all[binary.BigEndian.Uint32(data)] += binary.BigEndian.Uint32(data[identityBytes:])
	}
	return all, nil
}

// A Dress stands for what a config makes samples say beside what was measured.
// It is the same for the same samples in any order.
type Dress struct {
	Metadata    uint32 // those keys that a meter looks at
	Datacenters uint32 // and whether they are assumed
}

// A Dresser makes the dresses of the windows of series. It is for one
// goroutine.
type Dresser struct {
	keys []string // sorted; nil for all
	last map[string]string
	hash uint64 // of last
}

// NewDresser returns one for a meter that looks at some keys of metadata, nil
// for all.
func NewDresser(keys []string) *Dresser {
	if keys != nil {
		keys = slices.Compact(slices.Sorted(slices.Values(keys)))
		keys = append([]string{}, keys...) // not nil
	}
	return &Dresser{keys: keys, hash: textsHash()}
}

// Dress returns the dress of samples, the zero Dress for none.
func (d *Dresser) Dress(samples []usage.Sample) Dress {
	var metadata, datacenters uint64
	for i := range samples {
		s := &samples[i]
		if !Same(d.last, s.Metadata) {
			d.last, d.hash = s.Metadata, d.metadataHash(s.Metadata)
		}
		at := instantOf(s.Time)
		when := mixer(pi0).word(uint64(at.sec)).word(uint64(at.nsec))
		metadata += when.word(d.hash).sum()
		datacenters += when.bytes([]byte(s.Datacenter)).word(uint64(flag(s.Assumed))).sum()
	}
	return Dress{uint32(metadata), uint32(datacenters)}
}

func (d *Dresser) metadataHash(metadata map[string]string) uint64 {
	keys := d.keys
	if keys == nil {
		for key := range metadata {
			keys = append(keys, key)
		}
		slices.Sort(keys)
	}
	var texts []string
	for _, key := range keys {
		if value, ok := metadata[key]; ok {
			texts = append(texts, key, value)
		}
	}
	return textsHash(texts...)
}
