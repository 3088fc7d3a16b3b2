package usage

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// whereabouts is what Walk remembers itself: the datacenter of the last sample
// of the series for which it was known, or "".
type whereabouts struct {
	datacenter string
}

// resolve returns the samples with their datacenters. It copies them where it
// changes one: what Walk was given is the caller's.
func (w *whereabouts) resolve(samples []Sample) []Sample {
	copied := false
	for i := range samples {
		s := &samples[i]
		switch {
		case !s.Assumed:
			if s.Datacenter != "" {
				w.datacenter = s.Datacenter
			}
		case w.datacenter != "" && s.Datacenter != w.datacenter:
			if !copied {
				samples, copied = slices.Clone(samples), true
			}
			samples[i].Datacenter = w.datacenter
		}
	}
	return samples
}

// envelope is how whereabouts and a transformer's state are kept together.
type envelope struct {
	DC   string          `json:"dc,omitempty"`
	Data json.RawMessage `json:"data,omitempty"`
}

// seal wraps a transformer's state. Where own is set the transformer is one of
// this package, whose states need no check.
func (w *whereabouts) seal(state State, own bool) (State, error) {
	if w.datacenter == "" && state.Data == "" {
		return state, nil
	}
	if own || state.Data == "" {
		buf := make([]byte, 0, len(`{"dc":"","data":}`)+len(w.datacenter)+len(state.Data))
		buf = appendField(append(buf, '{'), "dc", w.datacenter)
		if state.Data != "" {
			buf = append(appendKey(buf, "data"), state.Data...)
		}
		return State{Data: string(append(buf, '}')), Until: state.Until}, nil
	}
	data, err := encodeState(envelope{DC: w.datacenter, Data: json.RawMessage(state.Data)})
	if err != nil {
		return State{}, fmt.Errorf("the transformer's state is not JSON: %w", err)
	}
	return State{Data: data, Until: state.Until}, nil
}

// unseal is the inverse of seal.
func unseal(state State) (whereabouts, State, error) {
	var e envelope
	if err := decodeState(state.Data, &e); err != nil {
		return whereabouts{}, State{}, err
	}
	return whereabouts{datacenter: e.DC}, State{Data: string(e.Data), Until: state.Until}, nil
}

// encodeState writes a state as JSON.
func encodeState(v any) (string, error) {
	data, err := json.Marshal(v)
	return string(data), err
}

// decodeState reads what encodeState wrote; "" changes nothing. It is strict:
// the state that another transformer left must not pass for an empty one, for
// that would lose or repeat usage.
func decodeState(data string, v any) error {
	if data == "" {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		err = errors.New("text after the state")
	}
	return fmt.Errorf("the kept state does not fit the meter's transformer (%w); "+
		"where the transformer was changed, give the meter a section of another name", err)
}
