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

// openTerminal opens a terminal of so many rows and columns, and what shows what
// is on it.
func openTerminal(t *testing.T, rows, columns uint16) (screen, terminal *os.File) {
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
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns})
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
	t.Run("of a size", func(t *testing.T) { testTerminal(t, 24, 100) })
	t.Run("of none", func(t *testing.T) { testTerminal(t, 0, 0) })
}

func testTerminal(t *testing.T, rows, columns uint16) {
	screen, terminal := openTerminal(t, rows, columns)
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
	if !strings.Contains(got, "billing 2013-08 [=====") || !strings.Contains(got, "5,000 of 10,000 tenants, 1 min left") || !strings.HasSuffix(got, "\x1b[Jend\r\n") {
		t.Errorf("the screen shows %q", got)
	}
	if strings.Contains(got, "m[") || strings.Contains(got, "\x1b[3") {
		t.Errorf("there is colour in %q", got)
	}
}

// seen is what a terminal shows that was sent this, but for empty lines at the
// end.
func seen(t *testing.T, sent string) string {
	t.Helper()
	rows, row, col := []string{""}, 0, 0
	for sent != "" {
		up, after := 0, ""
		if n, err := fmt.Sscanf(sent, "\x1b[%dA", &up); n == 1 && err == nil {
			_, after, _ = strings.Cut(sent, "A")
			row = max(0, row-up)
		} else if rest, ok := strings.CutPrefix(sent, "\x1b[J"); ok {
			after, rows = rest, rows[:row+1]
			rows[row] = rows[row][:min(col, len(rows[row]))]
		} else {
			switch after = sent[1:]; sent[0] {
			case '\r':
				col = 0
			case '\n':
				if row++; row == len(rows) {
					rows = append(rows, "")
				}
			case '\x1b':
				t.Fatalf("the terminal is sent %q", sent)
			default:
				line := fmt.Sprintf("%-*s", col+1, rows[row])
				rows[row] = line[:col] + sent[:1] + line[col+1:]
				col++
			}
		}
		sent = after
	}
	return strings.TrimRight(strings.Join(rows, "\n"), "\n")
}

// A terminal echoes ^C where the cursor is. What is said then begins on the
// left all the same, as does the next picture, and nothing is left of the bar.
func TestTerminalEchoes(t *testing.T) {
	t.Setenv("TERM", "xterm")
	screen, terminal := openTerminal(t, 24, 100)
	ticks, clock := make(chan time.Time), time.Unix(0, 0)
	a := &App{Stderr: terminal, Now: func() time.Time { return clock }}
	a.tick = func(time.Duration) (<-chan time.Time, func()) { return ticks, func() {} }
	a.watching()
	var sent string
	await := func(text string) {
		t.Helper()
		from := len(sent)
		for part := make([]byte, 1024); !strings.Contains(sent[from:], text); {
			n, err := screen.Read(part)
			sent += string(part[:n])
			if err != nil {
				t.Fatalf("%v after %q", err, sent)
			}
		}
	}
	interrupt := func() {
		t.Helper()
		if _, err := screen.WriteString("\x03"); err != nil {
			t.Fatal(err)
		}
		await("^C")
	}
	p := a.watch.begin(billingStep)
	clock = clock.Add(time.Minute)
	p.Add(5000)
	ticks <- time.Time{}
	await("left\r\n")
	interrupt()
	ticks <- time.Time{}
	await("left\r\n")
	if got := seen(t, sent); !strings.HasPrefix(got, "billing 2013-08 [") || strings.Contains(got, "\n") {
		t.Errorf("the screen shows\n%s", got)
	}
	interrupt()
	a.sayf("stopping, once")
	await("left\r\n")
	if got := seen(t, sent); !strings.HasPrefix(got, "stopping, once\nbilling 2013-08 [") {
		t.Errorf("the screen shows\n%s", got)
	}
	interrupt()
	p.End()
	a.sayf("end")
	await("end\r\n")
	if got, want := seen(t, sent), "stopping, once\nend"; got != want {
		t.Errorf("in the end the screen shows\n%s", got)
	}
}
