package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// packaged is the Debian package.
func packaged(t *testing.T) string {
	t.Helper()
	path, err := deb()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var link = regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)]*)?\)`)

// The Debian package holds what it should, its documents lead to each other, and
// lintian has nothing to say.
func TestPackage(t *testing.T) {
	needs(t, "dpkg-deb", "bash", "gzip", "lintian")
	deb := packaged(t)
	if conffiles := run(t, exec.Command("dpkg-deb", "-I", deb, "conffiles")); conffiles != "/etc/artifice/artifice.ini\n/etc/artifice/rates.csv\n" {
		t.Errorf("the conffiles are\n%s", conffiles)
	}
	root := t.TempDir()
	run(t, exec.Command("dpkg-deb", "-x", deb, root))
	for _, want := range []string{
		"usr/bin/artifice", "usr/lib/systemd/system/artifice-collect.timer", "usr/lib/systemd/system/artifice-bill.service", "etc/artifice/secrets",
		"usr/share/man/man1/artifice.1.gz", "usr/share/man/man1/artifice-bill.1.gz", "usr/share/bash-completion/completions/artifice",
		"usr/share/zsh/vendor-completions/_artifice", "usr/share/fish/vendor_completions.d/artifice.fish",
		"usr/share/doc/artifice/copyright", "usr/share/doc/artifice/third-party.gz", "usr/share/doc/artifice/changelog.gz",
		"usr/share/doc/artifice/docs/config.md", "usr/share/doc/artifice/docs/configuration.md", // artifice.ini says so
	} {
		if _, err := os.Stat(filepath.Join(root, want)); err != nil {
			t.Error(err)
		}
	}
	licensed(t, filepath.Join(root, "usr/bin/artifice"), run(t, exec.Command("zcat", filepath.Join(root, "usr/share/doc/artifice/third-party.gz"))))
	if said := run(t, exec.Command("lintian", "--allow-root", "--fail-on", "error,warning,info", deb)); said != "" {
		t.Errorf("lintian says\n%s", said)
	}

	pages := 0
	err := filepath.WalkDir(filepath.Join(root, "usr/share/doc"), func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		pages++
		for _, m := range link.FindAllStringSubmatch(read(t, path), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		return nil
	})
	if err != nil || pages < 25 {
		t.Errorf("%d documents, %v", pages, err)
	}
}
