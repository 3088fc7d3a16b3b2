package packaging_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// boots boots the machine with systemd as its first process, has it run a
// script when it is up, and returns what that says once the machine is off
// again. It has no network.
func (m machine) boots(script string) (said string, err error) {
	m.Helper()
	const answers = "root/answers"
	m.write("root/script", "exec >/"+answers+" 2>&1\ntrap 'test $? = 0 || journalctl --no-pager --unit=artifice-*' EXIT\n"+script, 0o644)
	m.write("etc/systemd/system/script.service", `[Unit]
SuccessAction=exit
FailureAction=exit
[Service]
Type=oneshot
ExecStart=/bin/sh -eu /root/script
TimeoutStartSec=5min
[Install]
WantedBy=multi-user.target
`, 0o644)
	m.does("root", "rm -f /"+answers+" && systemctl --quiet enable script.service")
	ctx, cancel := context.WithTimeout(m.Context(), 6*time.Minute) // what does not boot may hang
	defer cancel()
	out, err := exec.CommandContext(ctx, "systemd-nspawn", "--quiet", "--boot", "--directory="+m.root, fmt.Sprint("--machine=artifice-", os.Getpid()),
		"--private-network", "--console=pipe", "--register=no", "--keep-unit", "--resolv-conf=off", "--timezone=off", "--link-journal=no").CombinedOutput()
	if _, none := os.Stat(m.path(answers)); none != nil {
		return "", fmt.Errorf("systemd-nspawn: %v\n%s", err, out)
	}
	said = read(m.T, m.path(answers))
	if err != nil {
		m.Fatalf("booted, what it ran says\n%s%v", said, err)
	}
	return said, nil
}

// ended is a shell's function that waits until a unit has done what a timer had
// it do, and tells how that ended.
const ended = `ended() {
	timeout 60 sh -c 'until test -n "$(systemctl show --value -p ExecMainExitTimestamp $0)"; do sleep 0.1; done' $1 || journalctl --no-pager -u "$1"
	systemctl show --value -p Result -p ExecMainStatus $1 | xargs
}
`

// sampled is a sample of a volume that is known to exist at a time.
func sampled(id string, at time.Time) string {
	return fmt.Sprintf(`{"counter_name": "volume.size", "counter_type": "gauge", "counter_unit": "GB", "counter_volume": 2.0, "message_id": %q,
 "project_id": "t1", "resource_id": "v1", "resource_metadata": {}, "source": "openstack", "timestamp": %q, "user_id": null}`, id, at.UTC().Format("2006-01-02T15:04:05"))
}

// Timers and units do their work where systemd has booted, with all that the
// units are kept from: a machine that was off when it was time makes up for it.
func TestBooted(t *testing.T) {
	needs(t, "mmdebstrap", "dpkg-deb", "systemd-nspawn")
	m := newMachine(t)
	if _, err := m.boots("true"); err != nil {
		t.Skipf("nothing boots here: %v", err)
	}
	m.installs(packaged(t))
	m.write("etc/artifice/artifice.ini", strings.Replace(filled(t, m.path("etc/artifice/artifice.ini")), "\n[source:object]\n", "\n[source:object]\nreceive.listen = 127.0.0.1:8777\n", 1), 0o644)
	now := time.Now()
	used := time.Date(now.Year(), now.Month()-2, 5, 3, 52, 24, 0, time.UTC) // in a month that may be billed
	m.write("var/lib/artifice/samples/a.json", "["+sampled("m1", used)+","+sampled("m2", now)+"]", 0o644)
	for _, unit := range []string{"artifice-collect", "artifice-bill"} { // due at once
		m.does("root", "mkdir -p /etc/systemd/system/"+unit+".timer.d /var/lib/systemd/timers && touch -d '3 days ago' /var/lib/systemd/timers/stamp-"+unit+".timer")
		m.write("etc/systemd/system/"+unit+".timer.d/soon.conf", "[Timer]\nRandomizedDelaySec=0\n", 0o644)
	}
	// The operator's own, for which there is no price yet.
	prices := read(t, m.path("etc/artifice/rates.csv"))
	m.write("etc/artifice/rates.csv", "", 0o644)
	m.write("root/rates.csv", prices, 0o644)
	m.does("root", "install -d -o artifice /srv/invoices && systemctl enable --quiet artifice-collect.timer")
	m.write("root/batch", sampled("m3", now), 0o644)

	said, err := m.boots(ended + `
ended artifice-collect
systemctl start artifice-bill.timer
ended artifice-bill
systemctl is-failed artifice-bill

cp /root/rates.csv /etc/artifice/rates.csv
sed -i 's,/var/lib/artifice/invoices,/srv/invoices,' /etc/artifice/artifice.ini
systemctl start artifice-bill 2>/dev/null || ended artifice-bill
journalctl -u artifice-bill | grep -o 'read-only file system' | sort -u
mkdir /etc/systemd/system/artifice-bill.service.d
printf '[Service]\nReadWritePaths=/srv/invoices\n' >/etc/systemd/system/artifice-bill.service.d/invoices.conf
systemctl daemon-reload
systemctl start artifice-bill
ended artifice-bill
stat -c '%U %a %n' /srv/invoices/*

systemctl start artifice-receive
bash -c 'exec 3<>/dev/tcp/127.0.0.1/8777
	printf "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-type: application/json\r\nContent-length: $(wc -c </root/batch)\r\n\r\n" | cat - /root/batch >&3
	head -1 <&3'
systemctl stop artifice-receive
systemctl is-failed artifice-receive || true
systemctl start artifice-collect
ended artifice-collect
systemctl is-active artifice-collect.timer artifice-bill.timer
`)
	block := used.AddDate(0, 0, 1-used.Day())
	want := fmt.Sprintf(`success 0
exit-code 3
failed
exit-code 1
read-only file system
success 0
artifice 640 /srv/invoices/t1-%s-%s.csv
HTTP/1.1 200 OK
inactive
success 0
active
active
`, block.Format(time.DateOnly), block.AddDate(0, 1, 0).Format(time.DateOnly))
	if said = strings.ReplaceAll(said, "\r", ""); err != nil || said != want {
		t.Errorf("booted, it says\n%s\nand not\n%s (%v)", said, want, err)
	}
}
