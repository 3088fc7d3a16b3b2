package cli

import (
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func completionCommand(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "write what lets a shell complete commands and flags",
		Long: strings.ReplaceAll("completion writes a script that the shell loads: bash from\n"+
			"/usr/share/bash-completion/completions/NAME, zsh from a file _NAME in a\n"+
			"directory of its fpath, fish from ~/.config/fish/completions/NAME.fish. The\n"+
			"Debian package brings them. Completing opens neither config nor store.", "NAME", a.program()),
		Example:   "  artifice completion bash > artifice.bash",
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			write, ok := map[string]func() error{
				"bash":       func() error { return root.GenBashCompletionV2(a.Stdout, true) },
				"zsh":        func() error { return root.GenZshCompletion(a.Stdout) },
				"fish":       func() error { return root.GenFishCompletion(a.Stdout, true) },
				"powershell": func() error { return root.GenPowerShellCompletionWithDesc(a.Stdout) },
			}[strings.Join(args, " ")]
			if !ok {
				return wrongUse("say which shell: %s", strings.Join(cmd.ValidArgs, ", "))
			}
			return write()
		},
	}
}

// months is how many of the last months are offered.
const months = 12

// complete says how the flags of every command are completed. Nothing is
// opened for that: a key that is pressed must not make a store.
func (a *App) complete(root *cobra.Command) {
	offers := map[string]cobra.CompletionFunc{
		"output": cobra.FixedCompletions([]cobra.Completion{"table", "json", "csv"}, cobra.ShellCompDirectiveNoFileComp),
		"by":     cobra.FixedCompletions([]cobra.Completion{"service", "resource", "window"}, cobra.ShellCompDirectiveNoFileComp),
		"month":  a.completeMonth,
		"before": a.completeMonth,
	}
	for _, flag := range []string{"tenant", "from", "to", "through", "window", "resource", "reason", "billed", "workers", "lease", "source", "listen"} {
		offers[flag] = cobra.NoFileCompletions
	}
	for _, cmd := range root.Commands() {
		for flag, offer := range offers {
			if cmd.Flags().Lookup(flag) != nil {
				// It fails for flags that do not exist, or that are told twice.
				_ = cmd.RegisterFlagCompletionFunc(flag, offer)
			}
		}
		if !strings.Contains(cmd.Use, "FILE") && !strings.Contains(cmd.Use, "DIRECTORY") && len(cmd.ValidArgs) == 0 && cmd.Name() != "help" {
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
	}
	_ = root.MarkPersistentFlagFilename("config", "ini")
	_ = root.RegisterFlagCompletionFunc("log-format", cobra.FixedCompletions([]cobra.Completion{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

// completeMonth offers the last months, the one before this first.
func (a *App) completeMonth(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	year, month, _ := a.Now().Date()
	var offered []cobra.Completion
	for i := range months {
		offered = append(offered, time.Date(year, month-1-time.Month(i), 1, 0, 0, 0, 0, time.UTC).Format("2006-01"))
	}
	return offered, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
