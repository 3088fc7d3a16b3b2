package ceilometer

import (
	"fmt"
	"math"
	"time"
)

// Years before and after which a timestamp is a mistake, and not of a cloud.
const (
	firstYear = 2000
	lastYear  = 2200
)

// A calendar reads times. It remembers a day: most times are of the same day
// as the one before.
type calendar struct {
	date     string    // "" for none
	midnight time.Time // of the date, UTC
}

const dateLength = len("2006-01-02")

// timeOf is the function of that name, only faster.
func (c *calendar) timeOf(text []byte) (time.Time, error) {
	if t, ok := c.ofTheDay(text); ok {
		return t, nil
	}
	t, err := timeOf(text)
	if err != nil || string(text[:dateLength]) == c.date {
		return t, err
	}
	// With an offset the day itself may be out of bounds.
	date := string(text[:dateLength])
	if midnight, err := timeOf([]byte(date + "T00:00:00")); err == nil {
		c.date, c.midnight = date, midnight
	}
	return t, nil
}

// ofTheDay reads a time of the day that is remembered, with a fraction or Z
// after its seconds, or neither.
func (c *calendar) ofTheDay(text []byte) (t time.Time, ok bool) {
	const seconds = len("2006-01-02T15:04:05")
	if len(text) < seconds || string(text[:dateLength]) != c.date ||
		text[10] != 'T' && text[10] != ' ' || text[13] != ':' || text[16] != ':' {
		return t, false
	}
	hour, minute, second := twoDigits(text[11:13]), twoDigits(text[14:16]), twoDigits(text[17:19])
	if hour > 23 || minute > 59 || second > 59 {
		return t, false
	}
	rest := clock{text: text, pos: seconds}
	nanosecond := rest.fraction()
	if rest.peek() == 'Z' {
		rest.pos++
	}
	if rest.bad || rest.pos != len(text) {
		return t, false
	}
	return c.midnight.Add(time.Duration(hour*3600+minute*60+second)*time.Second + time.Duration(nanosecond)), true
}

// twoDigits is the number of two digits, or one too large.
func twoDigits(text []byte) int {
	tens, ones := text[0]-'0', text[1]-'0'
	if tens > 9 || ones > 9 {
		return math.MaxInt
	}
	return int(tens)*10 + int(ones)
}

// timeOf reads 2006-01-02T15:04:05, which is UTC, with a blank for the T, a
// fraction of up to nine digits, and Z or an offset, as they may come.
func timeOf(text []byte) (time.Time, error) {
	c := clock{text: text}
	year := c.number(4)
	c.one("-")
	month := c.number(2)
	c.one("-")
	day := c.number(2)
	c.one("T ")
	hour := c.number(2)
	c.one(":")
	minute := c.number(2)
	c.one(":")
	second := c.number(2)
	nanosecond := c.fraction()
	offset := c.offset()
	if c.bad || c.pos != len(text) {
		return time.Time{}, fmt.Errorf("%s is not a time as 2006-01-02T15:04:05.999999", quote(text))
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanosecond, time.UTC)
	// What is too much of one part shows in the one before it, or in its own.
	if int(t.Month()) != month || t.Hour() != hour || t.Minute() != minute {
		return time.Time{}, fmt.Errorf("there is no time %s", quote(text))
	}
	t = t.Add(-offset)
	if t.Year() < firstYear || t.Year() > lastYear {
		return time.Time{}, fmt.Errorf("the time %s is impossible: not within the years %d to %d", quote(text), firstYear, lastYear)
	}
	return t, nil
}

// A clock reads the parts of a time. It is bad once one is not there.
type clock struct {
	text []byte
	pos  int
	bad  bool
}

func (c *clock) peek() byte {
	if c.pos < len(c.text) {
		return c.text[c.pos]
	}
	return 0
}

// number reads a number of so many digits.
func (c *clock) number(digits int) int {
	n := 0
	for range digits {
		d := c.peek()
		if d < '0' || d > '9' {
			c.bad = true
			return 0
		}
		n = n*10 + int(d-'0')
		c.pos++
	}
	return n
}

// one reads one of some characters.
func (c *clock) one(of string) {
	for i := range len(of) {
		if c.peek() == of[i] {
			c.pos++
			return
		}
	}
	c.bad = true
}

// fraction reads a fraction of a second, if there is one, in nanoseconds.
func (c *clock) fraction() int {
	if c.peek() != '.' {
		return 0
	}
	c.pos++
	n, digits := 0, 0
	for c.peek() >= '0' && c.peek() <= '9' {
		n = n*10 + int(c.peek()-'0')
		c.pos++
		if digits++; digits > 9 {
			c.bad = true
			return 0
		}
	}
	c.bad = c.bad || digits == 0
	for ; digits < 9; digits++ {
		n *= 10
	}
	return n
}

// offset reads Z, +00:00, +0000 or +00, if there is one.
func (c *clock) offset() time.Duration {
	sign := time.Duration(1)
	switch c.peek() {
	case 'Z':
		c.pos++
		return 0
	case '-':
		sign = -1
	case '+':
	default:
		return 0
	}
	c.pos++
	hours, minutes := c.number(2), 0
	if c.pos < len(c.text) {
		if c.peek() == ':' {
			c.pos++
		}
		minutes = c.number(2)
	}
	c.bad = c.bad || hours > 23 || minutes > 59
	return sign * (time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute)
}
