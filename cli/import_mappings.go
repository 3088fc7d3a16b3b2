package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/distil"
)

func importMappingsCommand(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "import-mappings FILE.yml [TRANSFORMER.yaml]",
		Short: "turn Distil's meter mappings into sections of a config",
		Long: "import-mappings reads Distil's meter_mappings.yml, and transformer.yaml (or the\n" +
			"conf.yaml of 2014) with what its transformers are told, and writes the sections\n" +
			"that bill the same meters. They go into the config of the deployment.\n\n" +
			"What Artifice does otherwise, and what cannot be carried over, is told with the\n" +
			"reason and what to do, and stands in the sections as a comment. Where there are\n" +
			"mistakes nothing is written, and the exit code is 1. Neither config nor store\n" +
			"is looked at.",
		Example: "  artifice import-mappings meter_mappings.yml transformer.yaml > meters.ini",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return wrongUse("%s takes the file of mappings, and that of transformers where there is one", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			var files [2]distil.File
			for i, name := range args {
				file, err := readForeign(name)
				if err != nil {
					return err
				}
				files[i] = file
			}
			result, err := distil.Convert(files[0], files[1])
			if err != nil {
				return err
			}
			for _, note := range result.Notes {
				a.warnf("%v", note)
			}
			if _, err := io.WriteString(a.Stdout, a.named(string(result.INI))); err != nil {
				return err
			}
			a.sayf("%s converted, %s: put the sections into the config and run artifice check", plural(result.Meters, "meter"), plural(len(result.Notes), "note"))
			return nil
		},
	}
}

// readForeign reads a file, and no more of it than is looked at.
func readForeign(name string) (distil.File, error) {
	file, err := os.Open(name)
	if err != nil {
		return distil.File{}, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, distil.MaxFile+1))
	if err != nil {
		return distil.File{}, fmt.Errorf("%s: %w", name, err)
	}
	return distil.File{Name: name, Data: data}, nil
}
