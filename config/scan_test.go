package config

import (
	"strings"
	"testing"
)

// canary stands for a secret that somebody wrote into the wrong place.
const canary = "hunter2"

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // each line without the leading "artifice.ini"
	}{
		{"empty", "",
			`: the config is empty; write at least a [main] section`},
		{"blank lines only", "\n \t\r\n",
			`: the config is empty; write at least a [main] section`},
		{"byte order mark only", "\uFEFF",
			`: the config is empty; write at least a [main] section`},
		{"comments only", "# [main]\n; a = hunter2\n",
			`: the config has no section; write at least [main]`},
		{"too long", "[main]\n" + strings.Repeat("#\n", maxFileSize/2),
			`: longer than 262144 bytes: not a config file`},
		{"NUL", "[main]\na = \x00\n",
			`:2:5: a NUL byte: not a text file`},
		{"binary", "\x7fELF\x02\x01\x01\x00",
			`:1:1: the invisible character U+007F; take it out`},
		{"Latin-1", "[main]\na = Caf\xe9 hunter2\n",
			`:2:8: byte 0xE9 is not UTF-8; save it as UTF-8`},
		{"UTF-16, little endian, marked", "\xff\xfe[\x00m\x00]\x00",
			`: UTF-16 text; save it as UTF-8`},
		{"UTF-16, big endian, marked", "\xfe\xff\x00[\x00m\x00]",
			`: UTF-16 text; save it as UTF-8`},
		{"UTF-16, unmarked", "[\x00m\x00]\x00\n\x00",
			`: UTF-16 text; save it as UTF-8`},
		{"CR only", "[main]\ra = hunter2\r",
			`:1:7: a carriage return without a line feed; save the config with LF or CRLF line ends`},
		{"CR at the end of the last line", "[main]\r\na = hunter2\r",
			`:2:12: a carriage return without a line feed; save the config with LF or CRLF line ends`},
		{"control character", "[main]\na = x\x1by\n",
			`:2:6: the invisible character U+001B; take it out`},
		{"next line character", "[main]\na = x\u0085b = y\n",
			`:2:6: the invisible character U+0085; take it out`},
		{"line separator", "[main]\na = x\u2028b = y\n",
			`:2:6: the invisible character U+2028; take it out`},
		{"byte order mark within", "[main]\n\uFEFFa = x\n",
			`:2:1: the invisible character U+FEFF; take it out`},
		{"text that turns direction, even in a comment", "[main]\n# \u202e x\n",
			`:2:3: the invisible character U+202E; take it out`},

		{"header not closed", "[main\na = hunter2\n",
			`:1:1: the section's header is not closed; write [name]`},
		{"header without a name", "[]\n",
			`:1:1: a section without a name`},
		{"header with blanks within", "[ main]\n",
			`:1:1: blanks within the brackets; write [main]`},
		{"header with a no-break space within", "[main\u00a0]\n",
			`:1:1: blanks within the brackets; write [main]`},
		{"header with two brackets", "[[main]\n",
			`:1:1: a bracket within a section's name; write [name]`},
		{"header closed twice", "[main]]\n",
			`:1:7: text after the section's header (a comment has a line of its own)`},
		{"text after a header", "  [main]  a = hunter2\n",
			`:1:11: text after the section's header (a comment has a line of its own)`},
		{"comment after a header", "[main] # hunter2\n",
			`:1:8: text after the section's header (a comment has a line of its own)`},
		{"section twice", "[main]\na = 1\n\n[b]\n[main]\nc = hunter2\n",
			`:5:1: section [main] stands in line 1 already`},

		{"key before any section", "\na = hunter2\n[main]\n",
			`:2:1: key "a" stands before any section; write [main] above it`},
		{"key before any section, though a mark precedes", "\uFEFFa = hunter2\n[main]\n",
			`:1:1: key "a" stands before any section; write [main] above it`},
		{"key twice", "[main]\na = hunter2\n\ta= hunter2\n",
			`:3:2: key "a" stands in line 2 already`},
		{"key twice below a header that was refused", "[main\na = 1\na = 1\n", `
:1:1: the section's header is not closed; write [name]
:3:1: key "a" stands in line 2 already`},
		{"no equals sign", "[main]\nhunter2\n",
			`:2:1: a line without "=" (write key = value; a value does not go on in the next line)`},
		{"a colon instead of the equals sign", "[main]\na: hunter2\n",
			`:2:1: a line without "=" (write key = value; a value does not go on in the next line)`},
		{"value that goes on", "[main]\na = 1,\n    hunter2\n",
			`:3:5: a line without "=" (write key = value; a value does not go on in the next line)`},
		{"no key", "[main]\n = hunter2\n",
			`:2:2: no key before "="`},
		{"quoted key", "[main]\n\"a\" = hunter2\n'b' = hunter2\n`c` = hunter2\n", `
:2:1: a quote at the start of a key; quotes are for values
:3:1: a quote at the start of a key; quotes are for values
:4:1: a quote at the start of a key; quotes are for values`},
		{"dash for a key", "[main]\n- = hunter2\n",
			`:2:1: "-" is not a key; name it`},
		{"no-break space before a key", "[main]\n\u00a0a = hunter2\n",
			`:2:1: a blank beside a key that is neither space nor tab`},

		{"double quote not closed", "[main]\na = \"hunter2\nb = \"x\"\n",
			`:2:5: the quote of a is not closed`},
		{"single quote not closed", "[main]\na = 'hunter2\"\n",
			`:2:5: the quote of a is not closed`},
		{"a quote alone", "[main]\na = \"\n",
			`:2:5: the quote of a is not closed`},
		{"text after a closing quote", "[main]\na = \"x\" hunter2\n",
			`:2:9: text after the closing quote of a (quotes go around the whole value; a value with one kind of quote in it goes in the other kind; a comment has a line of its own)`},
		{"comment after a closing quote", "[main]\na = 'x' # hunter2\n",
			`:2:9: text after the closing quote of a (quotes go around the whole value; a value with one kind of quote in it goes in the other kind; a comment has a line of its own)`},
		{"escaped quote", "[main]\na = \"x \\\" y\"\n",
			`:2:11: text after the closing quote of a (quotes go around the whole value; a value with one kind of quote in it goes in the other kind; a comment has a line of its own)`},
		{"triple quotes", "[main]\na = \"\"\"hunter2\"\"\"\n",
			`:2:7: text after the closing quote of a (quotes go around the whole value; a value with one kind of quote in it goes in the other kind; a comment has a line of its own)`},
		{"quoted list", "[main]\na = \"x\", \"y\"\n",
			`:2:8: text after the closing quote of a (quotes go around the whole value; a value with one kind of quote in it goes in the other kind; a comment has a line of its own)`},
		{"a quote that none opens", "[main]\na = hunter2\"\nb = hunter2'\n", `
:2:12: a quote closes the value of a that none opens (put the other kind around a value that ends so)
:3:12: a quote closes the value of b that none opens (put the other kind around a value that ends so)`},
		{"backquote", "[main]\na = `hunter2`\n",
			"" + `:2:5: the value of a begins with a backquote; put quotes around the value`},
		{"continuation", "[main]\na = hunter2 \\\n  b = 1\n",
			`:2:13: the value of a ends in a backslash; a value does not go on in the next line (put quotes around one that ends so)`},
		{"no-break space before a value", "[main]\na = \u00a0hunter2\n",
			`:2:5: a blank beside the value of a that is neither space nor tab (put quotes around a value with blanks at its ends)`},

		{"all at once, sorted", "[main]\na\n[main]\nb = \"hunter2\n[x\n", `
:2:1: a line without "=" (write key = value; a value does not go on in the next line)
:3:1: section [main] stands in line 1 already
:4:5: the quote of b is not closed
:5:1: the section's header is not closed; write [name]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := Parse("artifice.ini", []byte(test.text))
			if err == nil {
				t.Fatalf("accepted: %+v", f.Sections)
			}
			if f != nil {
				t.Error("a file was returned beside the error")
			}
			want := "artifice.ini" + strings.ReplaceAll(strings.TrimPrefix(test.want, "\n"), "\n", "\nartifice.ini")
			if got := err.Error(); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if strings.Contains(err.Error(), canary) {
				t.Error("the message holds the value")
			}
		})
	}
}

func TestParseAccepts(t *testing.T) {
	tests := []struct {
		name, line string // below [s]
		key, value string
		col        int // of the value
	}{
		{"blanks around", "a = b", "a", "b", 5},
		{"no blanks", "a=b", "a", "b", 3},
		{"many blanks", " \ta\t =\t  b \t", "a", "b", 10},
		{"colon in the key", "invoice:object = x", "invoice:object", "x", 18},
		{"colons in both, no blanks", `invoice:object="path.to.my.object:MyInvoice"`, "invoice:object", "path.to.my.object:MyInvoice", 17},
		{"quotes, no blanks", `database_name="somedb"`, "database_name", "somedb", 16},
		{"URL", `url = "https://localhost:4567"`, "url", "https://localhost:4567", 8},
		{"dots and dashes in the key", "metadata.x-y = 1", "metadata.x-y", "1", 16},
		{"blanks in the key", "price.Block Storage = 1", "price.Block Storage", "1", 23},
		{"letters beyond ASCII", "größe = ü", "größe", "ü", 11},
		{"equals sign in the value", "a = b=c", "a", "b=c", 5},
		{"comment signs in the value", "a = b # c ; d", "a", "b # c ; d", 5},
		{"comment sign as the value", "a = #b", "a", "#b", 5},
		{"comment signs in quotes", `a = "b # c ; d"`, "a", "b # c ; d", 6},
		{"interpolation is left", "a = %(tenant)s-%(a)s ${HOME}", "a", "%(tenant)s-%(a)s ${HOME}", 5},
		{"escapes are left", `a = \n\t\"x\;`, "a", `\n\t\"x\;`, 5},
		{"backslash at the end, quoted", `a = "C:\"`, "a", `C:\`, 6},
		{"single in double quotes", `a = "it's"`, "a", "it's", 6},
		{"double in single quotes", `a = '5"'`, "a", `5"`, 6},
		{"quotes within", `a = say "hi" twice`, "a", `say "hi" twice`, 5},
		{"quotes at the end that pair", `a = say "hi"`, "a", `say "hi"`, 5},
		{"comma in quotes", `delimiter = ','`, "delimiter", ",", 14},
		{"blanks in quotes", `a = "  b  "`, "a", "  b  ", 6},
		{"backquote in quotes", "a = '`b`'", "a", "`b`", 6},
		{"bracket", "a = [b]", "a", "[b]", 5},
		{"nothing", "a =", "a", "", 4},
		{"blanks alone", "a =  ", "a", "", 4},
		{"empty quotes", `a = ""`, "a", "", 6},
		{"replacement character", "a = \uFFFD", "a", "\uFFFD", 5},
	}
	for _, test := range tests {
		for _, frame := range []struct{ name, before, after string }{
			{"LF", "[s]\n", "\n"},
			{"CRLF", "[s]\r\n", "\r\n"},
			{"no end of line", "[s]\n", ""},
			{"byte order mark", "\uFEFF[s]\n", "\n# end\n"},
		} {
			t.Run(test.name+", "+frame.name, func(t *testing.T) {
				f, err := Parse("artifice.ini", []byte(frame.before+test.line+frame.after))
				if err != nil {
					t.Fatal(err)
				}
				if len(f.Sections) != 1 || len(f.Sections[0].Keys) != 1 {
					t.Fatalf("got %d sections", len(f.Sections))
				}
				k := f.Sections[0].Keys[0]
				if k.Name != test.key || k.Value != test.value {
					t.Errorf("got %q = %q, want %q = %q", k.Name, k.Value, test.key, test.value)
				}
				if k.ValuePos.Line != 2 || k.ValuePos.Col != test.col {
					t.Errorf("the value stands at %s, want 2:%d", k.ValuePos, test.col)
				}
			})
		}
	}
}
