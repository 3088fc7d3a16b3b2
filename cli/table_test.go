package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGrid(t *testing.T) {
	g := newGrid("tenant", "tenant name", "#total", "reason")
	g.add("a", "kererū \x1b[31mred\x1b[0m \u202edrow\u202c", "12.50", "")
	g.add("b", "two\nlines, =1+1", "1234567890123456789012345678901234567890.12", "")
	g.footer = []string{"sum", "", "3", ""}
	tests := map[string]string{
		// A column without anything is left out; what would command the
		// terminal is replaced; figures stand to the right, whole.
		"table": `
tenant  tenant name                                                       total
---------------------------------------------------------------------------------
a       kererū �[31mred�[0m �drow�                                        12.50
b       two�lines, =1+1             1234567890123456789012345678901234567890.12
---------------------------------------------------------------------------------
sum                                                                           3
`,
		"json": `[
  {
    "reason": "",
    "tenant": "a",
    "tenant_name": "kererū \u001b[31mred\u001b[0m RLOdrowPDF",
    "total": "12.50"
  },
  {
    "reason": "",
    "tenant": "b",
    "tenant_name": "two\nlines, =1+1",
    "total": "1234567890123456789012345678901234567890.12"
  }
]
`,
		"csv": "tenant,tenant_name,total,reason\na,kererū  [31mred [0m \u202edrow\u202c,12.50,\nb,\"two lines, =1+1\",1234567890123456789012345678901234567890.12,\n",
	}
	for output, want := range tests {
		t.Run(output, func(t *testing.T) {
			var got bytes.Buffer
			if err := g.write(&got, output); err != nil {
				t.Fatal(err)
			}
			if output == "table" && strings.ContainsAny(got.String(), "\x1b\u202e") {
				t.Error("a name commands the terminal")
			}
			want = strings.NewReplacer("RLO", "\u202e", "PDF", "\u202c").Replace(strings.TrimPrefix(want, "\n"))
			if diff := cmp.Diff(want, got.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	var output outputValue
	if err := output.Set("yaml"); err == nil || !strings.Contains(err.Error(), "write table, json or csv") {
		t.Errorf("error %v", err)
	}
}

// A name that a spreadsheet would run is text in CSV, and as it is in JSON;
// figures are figures in both.
func TestCSVCommandsNoSpreadsheet(t *testing.T) {
	const name = `=HYPERLINK("http://x","y")`
	g := newGrid("tenant", "tenant name", "#difference", "through")
	g.add("a", name, "-32.30", "-")
	g.add("@b", "-1+1", "+4", "2013-09-01T00:00:00Z")
	var table, object bytes.Buffer
	if err := errors.Join(g.write(&table, "csv"), g.write(&object, "json")); err != nil {
		t.Fatal(err)
	}
	want := "tenant,tenant_name,difference,through\n" +
		`a,"'=HYPERLINK(""http://x"",""y"")",-32.30,-` + "\n" +
		"'@b,'-1+1,+4,2013-09-01T00:00:00Z\n"
	if diff := cmp.Diff(want, table.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !strings.Contains(object.String(), `"tenant_name": "=HYPERLINK(\"http://x\",\"y\")"`) {
		t.Errorf("the name is another in JSON:\n%s", &object)
	}
}

// A grid that is written bit by bit is the same as one that is written whole.
func TestGridWriter(t *testing.T) {
	for _, output := range []string{"table", "json", "csv"} {
		for rows := range 4 {
			whole, parts := newGrid("tenant", "#volume of it"), newGrid("tenant", "#volume of it")
			var got, want bytes.Buffer
			out := parts.writer(&got, output)
			for i := range rows {
				whole.add("t", strings.Repeat("1", i))
				parts.add("t", strings.Repeat("1", i))
				for range i { // none, one or two flushes after each other
					if err := out.flush(); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := errors.Join(out.end(), whole.write(&want, output)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.String(), got.String()); diff != "" {
				t.Errorf("%d rows as %s: -whole +in parts:\n%s", rows, output, diff)
			}
			if len(whole.rows) != rows {
				t.Errorf("%d of %d rows are left", len(whole.rows), rows)
			}
		}
	}
}
