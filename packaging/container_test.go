package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var builder = regexp.MustCompile(`(?m)^FROM golang:(\S+) AS build$`)

// The container file's Go is go.mod's.
func TestContainerfile(t *testing.T) {
	version := builder.FindStringSubmatch(read(t, "Containerfile"))
	if goMod := read(t, "../go.mod"); version == nil || !strings.Contains(goMod, "\ngo "+version[1]) {
		t.Errorf("the container file builds with %v, and go.mod says another Go", version)
	}
}

// images is a store of images and containers, of which nobody else knows.
type images struct {
	*testing.T
	dir string
}

// buildah runs a command of it.
func (i images) buildah(command string, args ...string) string {
	i.Helper()
	all := []string{"--root", filepath.Join(i.dir, "store"), "--runroot", filepath.Join(i.dir, "run"), "--storage-driver", "vfs", command}
	return strings.TrimSpace(run(i.T, exec.Command("buildah", append(all, args...)...)))
}

// golang makes what stands for the image that the container file builds with: a
// Debian, where this machine's Go will be.
func (i images) golang() {
	i.Helper()
	archive, err := debian()
	if err != nil {
		i.Fatal(err)
	}
	of := i.buildah("from", "scratch")
	i.buildah("add", "--quiet", of, archive, "/")
	i.buildah("config", "--env", "PATH=/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin", "--env", "GOPATH=/go", of)
	i.buildah("commit", "--quiet", "--rm", of, "docker.io/library/golang:"+builder.FindStringSubmatch(read(i.T, "Containerfile"))[1])
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	return strings.TrimSpace(run(t, exec.Command("go", "env", name)))
}

// contained runs the program of an image in a root directory that is read-only,
// as podman run --read-only would, which wants more of a machine: control groups.
const contained = `
root=$0 etc=$1 state=$2
shift 2
mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" &&
mount --bind "$etc" "$root/etc/artifice" && mount -o remount,bind,ro "$root/etc/artifice" &&
mount --bind "$state" "$root/var/lib/artifice" &&
shift && exec unshare --root="$root" --wd=/etc/artifice --setgid=65532 --setuid=65532 /usr/bin/artifice "$@"`

// The container is built, and bills a month as the user that it runs as, with a
// root and a config that nobody can write to and a volume for its state.
func TestContainer(t *testing.T) {
	needs(t, "mmdebstrap", "buildah", "git", "unshare")
	i := images{t, t.TempDir()}
	i.golang()
	source := filepath.Join(t.TempDir(), "artifice")
	run(t, exec.Command("git", "clone", "--quiet", "..", source))
	i.buildah("bud", "--isolation", "chroot", "--pull-never",
		"-v", goEnv(t, "GOROOT")+":/usr/local/go:ro", "-v", goEnv(t, "GOCACHE")+":/root/.cache/go-build", "-v", goEnv(t, "GOMODCACHE")+":/go/pkg/mod",
		"-f", "Containerfile", "-t", "artifice", source)

	container := i.buildah("from", "--pull-never", "artifice")
	root := i.buildah("mount", container)
	if owned := strings.TrimSpace(run(t, exec.Command("find", root, "-user", "65532", "-printf", "/%P\n"))); owned != "/var/lib/artifice" {
		t.Errorf("the user of the container owns\n%s", owned)
	}
	doc := filepath.Join(root, "usr/share/doc/artifice")
	licensed(t, filepath.Join(root, "usr/bin/artifice"), read(t, filepath.Join(doc, "third-party")))
	if read(t, filepath.Join(doc, "LICENSE")) != read(t, "../LICENSE") || !strings.Contains(read(t, filepath.Join(doc, "ca-certificates")), "Mozilla Public License") {
		t.Error("the image lacks the licences of Artifice and of the certificates")
	}
	const format = "{{with .OCIv1.Config}}{{.User}} {{.WorkingDir}} {{.Entrypoint}} {{.Cmd}} {{.Env}}{{end}}"
	config := i.buildah("inspect", "--format", format, container)
	if !strings.HasPrefix(config, "65532:65532 /etc/artifice [/usr/bin/artifice] [help] ") || !strings.HasSuffix(config, " TMPDIR=/var/lib/artifice]") {
		t.Errorf("the container runs %s", config)
	}

	etc, state := t.TempDir(), t.TempDir()
	run(t, exec.Command("chown", "65532:65532", state))
	artifice := func(args ...string) *exec.Cmd {
		cmd := exec.Command("unshare", append([]string{"--mount", "sh", "-c", contained, root, etc, state, "artifice"}, args...)...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=/var/lib/artifice"}
		return cmd
	}
	revision := strings.TrimSpace(run(t, exec.Command("git", "-C", source, "rev-parse", "HEAD")))
	if said := run(t, artifice("version")); !strings.Contains(said, revision[:12]) {
		t.Errorf("the program does not know that it is of %s:\n%s", revision, said)
	}
	for name, text := range map[string]string{
		filepath.Join(etc, "rates.csv"): read(t, "etc/rates.csv"),
		// A time zone, where no file tells what it is.
		filepath.Join(etc, "artifice.ini"):   strings.Replace(filled(t, "etc/artifice.ini"), "= UTC", "= Europe/Berlin", 1),
		filepath.Join(state, "samples.json"): sample,
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run(t, exec.Command("install", "-o", "65532", "-d", filepath.Join(state, "samples"), filepath.Join(state, "invoices")))
	run(t, exec.Command("mv", filepath.Join(state, "samples.json"), filepath.Join(state, "samples")))
	run(t, artifice("check"))
	if said := run(t, artifice("collect", "--through", "2013-09-01")); !strings.Contains(said, "2013-09-01T00:00:00+02:00") {
		t.Errorf("it collects as if Berlin were elsewhere:\n%s", said)
	}
	if said := run(t, artifice("bill", "--month", "2013-08")); !regexp.MustCompile(`(?m)^t1 +billed `).MatchString(said) {
		t.Errorf("it bills\n%s", said)
	}
	if said, err := artifice("export", "/etc/artifice/ledger").CombinedOutput(); err == nil {
		t.Errorf("it writes into its config's directory: %s", said)
	}
}
