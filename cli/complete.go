package cli

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
)

func completionCommand(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "write what lets a shell complete commands and flags",
		Long: strings.ReplaceAll("completion writes a script that the shell loads: bash from\n"+
			"/usr/share/bash-completion/completions/NAME, zsh from a file _NAME in a\n"+
			"directory of its fpath, fish from ~/.config/fish/completions/NAME.fish. The\n"+
			"Debian package brings them. Tenants and orders are offered as the store has\n"+
			"them, where it can be read at once; completing changes nothing.", "NAME", a.program()),
		Example:   "  artifice completion bash > artifice.bash",
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Args: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(cmd.ValidArgs, strings.Join(args, " ")) {
				return wrongUse("say which shell: %s", strings.Join(cmd.ValidArgs, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			return map[string]func() error{
				"bash":       func() error { return root.GenBashCompletionV2(a.Stdout, true) },
				"zsh":        func() error { return root.GenZshCompletion(a.Stdout) },
				"fish":       func() error { return root.GenFishCompletion(a.Stdout, true) },
				"powershell": func() error { return root.GenPowerShellCompletionWithDesc(a.Stdout) },
			}[args[0]]()
		},
	}
}

// months is how many of the last months are offered.
const months = 12

// complete says how the flags and arguments of every command are completed.
func (a *App) complete(root *cobra.Command) {
	offers := map[string]cobra.CompletionFunc{
		"output": cobra.FixedCompletions([]cobra.Completion{"table", "json", "csv"}, cobra.ShellCompDirectiveNoFileComp),
		"by":     cobra.FixedCompletions([]cobra.Completion{"service", "resource", "window"}, cobra.ShellCompDirectiveNoFileComp),
		"month":  a.completeMonth,
		"before": a.completeMonth,
		"tenant": a.stored(offerTenants),
	}
	for _, flag := range []string{"from", "to", "through", "window", "resource", "reason", "billed", "workers", "lease", "source", "listen"} {
		offers[flag] = cobra.NoFileCompletions
	}
	for _, cmd := range root.Commands() {
		for flag, offer := range offers {
			if cmd.Flags().Lookup(flag) != nil {
				// It fails for flags that do not exist, or that are told twice.
				_ = cmd.RegisterFlagCompletionFunc(flag, offer)
			}
		}
		switch {
		case strings.Contains(cmd.Use, "ORDER"):
			cmd.ValidArgsFunction = a.stored(offerOrders)
		case !strings.Contains(cmd.Use, "FILE") && !strings.Contains(cmd.Use, "DIRECTORY") && len(cmd.ValidArgs) == 0 && cmd.Name() != "help":
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
		offered = append(offered, time.Date(year, month-1-time.Month(i), 1, 0, 0, 0, 0, time.UTC).Format(monthLayout))
	}
	return offered, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// An offer is what there is in the store to complete a word with, given the
// arguments before it.
type offer func(ctx context.Context, s *session, args []string, word string) ([]cobra.Completion, error)

// stored completes with what is in the store. A key that is pressed makes no
// store, and does not wait for one: where nothing can be read at once nothing is
// offered, and nothing said.
func (a *App) stored(offers offer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), time.Second)
		defer cancel()
		hushed := *a
		hushed.Stderr = io.Discard
		read := make(chan []cobra.Completion, 1)
		go func() { read <- hushed.offered(ctx, cmd, offers, args, word) }()
		select {
		case offered := <-read:
			return offered, cobra.ShellCompDirectiveNoFileComp
		case <-ctx.Done():
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
}

// offered is what the store offers, nothing where there is none.
func (a *App) offered(ctx context.Context, cmd *cobra.Command, offers offer, args []string, word string) []cobra.Completion {
	s, err := a.open(ctx, cmd, 0)
	if err != nil {
		return nil
	}
	defer s.close()
	if there, err := s.present(ctx); err != nil || !there {
		return nil
	}
	offered, err := offers(ctx, s, args, word)
	if err != nil {
		return nil
	}
	return offered
}

// offerTenants offers tenants by id, of a list with commas for its last.
func offerTenants(ctx context.Context, s *session, _ []string, word string) ([]cobra.Completion, error) {
	tenants, err := s.Tenants(ctx, nil)
	before := word[:strings.LastIndex(word, ",")+1]
	given := strings.Split(before, ",")
	var offered []cobra.Completion
	for _, t := range tenants {
		if strings.HasPrefix(before+t.ID, word) && !slices.Contains(given, t.ID) {
			offered = append(offered, cobra.CompletionWithDesc(before+t.ID, clean(t.Name)))
		}
	}
	return offered, err
}

// offerOrders offers orders by key, where none is named yet.
func offerOrders(ctx context.Context, s *session, args []string, word string) ([]cobra.Completion, error) {
	if len(args) > 0 {
		return nil, nil
	}
	orders, err := s.Store.Orders(ctx, ledger.OrderFilter{KeyPrefix: word})
	var offered []cobra.Completion
	for _, o := range orders {
		who := cmp.Or(o.Tenant.Name, o.Tenant.ID)
		offered = append(offered, cobra.CompletionWithDesc(o.Key, clean(who+", "+billing.BlockLabel(o.Block, s.Location)+", "+string(o.Status))))
	}
	return offered, err
}
