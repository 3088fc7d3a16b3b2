package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/openstack-artifice/artifice"
	"github.com/openstack-artifice/artifice/cli"
	"github.com/openstack-artifice/artifice/internal/openstack/rig"
)

func TestMain(m *testing.M) {
	if os.Getenv(asArtifice) != "" {
		os.Exit(cli.Main(artifice.Registry(), demo))
	}
	testscript.Main(tests{m}, map[string]func(){
		"artifice": func() { os.Exit(cli.Main(artifice.Registry(), demo)) },
	})
}

// tests are those of the package, after which what they share is removed.
type tests struct{ *testing.M }

// Run implements testscript.TestingM.
func (t tests) Run() int {
	code := cluster.Run(t.M)
	if err := errors.Join(built.remove(), rig.Close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return cmp.Or(code, 1)
	}
	return code
}

// TestScripts runs what a user would type.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"post": postCommand},
		Setup: func(env *testscript.Env) error {
			now := time.Now().UTC()
			env.Setenv("ADDRESS", freeAddress(t))
			env.Setenv("THIS_MONTH", now.Format("2006-01"))
			env.Setenv("LAST_MONTH", now.AddDate(0, 0, -now.Day()).Format("2006-01"))
			env.Setenv("NEXT_MONTH", now.AddDate(0, 0, 32-now.Day()).Format("2006-01"))
			if shared := os.Getenv("ARTIFICE_SHARED"); shared != "" {
				env.Setenv("SHARED", shared)
			} else if os.Getenv("ARTIFICE_REQUIRE_SERVICES") != "" {
				t.Error("set ARTIFICE_SHARED to the directory of recorded data")
			}
			return nil
		},
		Condition: func(cond string) (bool, error) {
			return cond == "recorded" && os.Getenv("ARTIFICE_SHARED") != "", nil
		},
	})
}
