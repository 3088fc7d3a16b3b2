package spool

import (
	"encoding/base64"
	"encoding/binary"
	"errors"

	"github.com/openstack-artifice/artifice/usage"
)

// digestMark begins a digest of this package: usage.Digest has no such
// character.
const digestMark = '.'

const (
	identityBytes    = 4
	fingerprintBytes = 8
)

// CompareDigests says how samples differ from those that were recorded: how
// many were added, how many have another content under the same id, and how
// many are gone. The digest of what there is now is that of samples; what was
// recorded may also be a digest of usage.Digest, which earlier releases used.
//
// A digest has 64 bits for each sample, half of them for which it is. That a
// sample which was added passes for one that was counted has odds of one in
// 2^32 for each that the window has, and that another content is missed of one
// in 2^32.
func CompareDigests(recorded, now string, samples []usage.Sample) (added, changed, gone int, err error) {
	if recorded == now {
		return 0, 0, 0, nil
	}
	if recorded == "" || recorded[0] != digestMark {
		added, changed, gone = usage.CompareDigests(recorded, usage.Digest(samples))
		return added, changed, gone, nil
	}
	before, err := fingerprints(recorded)
	if err != nil {
		return 0, 0, 0, err
	}
	after, err := fingerprints(now)
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

// fingerprints reads a digest: contents by identity.
func fingerprints(digest string) (map[uint32]uint32, error) {
	all := map[uint32]uint32{}
	if digest == "" {
		return all, nil
	}
	data, err := base64.RawURLEncoding.DecodeString(digest[1:])
	if err != nil || digest[0] != digestMark || len(data)%fingerprintBytes != 0 {
		return nil, errors.New("the digest of a window is damaged")
	}
	for ; len(data) > 0; data = data[fingerprintBytes:] {
		all[binary.BigEndian.Uint32(data)] += binary.BigEndian.Uint32(data[identityBytes:])
	}
	return all, nil
}
