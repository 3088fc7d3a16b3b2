package packaging_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// timers is what of Artifice's is enabled.
const timers = "cd /etc/systemd/system && find . -name 'artifice-*' | sort"

// The package is installed by dpkg, filled in, upgraded, used, removed,
// installed again and purged. What an operator wrote, and what was billed, stay.
func TestInstall(t *testing.T) {
	needs(t, "mmdebstrap", "dpkg-deb")
	newer := packaged(t)
	m := newMachine(t)
	m.installs(older(t, newer))
	m.says("getent passwd artifice | cut -d: -f1,6,7", "artifice:/var/lib/artifice:/usr/sbin/nologin")
	m.says("stat -c '%U:%G %a %n' /etc/artifice/artifice.ini /etc/artifice/rates.csv /etc/artifice/secrets /var/lib/artifice /var/lib/artifice/*", `
root:root 644 /etc/artifice/artifice.ini
root:root 644 /etc/artifice/rates.csv
root:artifice 750 /etc/artifice/secrets
artifice:artifice 750 /var/lib/artifice
artifice:artifice 750 /var/lib/artifice/invoices
artifice:artifice 750 /var/lib/artifice/samples`)
	m.says(timers, "")
	m.says("systemd-analyze verify --man=no /lib/systemd/system/artifice-*", "")
	m.says("bash -c '. /usr/share/bash-completion/completions/artifice && complete -p artifice'", "complete -o default -F __start_artifice artifice")
	said, err := m.command("artifice", "artifice check").CombinedOutput()
	if err == nil || !strings.Contains(string(said), `needs the key "deployment"`) || !strings.Contains(string(said), `needs the key "currency"`) {
		t.Errorf("before the config is filled in, check says %s, %v", said, err)
	}

	config := filled(t, m.path("etc/artifice/artifice.ini"))
	m.write("etc/artifice/artifice.ini", config, 0o644)
	m.write("etc/artifice/secrets/odoo", "s3cret\n", 0o640)
	m.does("root", "chgrp artifice secrets/odoo && systemctl enable artifice-collect.timer artifice-bill.timer")
	m.does("artifice", "cat secrets/odoo")

	// The branches of a machine that runs: systemctl sees that it is in a chroot,
	// and only says so.
	m.does("root", "mkdir -p /run/systemd/system")
	m.installs(newer)
	m.says("dpkg-query -W -f '${Version}' artifice", "1.2.3")
	if read(t, m.path("etc/artifice/artifice.ini")) != config {
		t.Error("the upgrade lost what was filled in")
	}
	m.says("cat rates.csv", read(t, "etc/rates.csv")) // which nobody had changed
	enabled := "./timers.target.wants/artifice-bill.timer\n./timers.target.wants/artifice-collect.timer"
	m.says(timers, enabled)
	billed := m.bills()

	m.does("root", "dpkg -r artifice")
	m.says("command -v artifice || ls /etc/artifice", "artifice.ini\nrates.csv\nsecrets")
	m.installs(newer)
	m.says(timers, enabled)
	if orders := m.does("artifice", "artifice orders"); orders != billed {
		t.Errorf("installed again, the orders are\n%s\nand were\n%s", orders, billed)
	}
	ledger := m.does("root", "sha256sum /var/lib/artifice/artifice.db /var/lib/artifice/invoices/*")
	m.does("root", "mkdir /var/cache/artifice && dpkg -P artifice")
	m.says(timers, "")
	m.says("cd / && find /etc/artifice /var/cache/artifice 2>/dev/null || true", "/etc/artifice\n/etc/artifice/secrets\n/etc/artifice/secrets/odoo")
	m.says("sha256sum /var/lib/artifice/artifice.db /var/lib/artifice/invoices/*", ledger)
	m.says("stat -c %U /var/lib/artifice", "artifice")
}

// older is the package, as if it were of an older version with other rates.
func older(t *testing.T, deb string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "older")
	run(t, exec.Command("dpkg-deb", "-R", deb, dir))
	run(t, exec.Command("sed", "-i", "s/^Version: 1.2.3$/Version: 1.2.2/", filepath.Join(dir, "DEBIAN/control")))
	run(t, exec.Command("sed", "-i", "s/0.044/0.043/", filepath.Join(dir, "etc/artifice/rates.csv")))
	run(t, exec.Command("dpkg-deb", "-Znone", "-b", dir))
	return dir + ".deb"
}

// filled is the example config, with what an operator must fill in.
func filled(t *testing.T, path string) string {
	t.Helper()
	return regexp.MustCompile(`(?m)^#(deployment|currency) `).ReplaceAllString(read(t, path), "$1 ")
}

// sample is 2 GB for one hour.
const sample = `[{"counter_name": "volume.size", "counter_type": "gauge", "counter_unit": "GB", "counter_volume": 2.0, "message_id": "m1",
 "project_id": "t1", "resource_id": "v1", "resource_metadata": {}, "source": "openstack", "timestamp": "2013-08-05T03:52:24", "user_id": null}]`

// bills does what the units do, several at once, as the user that they run as:
// 2 GB for one hour are billed, once. It returns the orders.
func (m machine) bills() string {
	m.Helper()
	m.write("var/lib/artifice/samples/a.json", sample, 0o644)
	m.does("artifice", "artifice check")
	m.does("artifice", "artifice collect --through 2013-09-01")
	var runs sync.WaitGroup
	for range 3 {
		for _, unit := range []string{"artifice-collect.service", "artifice-bill.service"} {
			command := commandLines.FindStringSubmatch(read(m.T, filepath.Join("systemd", unit)))[1]
			runs.Go(func() {
				said, err := m.command("artifice", command).CombinedOutput()
				another := strings.Contains(string(said), "another program is at work")
				running := strings.Contains(string(said), "block 2013-09 ends ") // which is not collected to its end
				if err != nil && !another && !running {
					m.Errorf("%s: %v\n%s", command, err, said)
				}
			})
		}
	}
	runs.Wait()
	m.does("artifice", "artifice verify")
	orders := m.does("artifice", "artifice orders")
	if lines := strings.Split(strings.TrimSpace(orders), "\n"); len(lines) != 3 || !strings.Contains(lines[2], " settled ") {
		m.Errorf("the orders are\n%s", orders)
	}
	m.says("ls /var/lib/artifice/invoices", "t1-2013-08-01-2013-09-01.csv")
	return orders
}
