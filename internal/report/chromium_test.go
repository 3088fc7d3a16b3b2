package report_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/openstack-artifice/artifice/internal/report"
)

// A chromium opens pages as a person's browser would, in a profile of its own,
// with a proxy that nothing may ask for anything.
type chromium struct {
	path  string
	proxy net.Listener

	mu    sync.Mutex
	asked []string // the first line of each request
}

func newChromium(t *testing.T) *chromium {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		const how = "needs Chromium: apt-get install -y --no-install-recommends chromium"
		if os.Getenv("ARTIFICE_REQUIRE_SERVICES") == "1" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	c := &chromium{path: path}
	if c.proxy, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.proxy.Close() })
	go func() {
		for {
			conn, err := c.proxy.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(conn).ReadString('\n')
			conn.Close()
			c.mu.Lock()
			c.asked = append(c.asked, strings.TrimSpace(line))
			c.mu.Unlock()
		}
	}()
	return c
}

// open returns the document that Chromium makes of a page, and what its console
// says.
func (c *chromium) open(t *testing.T, page string, flags ...string) (dom string, console []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-dev-shm-usage", "--proxy-server=" + c.proxy.Addr().String(), "--proxy-bypass-list=<-loopback>",
		"--enable-logging=stderr", "--user-data-dir=" + t.TempDir(), "--dump-dom"}, flags...)
	cmd := exec.CommandContext(t.Context(), c.path, append(args, "file://"+path)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium: %v\n%s", err, said.String())
	}
	return string(out), regexp.MustCompile(`(?m)^.*CONSOLE.*$`).FindAllString(said.String(), -1)
}

// own is what Chromium asks of its maker, on whatever page: none of it gets
// past the proxy either.
var own = regexp.MustCompile(`^[A-Z]+ (https?://)?[a-z0-9.]+\.(google|googleapis|gvt1)\.com[:/]`)

// requests are those that a page made.
func (c *chromium) requests() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.asked), own.MatchString)
}

// Chromium shows all of a page, has nothing to say against it, and asks nobody
// for anything; and its policy is no more than the page itself needs.
func TestChromium(t *testing.T) {
	browser := newChromium(t)
	page := write(t, make_(t, eventful(), report.DefaultLimits()))
	dom, console := browser.open(t, page)
	if len(console) > 0 {
		t.Errorf("the console says %q", console)
	}
	if requests := browser.requests(); len(requests) > 0 {
		t.Errorf("requests were made: %q", requests)
	}
	count := func(page, what string) int { return len(regexp.MustCompile(what).FindAllString(page, -1)) }
	for _, element := range []string{"<section", "<article", "<table", "<tr[ >]", "<t[dh][ >]", "<svg", "<rect", "<details", "<bdi", `tabindex="0"`} {
		if got, want := count(dom, element), count(page, element); got != want || want == 0 {
			t.Errorf("Chromium has %d of %s, and the page %d", got, element, want)
		}
	}
	if n := count(dom, "<script"); n > 0 {
		t.Errorf("a name became %d scripts", n)
	}
	for _, want := range []string{"489.89", "adjusts 2025-03", "INV/2025/0010", "no cost for gpu.a100", "tui-analytics", "358<span", "2715.01"} {
		if !strings.Contains(dom, want) {
			t.Errorf("Chromium does not show %q", want)
		}
	}
}

// The test above would see a request, a script, and a style that the policy
// does not let through.
func TestChromiumSees(t *testing.T) {
	browser := newChromium(t)
	page := write(t, make_(t, small(), report.DefaultLimits()))
	evil := `<p style="color: red"><script>document.title = "ran"</script><img src="http://example.invalid/x.png">`
	dom, console := browser.open(t, strings.Replace(page, "<main>", "<main>"+evil, 1))
	if strings.Contains(dom, "<title>ran") {
		t.Error("a script ran")
	}
	if requests := browser.requests(); len(requests) > 0 {
		t.Errorf("requests were made: %q", requests)
	}
	if len(console) < 3 {
		t.Errorf("the console says %q only", console)
	}
	free := regexp.MustCompile(`<meta http-equiv[^>]*>`).ReplaceAllString(page, "")
	dom, _ = browser.open(t, strings.Replace(free, "<main>", "<main>"+evil, 1))
	if !strings.Contains(dom, "<title>ran") || len(browser.requests()) == 0 {
		t.Error("without the policy neither script nor request was seen")
	}
}

// On paper every hour is there, also where it is folded away on a screen, and
// on a narrow screen nothing makes the page itself wider.
func TestChromiumSizes(t *testing.T) {
	browser := newChromium(t)
	page := write(t, make_(t, eventful(), report.DefaultLimits()))
	// The policy is taken away, and a script measures what is drawn.
	page = regexp.MustCompile(`<meta http-equiv[^>]*>`).ReplaceAllString(page, "")
	script := `<script>addEventListener("load", () => {
		const e = document.documentElement, out = document.createElement("p");
		out.id = "measured";
		out.textContent = JSON.stringify({wide: e.scrollWidth, window: e.clientWidth, cell: getComputedStyle(document.querySelector(".days td.b")).backgroundColor});
		document.body.append(out);
	})</script></body>`
	page = strings.Replace(strings.ReplaceAll(page, "<details ", "<details open "), "</body>", script, 1)
	for _, width := range []int{500, 800, 1400} {
		dom, _ := browser.open(t, page, fmt.Sprintf("--window-size=%d,900", width))
		var measured struct {
			Wide, Window int
			Cell         string
		}
		if err := json.Unmarshal([]byte(between(t, dom, `<p id="measured">`, "</p>")), &measured); err != nil {
			t.Fatal(err)
		}
		if measured.Wide > measured.Window {
			t.Errorf("at %d pixels the page is %d wide", measured.Window, measured.Wide)
		}
		if measured.Cell != "rgb(0, 114, 178)" {
			t.Errorf("a billed cell is %s", measured.Cell)
		}
	}
}
