package billing

import (
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/openstack-artifice/artifice/internal/spool"
)

// A digest is what a fold's Digest says of how the window was collected: by
// which rule, from which samples, and how the config dressed these. As a text
// the three are joined by colons; releases before the first kept no dress.
type digest struct {
	rule    string // of ruleDigest, with aside before it
	dress   spool.Dress
	dressed bool   // whether dress is known
	samples string // see spool.CompareDigests
}

// aside begins the rule of a window whose usage is left out for those tenants
// that were billed for it before the meter was collected.
const aside = "-"

const digestSeparator = ":"

func (d digest) String() string {
	var dress [8]byte
	binary.BigEndian.PutUint32(dress[:], d.dress.Metadata)
	binary.BigEndian.PutUint32(dress[4:], d.dress.Datacenters)
	return d.rule + digestSeparator + base64.RawURLEncoding.EncodeToString(dress[:]) + digestSeparator + d.samples
}

func parseDigest(text string) digest {
	parts := strings.SplitN(text, digestSeparator, 3)
	d := digest{rule: parts[0], samples: parts[len(parts)-1]}
	switch len(parts) {
	case 1:
		d.samples = ""
	case 3:
		if dress, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil && len(dress) == 8 {
			d.dress = spool.Dress{Metadata: binary.BigEndian.Uint32(dress), Datacenters: binary.BigEndian.Uint32(dress[4:])}
			d.dressed = true
		}
	}
	return d
}
