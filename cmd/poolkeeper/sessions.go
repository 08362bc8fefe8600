package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func (p *program) sessionsCommand() *cobra.Command {
	sessions := &cobra.Command{
		Use:  "sessions",
		Long: "Take temporary credentials away.\nThe server may run or not.",
	}
	var in api.RevokeSessionsInput
	var root bool
	revoke := controlCommand(p, api.Control, "revoke", "RevokeSessions", func(_ []string, filled *api.RevokeSessionsInput) {
		*filled = in
		filled.Root = &root
	}, noArgs, func(w io.Writer, out *api.RevokeSessionsOutput) {
		fmt.Fprintf(w, "Sessions begun before %s are refused from now on. New ones can be had at once.\n", stamp(out.IssuedBefore))
	})
	revoke.Flags().StringVar(&in.RoleName, "role", "", "the `name` of the role whose sessions are refused")
	revoke.Flags().StringVar(&in.UserName, "user", "", "the `name` of the user whose sessions are refused")
	revoke.Flags().BoolVar(&root, "root", false, "refuse the sessions of the account's root")
	sessions.AddCommand(revoke)
	return sessions
}
