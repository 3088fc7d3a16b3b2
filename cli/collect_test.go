package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/usage"
)

// Samples that contradict each other are for somebody to look at, also where all
// else is to be quiet.
func TestQuietTellsOfClashes(t *testing.T) {
	var said bytes.Buffer
	a := &App{Stderr: &said, talk: talk{quiet: true}}
	s := &session{Engine: &billing.Engine{Location: time.UTC}}
	a.tellCollected(s, billing.Collected{Source: "object", Read: 2, Clashes: 1, Clash: usage.Origin{Name: "a.json", Line: 2}})
	if got := said.String(); !strings.HasPrefix(got, "warning: 1 sample left out: ") || !strings.Contains(got, "a.json:2") {
		t.Errorf("said %q", got)
	}
}
