package datacenter

import (
	"slices"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	f, err := Rules{
		DatacenterKey:  []string{"zone", "availability_zone"},
		DatacenterHost: map[string]string{"south": "s-*, *.south.example", "north": "n-[0-9], s-1"},
	}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		metadata []string
		want     string
	}{
		{nil, ""},
		{[]string{"zone", "east", "availability_zone", "west"}, "east"},
		{[]string{"zone", "None", "availability_zone", "west", "host", "n-1"}, "west"},
		{[]string{"host", "n-1"}, "north"},
		{[]string{"host", "n-12"}, ""},
		{[]string{"host", "s-1"}, "north"}, // names are tried in sorted order
		{[]string{"host", "s-2", "zone", ""}, "south"},
		{[]string{"host", "x.south.example"}, "south"},
		{[]string{"host", "None"}, ""},
	} {
		metadata := map[string]string{}
		for pair := range slices.Chunk(test.metadata, 2) {
			metadata[pair[0]] = pair[1]
		}
		if got := f.Find(metadata); got != test.want {
			t.Errorf("%v is in %q, want %q", metadata, got, test.want)
		}
	}
	if keys := f.Keys(); !slices.Equal(keys, []string{"zone", "availability_zone", "host"}) {
		t.Errorf("it looks at %q", keys)
	}
	if none, err := (Rules{}).Compile(); err != nil || len(none.Keys()) > 0 || none.Find(map[string]string{"host": "a"}) != "" {
		t.Errorf("without rules it looks at %q, %v", none.Keys(), err)
	}
}

func TestValidate(t *testing.T) {
	err := Rules{DatacenterKey: []string{"a", ""}, DatacenterHost: map[string]string{"north": "[", "south": "a,,b"}}.Validate()
	for _, says := range []string{"datacenter_key: a key of metadata is empty", `datacenter_host.north: "[" is not a pattern`, "datacenter_host.south: a pattern is empty"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	}
}
