package receive

import (
	"fmt"
	"log/slog"
	"strconv"
	"sync"
)

// counts are what was received since it was last told.
type counts struct {
	mu                                       sync.Mutex
	batches, samples, bytes, refused, failed int
}

func (c *counts) add(samples, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batches++
	c.samples += samples
	c.bytes += size
}

// fail counts samples that cannot be taken, of a batch whose others can. It
// reports whether that is to be told.
func (c *counts) fail(samples int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	told := c.failed < maxTold
	c.failed += samples
	return told
}

// maxTold is how many refusals are told one by one, between two lines of counts.
const maxTold = 20

// refuse reports whether the refusal is to be told.
func (c *counts) refuse() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused++
	return c.refused <= maxTold
}

// tellCounts says what was received since the last time, unless it is nothing.
func (s *Server) tellCounts() {
	c := &s.counts
	c.mu.Lock()
	batches, samples, bytes, refused, failed := c.batches, c.samples, c.bytes, c.refused, c.failed
	c.batches, c.samples, c.bytes, c.refused, c.failed = 0, 0, 0, 0, 0
	c.mu.Unlock()
	if batches == 0 && refused == 0 && failed == 0 {
		return
	}
	level, text := slog.LevelInfo, fmt.Sprintf("received %s in %s (%d KiB)", count(samples, "sample", "samples"), count(batches, "batch", "batches"), (bytes+1023)/1024)
	if failed > 0 {
		level = slog.LevelWarn
		text += fmt.Sprintf(", and set %s aside", count(failed, "other", "others"))
	}
	if refused > 0 {
		level = slog.LevelWarn
		text += ", and refused " + count(refused, "request", "requests")
	}
	s.o.Tell(level, text)
}

// count writes a number with the word for one thing, or for several.
func count(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + several
}

// Write takes what net/http has to say of connections that failed.
func (s *Server) Write(line []byte) (int, error) {
	if s.counts.refuse() {
		s.o.Tell(slog.LevelWarn, oneLine(string(line)))
	}
	return len(line), nil
}
