package cloud_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// A sample is what the tests read of one, from whichever shape.
type sample struct {
	older    bool
	id       string
	meter    string
	kind     string
	unit     string
	tenant   string
	resource string
	time     time.Time
	volume   decimal.Decimal
	metadata map[string]string
}

// plain unpacks a file that is called *.gz.
func plain(t *testing.T, name, text string) string {
	t.Helper()
	if !strings.HasSuffix(name, ".gz") {
		return text
	}
	z, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	unpacked, err := io.ReadAll(z)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if z.Name != "" || !z.ModTime.IsZero() {
		t.Errorf("%s: gzip's header says %q, %s", name, z.Name, z.ModTime)
	}
	return string(unpacked)
}

// decode reads a file of samples by what its name says of its format, in the
// file's order. A key that it does not know fails the test.
func decode(t *testing.T, name, text string) []sample {
	t.Helper()
	text = plain(t, name, text)
	var raw []json.RawMessage
	if strings.Contains(name, ".jsonl") {
		for line := range strings.Lines(text) {
			raw = append(raw, json.RawMessage(line))
		}
	} else if err := json.Unmarshal([]byte(text), &raw); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	samples := make([]sample, 0, len(raw))
	for i, r := range raw {
		s, err := decodeOne(r)
		if err != nil {
			t.Fatalf("%s: sample %d: %v", name, i+1, err)
		}
		samples = append(samples, s)
	}
	return samples
}

func decodeOne(text []byte) (sample, error) {
	var both struct {
		CounterName      string            `json:"counter_name"`
		CounterType      string            `json:"counter_type"`
		CounterUnit      string            `json:"counter_unit"`
		CounterVolume    json.Number       `json:"counter_volume"`
		MessageID        string            `json:"message_id"`
		ResourceMetadata map[string]string `json:"resource_metadata"`

		Meter      string            `json:"meter"`
		Type       string            `json:"type"`
		Unit       string            `json:"unit"`
		Volume     json.Number       `json:"volume"`
		ID         string            `json:"id"`
		Metadata   map[string]string `json:"metadata"`
		RecordedAt string            `json:"recorded_at"`

		ProjectID  string `json:"project_id"`
		ResourceID string `json:"resource_id"`
		Source     string `json:"source"`
		Timestamp  string `json:"timestamp"`
		UserID     string `json:"user_id"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&both); err != nil {
		return sample{}, err
	}
	s := sample{
		id: both.ID, meter: both.Meter, kind: both.Type, unit: both.Unit, metadata: both.Metadata,
		tenant: both.ProjectID, resource: both.ResourceID,
	}
	number := both.Volume
	if both.CounterName != "" {
		s.older, s.id, s.meter, s.kind, s.unit = true, both.MessageID, both.CounterName, both.CounterType, both.CounterUnit
		s.metadata, number = both.ResourceMetadata, both.CounterVolume
	}
	var err error
	if s.volume, err = decimal.NewFromString(number.String()); err != nil {
		return sample{}, err
	}
	// The layout takes a fraction of a second where there is one.
	if s.time, err = time.Parse("2006-01-02T15:04:05", both.Timestamp); err != nil {
		return sample{}, err
	}
	if both.RecordedAt != "" {
		_, err = time.Parse("2006-01-02T15:04:05.000000", both.RecordedAt)
	}
	return s, err
}
