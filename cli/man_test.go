package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A page is made of nothing but the help of its command, and roff has nothing
// to say against it.
func TestManual(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "share", "man1") // is made
	var said bytes.Buffer
	app := &App{Stdout: &said, Stderr: &said}
	if code := app.Run(t.Context(), "man", dir); code != ExitDone {
		t.Fatalf("exit code %d: %s", code, &said)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "artifice*.1"))
	if err != nil || len(pages) != len(common)+1 {
		t.Fatalf("%d pages, want one for each of %d commands and their own: %v", len(pages), len(common), err)
	}
	bill, err := os.ReadFile(filepath.Join(dir, "artifice-bill.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"artifice\\-bill \\- bill a block: one invoice for each tenant, once\n",
		"\\fB\\-o\\fR, \\fB\\-\\-output\\fR \\fItable\\fR\nhow results are written: table, json or csv (default table)\n",
		".SH EXIT STATUS\n.nf\n0  done",
		"\nartifice bill \\-\\-month 2013\\-08\n",
	} {
		if !strings.Contains(string(bill), want) {
			t.Errorf("the page of bill has not:\n%s", want)
		}
	}
	for _, page := range pages {
		if out, err := lint(page); err != nil || len(out) > 0 {
			t.Errorf("groff of %s: %v\n%s", filepath.Base(page), err, out)
		}
	}
}

// lint returns what groff has to say about a page, nothing where there is none.
func lint(page string) ([]byte, error) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		return nil, nil
	}
	return exec.Command(groff, "-man", "-ww", "-z", "-Tutf8", page).CombinedOutput()
}

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		".ini":            `\&.ini`,
		"a\n'b'":          "a\n\\&'b'",
		`--to C:\x`:       `\-\-to C:\ex`,
		"Distil's a.yaml": "Distil's a.yaml",
	} {
		if got := escape(text); got != want {
			t.Errorf("escape(%q) = %q, want %q", text, got, want)
		}
	}
}
