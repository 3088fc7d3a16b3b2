package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The Debian package holds what it should, and what is in it works, as it was
// put there: an operator fills in two lines of the config, and the units'
// commands collect and bill.
func TestPackage(t *testing.T) {
	if os.Getenv("ARTIFICE_REQUIRE_SERVICES") == "" {
		t.Skip("set ARTIFICE_REQUIRE_SERVICES=1 to build the Debian package, with nfpm from the network")
	}
	for _, tool := range []string{"dpkg-deb", "bash", "gzip"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, "apt-get install dpkg bash gzip: "+err.Error())
		}
	}
	dir := t.TempDir()
	run(t, exec.Command("./build.sh", "-v", "v1.2.3", dir))
	deb := filepath.Join(dir, "artifice_1.2.3_amd64.deb")
	if conffiles := run(t, exec.Command("dpkg-deb", "-I", deb, "conffiles")); conffiles != "/etc/artifice/artifice.ini\n/etc/artifice/rates.csv\n" {
		t.Errorf("the conffiles are\n%s", conffiles)
	}
	root := filepath.Join(dir, "root")
	run(t, exec.Command("dpkg-deb", "-x", deb, root))
	for _, want := range []string{
		"usr/bin/artifice", "usr/lib/systemd/system/artifice-collect.timer", "usr/lib/systemd/system/artifice-bill.service", "etc/artifice/secrets",
		"usr/share/man/man1/artifice.1.gz", "usr/share/man/man1/artifice-bill.1.gz", "usr/share/bash-completion/completions/artifice",
		"usr/share/zsh/vendor-completions/_artifice", "usr/share/fish/vendor_completions.d/artifice.fish", "usr/share/doc/artifice/operations.md", "usr/share/doc/artifice/LICENSE",
	} {
		if _, err := os.Stat(filepath.Join(root, want)); err != nil {
			t.Error(err)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may change the root directory: the rest needs root")
	}
	inPackage(t, root)
}

// inPackage runs what an operator and the timers run, with the package's
// directory as the root.
func inPackage(t *testing.T, root string) {
	said, err := within(root, "/usr/bin/artifice", "check", "--config", "/etc/artifice/artifice.ini").CombinedOutput()
	if err == nil || !strings.Contains(string(said), `needs the key "deployment"`) || !strings.Contains(string(said), `needs the key "currency"`) {
		t.Errorf("before the config is filled in, check says %s, %v", said, err)
	}
	config := filepath.Join(root, "etc/artifice/artifice.ini")
	text := regexp.MustCompile(`(?m)^#(deployment|currency) `).ReplaceAllString(read(t, config), "$1 ")
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	samples := filepath.Join(root, "var/lib/artifice/samples")
	for _, dir := range []string{samples, filepath.Join(root, "var/lib/artifice/invoices"), filepath.Join(root, "var/cache/artifice")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	sample := `[{"counter_name": "volume.size", "counter_type": "gauge", "counter_unit": "GB", "counter_volume": 2.0, "message_id": "m1", "project_id": "t1",
 "resource_id": "v1", "resource_metadata": {}, "source": "openstack", "timestamp": "2013-08-05T03:52:24", "user_id": null}]`
	if err := os.WriteFile(filepath.Join(samples, "a.json"), []byte(sample), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, within(root, "/usr/bin/artifice", "check", "--config", "/etc/artifice/artifice.ini"))
	run(t, within(root, "/usr/bin/artifice", "collect", "--config", "/etc/artifice/artifice.ini", "--through", "2013-09-01"))
	for _, unit := range []string{"artifice-collect.service", "artifice-bill.service"} {
		service := read(t, filepath.Join(root, "usr/lib/systemd/system", unit))
		words := strings.Fields(commandLines.FindStringSubmatch(service)[1])
		said, err := within(root, "/usr/bin/artifice", words[1:]...).CombinedOutput()
		if unit == "artifice-collect.service" && err != nil {
			t.Errorf("%s: %v\n%s", unit, err, said)
		}
		// 2 GB for one hour are billed; September is not collected to its end.
		if unit == "artifice-bill.service" && !regexp.MustCompile(`(?m)^t1 .* billed `).Match(said) {
			t.Errorf("%s: %v\n%s", unit, err, said)
		}
	}
}

// What is done at the installation, seen by commands that only write down what
// they are asked.
func TestScripts(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	for _, name := range []string{"getent", "adduser", "chown", "chmod", "install", "systemctl"} {
		stub := "#!/bin/sh\necho " + name + " \"$@\" >> " + log + "\n"
		if name == "getent" {
			stub += "exit 2\n" // there is no such user
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(stub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for script, arg := range map[string]string{"postinst": "configure", "prerm": "upgrade", "postrm": "purge"} {
		cmd := exec.Command(filepath.Join("debian", script), arg)
		cmd.Env = []string{"PATH=" + dir}
		run(t, cmd)
	}
	did := strings.Split(strings.TrimSpace(read(t, log)), "\n")
	did = slices.DeleteFunc(did, func(line string) bool { return line == "systemctl daemon-reload" }) // where systemd runs
	want := []string{
		"getent passwd artifice",
		"adduser --quiet --system --group --no-create-home --home /var/lib/artifice artifice",
		"chown root:artifice /etc/artifice/secrets",
		"chmod 0750 /etc/artifice/secrets",
		"install -d -o artifice -g artifice -m 0750 /var/lib/artifice",
		"install -d -o artifice -g artifice -m 0750 /var/lib/artifice/samples",
		"install -d -o artifice -g artifice -m 0750 /var/lib/artifice/invoices",
	}
	if !slices.Equal(did, want) {
		t.Errorf("the installation does\n%s\nwant\n%s", strings.Join(did, "\n"), strings.Join(want, "\n"))
	}
}
