package cli

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"os/user"
)

// holder names this process to a store that others use as well: its host and
// number tell a person which it is, the rest that it is no earlier one of that
// number.
func holder() string {
	var unique [4]byte
	// It never fails.
	_, _ = rand.Read(unique[:])
	return fmt.Sprintf("%s:%d:%s", host(), os.Getpid(), hex.EncodeToString(unique[:]))
}

// operator is whom the history of orders names: who runs this process, and
// where.
func operator() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return name + "@" + host()
}

func host() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}
