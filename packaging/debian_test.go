package packaging_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// debian makes a small Debian with systemd, of the release that this machine
// has, once: an archive of its root directory.
var debian = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "debian.tar")
	return path, shell(`. /etc/os-release && exec mmdebstrap --quiet --variant=essential --include=adduser,ca-certificates,git,sudo,systemd "$VERSION_CODENAME" "$0"`, path)
})

// deb builds the Debian package, once.
var deb = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(scratch, "dist")
	return filepath.Join(dir, "artifice_1.2.3_amd64.deb"), shell(`exec ./build.sh -v v1.2.3 "$0"`, dir)
})

// shell runs a script with one argument.
func shell(script, arg string) error {
	if out, err := exec.Command("sh", "-c", script, arg).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", script, err, out)
	}
	return nil
}

// needs skips a test that wants the network and these programs. Only root makes
// a Debian, and changes into it.
func needs(t *testing.T, tools ...string) {
	t.Helper()
	if os.Getenv("ARTIFICE_REQUIRE_SERVICES") == "" {
		t.Skip("set ARTIFICE_REQUIRE_SERVICES=1: this needs Debian's packages, or nfpm, from the network")
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("apt-get install %s: %v", tool, err)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may change the root directory")
	}
}

// A machine is a small Debian of a test.
type machine struct {
	*testing.T
	root string
}

// newMachine unpacks a Debian.
func newMachine(t *testing.T) machine {
	t.Helper()
	archive, err := debian()
	if err != nil {
		t.Fatal(err)
	}
	m := machine{t, t.TempDir()}
	run(t, exec.Command("tar", "-C", m.root, "-xpf", archive))
	return m
}

// command is a shell's command there, of root or another user, where the units
// would run it.
func (m machine) command(user, command string) *exec.Cmd {
	cmd := exec.Command("chroot", "--userspec="+user+":"+user, m.root, "sh", "-c", "umask 027 && cd /etc/artifice 2>/dev/null; "+command)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C"}
	return cmd
}

// does runs a command there, which must succeed, and returns what it says.
func (m machine) does(user, command string) string {
	m.Helper()
	return run(m.T, m.command(user, command))
}

// says holds what a command of root says against what it should.
func (m machine) says(command, want string) {
	m.Helper()
	if said := strings.TrimSpace(m.does("root", command)); said != strings.TrimSpace(want) {
		m.Errorf("%s says\n%s\nand not\n%s", command, said, want)
	}
}

// path is a file of the machine.
func (m machine) path(name string) string { return filepath.Join(m.root, name) }

// write makes, or replaces, a file there.
func (m machine) write(name, text string, mode os.FileMode) {
	m.Helper()
	if err := os.WriteFile(m.path(name), []byte(text), mode); err != nil {
		m.Fatal(err)
	}
}

// installs has dpkg install a package. Nobody is there to be asked.
func (m machine) installs(deb string) {
	m.Helper()
	run(m.T, exec.Command("cp", deb, m.path("tmp/artifice.deb")))
	m.does("root", "dpkg -i /tmp/artifice.deb")
}
