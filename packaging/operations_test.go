package packaging_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// console finds the blocks of a page that show commands.
var console = regexp.MustCompile("(?ms)^```console\n(.*?)^```$")

// What the page about running it unattended shows is typed where the package is
// installed, by an administrator who is not root: the config's directory is
// root's, and the ledger's is the user's that sudo changes to.
func TestOperations(t *testing.T) {
	needs(t, "mmdebstrap", "dpkg-deb")
	newer := packaged(t)
	m := newMachine(t)
	m.does("root", "adduser --quiet --disabled-password --gecos '' admin")
	m.write("etc/sudoers.d/admin", "admin ALL=(ALL) NOPASSWD: ALL\n", 0o440)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	m.write("etc/hosts", "127.0.0.1 localhost "+host+"\n", 0o644)
	m.write("etc/resolv.conf", "nameserver 127.0.0.1\n", 0o644) // which answers at once that nobody is there
	typed := 0
	for _, block := range console.FindAllStringSubmatch(read(t, "../docs/operations.md"), -1) {
		for line := range strings.Lines(block[1]) {
			command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ ")
			if !ok {
				continue
			}
			typed++
			if strings.HasPrefix(command, "sudo apt install ") { // for which there is no network
				m.installs(newer)
				m.write("etc/artifice/artifice.ini", filled(t, m.path("etc/artifice/artifice.ini")), 0o644)
				m.write("etc/artifice/rates.csv", "RegionOne | m1.small | hour | 0.044\n", 0o644)
				m.write("var/lib/artifice/samples/a.json", sample, 0o644)
				continue
			}
			m.does("admin", strings.Replace(command, " enable --now ", " enable ", 1)) // where no systemd runs
		}
	}
	if typed < 16 {
		t.Errorf("the page shows %d commands", typed)
	}
	m.says("ls /etc/artifice && stat -c '%U %n' /var/lib/artifice/*", `
artifice.ini
rates.csv
secrets
artifice /var/lib/artifice/artifice.db
artifice /var/lib/artifice/artifice.db.bill.lock
artifice /var/lib/artifice/artifice.db.collect.lock
artifice /var/lib/artifice/invoices
artifice /var/lib/artifice/ledger-2013.jsonl.gz
artifice /var/lib/artifice/ledger.jsonl.gz
artifice /var/lib/artifice/lost.db
artifice /var/lib/artifice/report-2013-08.html
artifice /var/lib/artifice/samples`)

	// Whoever names no directory is told of one.
	for command, hint := range map[string]string{
		"report --month 2013-08": "/var/lib/artifice: --output-file DIR/report-2013-08.html",
		"export again.gz":        "/var/lib/artifice: artifice export DIR/again.gz",
		"demo":                   " artifice demo --dir /tmp/artifice-demo",
	} {
		said, err := m.command("admin", "sudo -u artifice artifice "+command).CombinedOutput()
		if err == nil || !strings.HasSuffix(strings.TrimSpace(string(said)), hint) {
			t.Errorf("%s says %s, %v", command, said, err)
		}
	}
}
