package config

import "testing"

// Scan and ini.v1 agree on every text that is known, so that what happens
// where they do not is tested with files that another text was scanned for.
func TestConfirmRefuses(t *testing.T) {
	tests := []struct {
		name, scanned, read string
		want                string
	}{
		{"other value", "[a]\nb = hunter2\n", "[a]\nb = 2\n",
			`f:2:1: [a] b can be read in two ways; put quotes around the value`},
		{"other key", "[a]\nb = hunter2\n", "[a]\nc = hunter2\n",
			`f:2:1: [a] b can be read in two ways; put quotes around the value`},
		{"one more key", "[a]\nb = hunter2\n", "[a]\nb = hunter2\nc = 2\n",
			`f:1:1: section [a] can be read in two ways; put quotes around its values`},
		{"one less section", "[a]\n[b]\n", "[a]\n",
			`f:2:1: section [b] can be read in two ways; put quotes around its values`},
		{"one more section", "[a]\n", "[a]\n[b]\nc = hunter2\n",
			`f: section [b] can be read in two ways; write its header anew`},
		{"keys before any section", "[a]\n", "c = hunter2\n[a]\n",
			`f: section [DEFAULT] can be read in two ways; write its header anew`},
		{"not for ini.v1", "[a]\n", "[a\nhunter2",
			`f: the config can be read in two ways; put quotes around its values`},
		{"a key that ini.v1 could inherit", "[a]\nb = 1\n[a.c]\nb = 1\n", "[a]\nb = 1\n[a.c]\nd = 1\n",
			`f:4:1: [a.c] b can be read in two ways; put quotes around the value`},
		{"same", "[a]\nb = \"1\"\n", "[a]\nb = 1\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, errs := scan("f", test.scanned)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			err := confirm(f, test.read).Err()
			if test.want == "" && err == nil {
				return
			}
			wantError(t, err, test.want)
		})
	}
}
