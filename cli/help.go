package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// helpCommand is cobra's own, but that it answers to a wrong name as to any
// wrong use.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "tell of a command or a topic",
		Long:    "help says what a command does, with its flags, as COMMAND --help does.",
		Example: "  artifice help bill\n  artifice help exit-codes",
		ValidArgsFunction: func(_ *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var names []cobra.Completion
			for _, cmd := range root.Commands() {
				told := cmd.IsAvailableCommand() || cmd.IsAdditionalHelpTopicCommand()
				if len(args) == 0 && told && strings.HasPrefix(cmd.Name(), toComplete) {
					names = append(names, cobra.CompletionWithDesc(cmd.Name(), cmd.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return wrongUse("there is no command or topic %q\nhint: %s --help lists them", args, root.Name())
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}
