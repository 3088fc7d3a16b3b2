package usage

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// What is written without encoding/json is what that writes, to the byte:
// states are compared with those that other releases kept.
func TestStatesAreJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) string {
			return rapid.OneOf(rapid.SampledFrom([]string{"", "a", "m1.small", `"`, `\`, "<&>", "ü", "\x00", "\u2028", "\x7f", "\xff"}), rapid.String()).Draw(t, label)
		}
		var since *time.Time
		if rapid.Bool().Draw(t, "since") {
			at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
			since = &at
		}
		number := decimal.New(rapid.Int64().Draw(t, "coefficient"), rapid.Int32Range(-20, 20).Draw(t, "exponent"))
		up := uptimeState{since, text("state"), text("flavor"), text("tenant"), text("datacenter")}
		same(t, up, up.encode())
		held := integralState{since, number, text("unit"), text("tenant"), text("datacenter"), rapid.Bool().Draw(t, "gone")}
		same(t, held, held.encode())
		counter := counterState{&number, text("unit")}
		same(t, counter, counter.encode())

		var again uptimeState
		reread(t, up, &again, again.decode(up.encode()))
		var last counterState
		reread(t, counter, &last, last.decode(counter.encode()))

		where := whereabouts{text("dc")}
		quick, err := where.seal(State{Data: up.encode()}, true)
		if err != nil {
			t.Fatal(err)
		}
		slow, err := where.seal(State{Data: up.encode()}, false)
		if err != nil || quick != slow {
			t.Fatalf("sealed as %s, and as %s, %v", quick.Data, slow.Data, err)
		}
	})
}

func same(t *rapid.T, state any, got string) {
	want, err := json.Marshal(state)
	if err != nil || string(want) != got {
		t.Fatalf("%s, want %s, %v", got, want, err)
	}
}

// reread wants a state to be what encoding/json reads of it.
func reread[S any](t *rapid.T, state S, got *S, err error) {
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	var want S
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, *got, cmp.AllowUnexported(uptimeState{}, counterState{})); diff != "" {
		t.Fatalf("read of %s (-want +got):\n%s", data, diff)
	}
}

// Whatever a store gives is read as encoding/json reads it, or refused.
func FuzzStates(f *testing.F) {
	for _, data := range []string{"", "{}", `{"since":"2014-01-01T00:00:00Z","state":"active"}`, `{"state":"a\"b"}`, `{"state":"x","extra":1}`, `{"last":"1","unit":"B"}`, `{,"unit":"B"}`, `{"unit":"B",}`} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data string) {
		quick, slow := uptimeState{State: "active"}, uptimeState{State: "active"}
		qerr, serr := quick.decode(data), decodeState(data, &slow)
		if (qerr == nil) != (serr == nil) || qerr == nil && !cmp.Equal(quick, slow) {
			t.Errorf("%q: %+v, %v, want %+v, %v", data, quick, qerr, slow, serr)
		}
		var counter, same counterState
		qerr, serr = counter.decode(data), decodeState(data, &same)
		if (qerr == nil) != (serr == nil) || qerr == nil && !cmp.Equal(counter, same) {
			t.Errorf("%q: %+v, %v, want %+v, %v", data, counter, qerr, same, serr)
		}
	})
}
