package cli

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openTerminal opens a terminal of 100 columns, and what shows what is on it.
func openTerminal(t *testing.T) (screen, terminal *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	fd := int(screen.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100})
	}
	if err == nil {
		terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return screen, terminal
}

// On a real terminal a program draws a bar, without any colour, and takes it
// away; but not where the user or the terminal would not have it.
func TestTerminal(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	screen, terminal := openTerminal(t)
	ticks, clock := make(chan time.Time), time.Unix(0, 0)
	app := func(options talk) *App {
		a := &App{Stderr: terminal, talk: options, Now: func() time.Time { return clock }}
		a.tick = func(time.Duration) (<-chan time.Time, func()) { return ticks, func() {} }
		a.watching()
		return a
	}
	for term, want := range map[string]bool{"xterm-256color": true, "dumb": false, "": false} {
		t.Setenv("TERM", term)
		if got := app(talk{}).watch.bars != nil; got != want {
			t.Errorf("TERM=%s: that it draws bars is %v", term, got)
		}
	}
	t.Setenv("TERM", "xterm")
	if app(talk{quiet: true}).watch.bars != nil {
		t.Error("it draws bars where it shall be quiet")
	}
	a := app(talk{})
	p := a.watch.begin(billingStep)
	clock = clock.Add(time.Minute)
	p.Add(5000)
	ticks <- time.Time{}
	p.End()
	a.sayf("end")
	var shown bytes.Buffer
	for part := make([]byte, 1024); !strings.Contains(shown.String(), "end"); {
		n, err := screen.Read(part)
		shown.Write(part[:n])
		if err != nil {
			t.Fatalf("%v after %q", err, &shown)
		}
	}
	got := shown.String()
	if !strings.Contains(got, "billing 2013-08 [=====") || !strings.Contains(got, "5,000 of 10,000 tenants, 1m left") || !strings.HasSuffix(got, "\x1b[1A\x1b[Jend\r\n") {
		t.Errorf("the screen shows %q", got)
	}
	if strings.Contains(got, "m[") || strings.Contains(got, "\x1b[3") {
		t.Errorf("there is colour in %q", got)
	}
}
