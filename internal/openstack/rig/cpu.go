package rig

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tick is the unit of Linux's times of processes.
const tick = 10 * time.Millisecond

// CPU is the processor time, user and system, that a server and its workers have
// taken. Those of PostgreSQL, which are in sessions of their own, are left out.
func (r *Rig) CPU(t testing.TB, s Server) time.Duration {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.Dir, "run", string(s)))
	if err != nil {
		t.Fatal(err)
	}
	session, _, _ := strings.Cut(string(text), " ")
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	ticks := 0
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ") // its name may hold blanks
		fields := strings.Fields(rest)                // from the third of proc(5) on
		if len(fields) < 15 || fields[3] != session {
			continue
		}
		for _, field := range fields[11:15] { // its own, and that of children that it waited for
			n, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * tick
}
