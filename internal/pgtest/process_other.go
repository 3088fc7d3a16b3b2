//go:build !linux

package pgtest

import (
	"errors"
	"os/exec"
)

type owner struct{ uid, gid int }

// unprivileged says that there is no server: its programs are looked for where
// Debian has them.
func unprivileged() (*owner, error) { return nil, errMissing }

func (o *owner) run(*exec.Cmd) {}

type process struct {
	ended chan struct{}
	err   error
}

func startProcess(*exec.Cmd) (*process, error) { return nil, errors.ErrUnsupported }

func (p *process) stop() error { return errors.ErrUnsupported }

func (p *process) crash() error { return errors.ErrUnsupported }
