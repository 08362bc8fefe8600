package main

import (
	"cmp"
	"io"

	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func (p *program) poolSigningCommand() *cobra.Command {
	signing := &cobra.Command{
		Use: "pool-signing",
		Long: `Choose by which algorithm the tokens of one identity pool are signed, where it is to be
another than the server's. The server may run or not. They are operations of the API too,
under the target prefix PoolkeeperIdentity; see docs/REFERENCE.md.`,
	}
	var pool string
	set := func(use, done string, algorithm func(args []string) string, args cobra.PositionalArgs) *cobra.Command {
		return controlCommand(p, api.Identities, use, "SetIdentityPoolSigning", func(words []string, in *api.SetIdentityPoolSigningInput) {
			in.IdentityPoolId, in.SigningAlgorithm = words[0], algorithm(words)
		}, args, said(done+" 'poolkeeper pool-signing get' tells what signs now."))
	}
	unset := set("unset POOL", "The pool's tokens are signed as the server's are.", func([]string) string { return "" }, exactArgs(1))
	unset.Short = "Have the tokens of an identity pool signed as the server's are, at once."
	signing.AddCommand(
		controlCommand(p, api.Identities, "get POOL", "GetIdentityPoolSigning", func(args []string, in *api.GetIdentityPoolSigningInput) {
			pool = args[0]
			in.IdentityPoolId = pool
		}, exactArgs(1), func(w io.Writer, out *api.GetIdentityPoolSigningOutput) {
			table(w, "POOL\tASKS FOR\tSIGNS NOW", func(row func(...any)) {
				row(pool, cmp.Or(out.SigningAlgorithm, "(the server's)"), out.ActiveAlgorithm)
			})
		}),
		set("set POOL ALGORITHM", "It is set.", func(args []string) string { return args[1] }, exactArgs(2)),
		unset,
	)
	return signing
}
