package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/openstack/rig"
)

// cloudRates are the prices of TestCloud.
const cloudRates = `
* | small                  | hour    | 0.10
* | large                  | hour    | 0.30
* | volume.size            | GB hour | 0.001
* | network.incoming.bytes | MB      | 0.50
* | network.outgoing.bytes | MB      | 0.25
`

// cloudConfig is that of a deployment with two sources, north and south, which
// are one Gnocchi here. %s are the domain of north's tenants, the one tenant of
// south, and Gnocchi.
const cloudConfig = `[main]
deployment     = cloud
currency       = NZD
invoice:object = adapters.csv:Invoice
source:north   = adapters.gnocchi:Source
source:south   = adapters.gnocchi:Source
store:object   = adapters.sqlite:Store

[invoice:object]
csv_directory = invoices
output_file   = %%(tenant)s-%%(month)s.csv
row_layout    = datacenter, name, value, unit, cost, amount, tenant_name
rates.file    = rates.csv

[source:north]
cloud           = north
clouds_file     = clouds.yaml
since           = 2026-10-01
lookback        = 100000h
tenants.domain  = %[1]s
datacenter      = nz
datacenter_host.nz-por-1 = north-*
meter.gpu       = gpu_card, gpu.util, presence, gpu

[source:south]
cloud           = south
clouds_file     = clouds.yaml
endpoint        = %[3]s
since           = 2026-10-01
lookback        = 100000h
tenants.include = %[2]s
datacenter      = nz-hlz-1

[meter:volume.size]
transformer = integral

[meter:gpu]
transformer = uptime
`

// A cloudTenant is a project that a test makes in a real Keystone.
func cloudTenant(t testing.TB, r *rig.Rig, domain, name string, extra map[string]any) string {
	t.Helper()
	project := map[string]any{"name": name, "domain_id": domain}
	for k, v := range extra {
		project[k] = v
	}
	var made struct{ Project struct{ ID string } }
	r.Call(t, "POST", "/projects", map[string]any{"project": project}, &made)
	return made.Project.ID
}

// TestCloud bills a month of a real cloud with a program that artifice-gen made:
// collect, usage, draft and bill, each a process, and invoices in CSV.
//
// The month has 744 hours. What acme used in it:
//
//	small         336:00:00 h  instance 0, up to the resize on the 15th
//	              521:29:30    instance 1, from the 10th 06:30:30 on
//	              473:45:15    instance 2, up to the 20th 17:45:15
//	             1331:14:45 h = 1331.245833 h at 0.10 = 133.12
//	large         408 h at 0.30 = 122.40              instance 0, from the 15th on
//	volume.size    16800 GB h      volume 0: 10 GB for 276 h, 30 GB for 468 h
//	               12889.333333    volume 1: 20 GB for 644:28 h
//	               17408.5         volume 2: 30 GB for 580:17 h
//	                2133.375       the volume that was given away, 5 GB for 426:40:30 h
//	               49231.208333 GB h at 0.001 = 49.23
//	incoming  8927000 + 17854000 + 26781000 B, of 8927 increments of 1000, 2000 and
//	          3000 B; at the restart of interface 0 it counted from zero
//	          53562000 B = 51.080704 MB at 0.50 = 25.54
//	outgoing  26781000 B = 25.540352 MB at 0.25 = 6.39
//
// beta has the given volume for 317:19:30 h, 1586.625 GB h at 0.001 = 1.59, and an
// instance that was there from the 6th to the 9th, while its agent was dead from
// the 7th 00:00 to the 9th 12:00. It is small for 24 h, an hour but five minutes
// that the last sample holds, and 12 h: 36:55 h = 36.916667 h at 0.10 = 3.69.
//
// gamma, in the south, has an instance from 02:10:30 to 05:47:15: 3:36:45 h =
// 3.6125 h at 0.10 = 0.36.
func TestCloud(t *testing.T) {
	r := rig.Shared(t)
	l := rig.NewLoad(t, r)
	name := "TestCloud-" + rig.RandomID()[:8]
	var domain struct{ Domain struct{ ID string } }
	r.Call(t, "POST", "/domains", map[string]any{"domain": map[string]any{"name": name}}, &domain)
	t.Cleanup(func() {
		r.Call(t, "PATCH", "/domains/"+domain.Domain.ID, map[string]any{"domain": map[string]any{"enabled": false}}, nil)
		r.Call(t, "DELETE", "/domains/"+domain.Domain.ID, nil, nil)
	})
	acme := cloudTenant(t, r, domain.Domain.ID, "acme", map[string]any{"erp_partner": "0042"})
	beta := cloudTenant(t, r, domain.Domain.ID, "beta", nil)
	gamma := cloudTenant(t, r, "default", name, nil)
	t.Cleanup(func() { r.Call(t, "DELETE", "/projects/"+gamma, nil, nil) })

	m := rig.Month{Start: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Tenants: []string{acme}, Each: 3}
	m.Load(l)
	l.Add("volume", "given", acme, m.Start.AddDate(0, 0, -4), nil, "volume.size")
	l.Measure("given", "volume.size", m.Start, m.End, rig.Always(5))
	l.Patch("given", m.At("18 18:40:30"), map[string]any{"project_id": beta})
	l.Add("instance", "silent", beta, m.At("6 00:00:00"), rig.Flavor("small"), "cpu")
	l.Measure("silent", "cpu", m.At("6 00:00:00"), m.At("7 00:00:00"), rig.Always(7))
	l.Measure("silent", "cpu", m.At("9 12:00:00"), m.At("10 00:00:00"), rig.Always(7))
	l.End("silent", m.At("10 00:00:00"), m.At("10 00:01:00"))
	l.Add("instance", "short", gamma, m.At("3 02:10:30"), rig.Flavor("small"), "cpu")
	l.Measure("short", "cpu", m.At("3 02:11:00"), m.At("3 05:47:00"), rig.Always(7))
	l.End("short", m.At("3 05:47:15"), m.At("3 05:48:00"))

	d := deployCloud(t, r, r.Keystone, "cloud", fmt.Sprintf(cloudConfig, name, gamma, r.Gnocchi))
	d.run("collect", "--through", "2026-11-01")
	d.says([]string{"check"}, `ok +source:north +login`, `ok +source:north +clock`, `ok +source:south +endpoint metric`, `ok +source:south +archive policy `+l.Policy)
	d.says([]string{"usage", "--month", "2026-10", "--gaps"}, beta+`.* 2026-10-07T00:55:00Z +2026-10-09T12:00:00Z`)
	d.says([]string{"draft", "--month", "2026-10", "--tenant", acme}, "336.68")
	// Who is renamed keeps its usage, and so does who is deleted.
	r.Call(t, "PATCH", "/projects/"+acme, map[string]any{"project": map[string]any{"name": "Acme Ltd"}}, nil)
	r.Call(t, "DELETE", "/projects/"+beta, nil, nil)
	d.run("collect", "--through", "2026-11-01")
	d.run("bill", "--month", "2026-10")
	invoices := map[string]string{
		acme: `datacenter,name,value,unit,cost,amount,tenant_name
nz,network.incoming.bytes,51.080704,MB,0.5,25.54,Acme Ltd
nz,network.outgoing.bytes,25.540352,MB,0.25,6.39,Acme Ltd
nz,volume.size,49231.208333,GB hour,0.001,49.23,Acme Ltd
nz total,,,,,81.16,
nz-por-1,large,408,hour,0.3,122.40,Acme Ltd
nz-por-1,small,1331.245833,hour,0.1,133.12,Acme Ltd
nz-por-1 total,,,,,255.52,
total NZD,,,,,336.68,
`,
		beta: `datacenter,name,value,unit,cost,amount,tenant_name
nz,volume.size,1586.625,GB hour,0.001,1.59,beta
nz total,,,,,1.59,
nz-por-1,small,36.916667,hour,0.1,3.69,beta
nz-por-1 total,,,,,3.69,
total NZD,,,,,5.28,
`,
		gamma: `datacenter,name,value,unit,cost,amount,tenant_name
nz-hlz-1,small,3.6125,hour,0.1,0.36,` + name + `
nz-hlz-1 total,,,,,0.36,
total NZD,,,,,0.36,
`,
	}
	files, err := os.ReadDir(filepath.Join(d.dir, "invoices"))
	noError(t, err)
	if len(files) != len(invoices) {
		t.Errorf("there are %d invoices: %v", len(files), files)
	}
	for tenant, want := range invoices {
		got, err := os.ReadFile(filepath.Join(d.dir, "invoices", tenant+"-2026-10.csv"))
		noError(t, err)
		lines := slices.DeleteFunc(strings.SplitAfter(strings.ReplaceAll(string(got), "\r\n", "\n"), "\n"), func(line string) bool { return strings.HasPrefix(line, "order ") })
		if got := strings.Join(lines, ""); got != want {
			t.Errorf("the invoice of %s is\n%swant\n%s", tenant, got, want)
		}
	}
	// Collected again, nothing is late, and nothing is billed again.
	d.run("collect", "--through", "2026-11-01")
	d.says([]string{"bill", "--month", "2026-10"}, acme+" +Acme Ltd +already billed")
	d.run("verify")
}

// A cloudDeployment is a directory with a config, and the program for it.
type cloudDeployment struct {
	t            testing.TB
	program, dir string
}

// deployCloud makes a deployment, whose login is an application credential in a
// clouds.yaml. keystone is where it finds the rig's Keystone.
func deployCloud(t testing.TB, r *rig.Rig, keystone, name, config string) *cloudDeployment {
	t.Helper()
	var users struct{ Users []struct{ ID string } }
	r.Call(t, "GET", "/users?name="+rig.Username, nil, &users)
	var made struct {
		Credential struct{ ID, Secret string } `json:"application_credential"`
	}
	path := "/users/" + users.Users[0].ID + "/application_credentials"
	r.Call(t, "POST", path, map[string]any{"application_credential": map[string]any{"name": rig.RandomID()}}, &made)
	t.Cleanup(func() { r.Call(t, "DELETE", path+"/"+made.Credential.ID, nil, nil) })
	d := &cloudDeployment{t: t, dir: t.TempDir()}
	d.program = built.once(t, name, config)
	login := fmt.Sprintf("{auth_url: %q, application_credential_id: %s, application_credential_secret: %q}", keystone, made.Credential.ID, made.Credential.Secret)
	for name, text := range map[string]string{
		"artifice.ini": config, "rates.csv": cloudRates,
		"clouds.yaml": fmt.Sprintf("clouds:\n  north: {auth_type: v3applicationcredential, auth: %[1]s}\n  south: {auth_type: v3applicationcredential, auth: %[1]s}\n", login),
	} {
		noError(t, os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600))
	}
	return d
}

// afterMonth is when the programs run, by their own clock.
var afterMonth = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

func (d *cloudDeployment) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(d.t.Context(), d.program, args...)
	cmd.Dir = d.dir
	cmd.Env = append(os.Environ(), "CRASH_CLOCK="+time.Until(afterMonth).String())
	return cmd
}

// run runs the program, which must do what it is asked.
func (d *cloudDeployment) run(args ...string) {
	d.t.Helper()
	if out, err := d.command(args...).CombinedOutput(); err != nil {
		d.t.Fatalf("artifice %v: %v\n%s", args, err, out)
	}
}

// says runs the program, which must write lines that match.
func (d *cloudDeployment) says(args []string, want ...string) {
	d.t.Helper()
	out, _ := d.command(args...).CombinedOutput()
	for _, text := range want {
		if !regexp.MustCompile("(?m)" + text).Match(bytes.TrimSpace(out)) {
			d.t.Errorf("artifice %v does not say %q, but\n%s", args, text, out)
		}
	}
}
