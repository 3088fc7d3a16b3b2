package cloud

import (
	"encoding/json"
	"strconv"
	"time"
)

const (
	polledTime   = "2006-01-02T15:04:05"
	notifiedTime = "2006-01-02T15:04:05.000000"
)

// An olderSample is a sample as Ceilometer's /v2/meters/NAME answers.
type olderSample struct {
	CounterName      string            `json:"counter_name"`
	CounterType      string            `json:"counter_type"`
	CounterUnit      string            `json:"counter_unit"`
	CounterVolume    json.Number       `json:"counter_volume"`
	MessageID        string            `json:"message_id"`
	ProjectID        string            `json:"project_id"`
	ResourceID       string            `json:"resource_id"`
	ResourceMetadata map[string]string `json:"resource_metadata"`
	Source           string            `json:"source"`
	Timestamp        string            `json:"timestamp"`
	UserID           string            `json:"user_id"`
}

func older(f *file, r reading, ids *dice) any {
	return olderSample{
		CounterName:      f.meter,
		CounterType:      f.kind,
		CounterUnit:      f.unit,
		CounterVolume:    r.number(),
		MessageID:        ids.uuid(),
		ProjectID:        r.tenant,
		ResourceID:       r.id,
		ResourceMetadata: r.metadata,
		Source:           "openstack",
		Timestamp:        r.timestamp(),
		UserID:           r.user,
	}
}

// A newerSample is a sample as Ceilometer's /v2/samples answers.
type newerSample struct {
	ID         string            `json:"id"`
	Metadata   map[string]string `json:"metadata"`
	Meter      string            `json:"meter"`
	ProjectID  string            `json:"project_id"`
	RecordedAt string            `json:"recorded_at"`
	ResourceID string            `json:"resource_id"`
	Source     string            `json:"source"`
	Timestamp  string            `json:"timestamp"`
	Type       string            `json:"type"`
	Unit       string            `json:"unit"`
	UserID     string            `json:"user_id"`
	Volume     json.Number       `json:"volume"`
}

func newer(f *file, r reading, ids *dice) any {
	delay := time.Duration(ids.Int64N(2_000_000)) * time.Microsecond
	return newerSample{
		ID:         ids.uuid(),
		Metadata:   r.metadata,
		Meter:      f.meter,
		ProjectID:  r.tenant,
		RecordedAt: r.at.Add(delay).Format(notifiedTime),
		ResourceID: r.id,
		Source:     "openstack",
		Timestamp:  r.timestamp(),
		Type:       f.kind,
		Unit:       f.unit,
		UserID:     r.user,
		Volume:     r.number(),
	}
}

// timestamp is UTC without a zone. Notifications have microseconds; what is
// polled has none.
func (r reading) timestamp() string {
	if r.notified {
		return r.at.Format(notifiedTime)
	}
	return r.at.Format(polledTime)
}

// number is a whole number as Ceilometer writes it, which keeps floats.
func (r reading) number() json.Number {
	return json.Number(strconv.FormatInt(r.volume, 10) + ".0")
}
