package billing_test

import (
	"os"

	"pgregory.net/rapid"
)

// tempDir is a directory of one rapid check, which knows no TempDir.
func tempDir(t *rapid.T) (string, func()) {
	dir, err := os.MkdirTemp("", "artifice")
	if err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"once", "cut"} {
		if err := os.Mkdir(dir+"/"+sub, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir, func() { os.RemoveAll(dir) }
}

// closers run at the end of one rapid check.
type closers struct{ all []func() }

type checked struct {
	*rapid.T
	closers *closers
}

func (c *closers) on(t *rapid.T) checked { return checked{t, c} }

func (c checked) Cleanup(f func()) { c.closers.all = append(c.closers.all, f) }

func (c *closers) close() {
	for _, f := range c.all {
		f()
	}
}
