package ceilometer

import (
	"bytes"
	"encoding/json"
	"io"
	"math/big"
	"os"
	"testing"

	"github.com/openstack-artifice/artifice/usage"
)

// FuzzSource reads any bytes as a file. Each sample that encoding/json finds
// in them comes out as it finds it, or as an error; where it finds no JSON,
// there is an error too.
func FuzzSource(f *testing.F) {
	for _, name := range []string{"2013.json", "2014.json", "new.json", "publisher.jsonl"} {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(plain() + "\n" + plain("1.0", "1.5e3", "{}", `{"a":{"b":[1, "]"]},"c":null}`) + "[" + plain("acme", `\"\\`) + "]"))
	f.Add([]byte("[" + plain("{}", `{"a":1,"a":2}`) + "," + plain("acme", "\xff") + "," + plain("{}", "{") + "]"))
	f.Add([]byte(`[{},[],{"id":1},"\"",-1e9,null]`))
	f.Add([]byte("\ufeff" + plain()))
	f.Fuzz(func(t *testing.T, text []byte) {
		d := &document{medium: inFile, name: "fuzz.json"}
		d.read(bytes.NewReader(text))
		var samples []usage.Sample
		mistakes := 0
		for s, err := range samplesOf(t, d) {
			if err != nil {
				mistakes++
				continue
			}
			samples = append(samples, s)
		}
		want, err := decode(bytes.TrimPrefix(text, []byte(byteOrderMark)))
		if err == nil && len(want) > 0 && len(samples)+mistakes != len(want) {
			t.Fatalf("%d samples and %d mistakes, encoding/json finds %d samples", len(samples), mistakes, len(want))
		}
		if mistakes > 0 {
			return
		}
		if err != nil || len(want) != len(samples) {
			t.Fatalf("%d samples and no mistake, encoding/json finds %d, %v", len(samples), len(want), err)
		}
		line := 0
		for i, s := range samples {
			compare(t, s, want[i])
			if s.Origin.Index != i+1 || s.Origin.Line < line || s.Origin.Line > bytes.Count(text, []byte("\n"))+1 {
				t.Fatalf("sample %d after line %d is said to be %v", i+1, line, s.Origin)
			}
			line = s.Origin.Line
		}
	})
}

// decode finds the samples of a document by other means.
func decode(text []byte) (samples []map[string]any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	for {
		var doc any
		if err := decoder.Decode(&doc); err == io.EOF {
			return samples, nil
		} else if err != nil {
			return nil, err
		}
		list, ok := doc.([]any)
		if !ok {
			list = []any{doc}
		}
		for _, sample := range list {
			object, _ := sample.(map[string]any)
			samples = append(samples, object)
		}
	}
}

func compare(t *testing.T, got usage.Sample, want map[string]any) {
	t.Helper()
	first := func(names ...string) any {
		for _, name := range names {
			if v := want[name]; v != nil {
				return v
			}
		}
		return ""
	}
	tenant := first("project_id")
	if tenant == "None" {
		tenant = ""
	}
	if got.Meter != first("counter_name", "meter", "name") || string(got.Kind) != first("counter_type", "type") ||
		got.Unit != first("counter_unit", "unit") || got.Tenant != tenant || got.Resource != first("resource_id") ||
		got.ID != first("message_id", "id") {
		t.Fatalf("%+v is not %v", got, want)
	}
	number, ok := first("counter_volume", "volume").(json.Number)
	if ok != got.HasVolume {
		t.Fatalf("the volume of %+v is not that of %v", got, want)
	}
	if ok {
		if exact, valid := new(big.Rat).SetString(number.String()); !valid || got.Volume.Rat().Cmp(exact) != 0 {
			t.Fatalf("the volume %v is not %v", got.Volume, number)
		}
	}
	flat := map[string]bool{}
	metadata, _ := first("resource_metadata", "metadata").(map[string]any)
	keys(flat, "", metadata)
	if len(flat) != len(got.Metadata) {
		t.Fatalf("the metadata %v is not %v", got.Metadata, metadata)
	}
	for key := range flat {
		if _, ok := got.Metadata[key]; !ok {
			t.Fatalf("the metadata %v has no %q", got.Metadata, key)
		}
	}
}

// keys gathers the dotted keys of an object that have a value.
func keys(flat map[string]bool, prefix string, object map[string]any) {
	for name, value := range object {
		if inner, ok := value.(map[string]any); ok {
			keys(flat, prefix+name+".", inner)
		} else if value != nil {
			flat[prefix+name] = true
		}
	}
}
