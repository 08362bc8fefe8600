package main

import (
	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/cli"
)

func (p *program) root() *cobra.Command {
	cobra.EnableCommandSorting = false
	return &cobra.Command{
		Use:   "poolkeeper",
		Short: "A self-hosted Amazon Cognito identity pool service",
		Long: `Poolkeeper gives the users of your own login a stable identity and a signed
OpenID Connect token, by the API of Amazon Cognito identity pools.

See what it does:         poolkeeper demo
Start a server:           poolkeeper serve
Make an access key:       poolkeeper keys create
Say where the server is:  poolkeeper configure
Call it:                  poolkeeper cognito-identity list-identity-pools --max-results 10
Who changed what:         poolkeeper audit
Keep it in a file:        poolkeeper export, poolkeeper apply`,
	}
}

// commands are the program's own, each made only when it is asked for.
func (p *program) commands() []cli.Group {
	return []cli.Group{
		{Title: "THE SERVER", Tools: []cli.Tool{
			{Name: "demo", Short: "Show the main job on a throw-away server", Make: p.demoCommand},
			{Name: "serve", Short: "Run the server", Make: p.serveCommand},
			{Name: "config", Short: "Check, print and explain the configuration of the server", Make: p.configCommand},
			{Name: "health", Short: "Ask a running server whether it is well, for the health check of a container", Make: p.healthCommand},
		}},
		{Title: "USERS AND WHAT THEY MAY DO", Tools: []cli.Tool{
			{Name: "keys", Short: "Make, list, switch off and delete access keys", Make: p.keysCommand},
			{Name: "identity", Short: "Make, find, show, link, disable and revoke identities", Make: p.identityCommand},
			{Name: "sessions", Short: "Take temporary credentials away", Make: p.sessionsCommand},
			{Name: "policy", Short: "Say what a principal may do, and why", Make: p.policyCommand},
			{Name: "upstream", Short: "Have another STS give the credentials of a role", Make: p.upstreamCommand},
			{Name: "apply", Short: "Make policies, users, roles, providers and pools as a file declares them", Make: p.applyCommand},
			{Name: "export", Short: "Write what there is as a file that apply takes", Make: p.exportCommand},
			{Name: "audit", Short: "Read the audit log", Make: p.auditCommand},
		}},
		{Title: "TOKENS AND THEIR KEYS", Tools: []cli.Tool{
			{Name: "token", Short: "Check tokens, and say why one is refused", Make: p.tokenCommand},
			{Name: "signing-keys", Short: "List and rotate the keys that sign tokens", Make: p.signingKeysCommand},
			{Name: "pool-signing", Short: "Choose how the tokens of a pool are signed", Make: p.poolSigningCommand},
		}},
		{Title: "DATA", Tools: []cli.Tool{
			{Name: "backup", Short: "Write all that the store has at this instant to a file", Make: p.backupCommand},
			{Name: "restore", Short: "Make a store of a backup", Make: p.restoreCommand},
			{Name: "copy", Short: "Copy a store to another database", Make: p.copyCommand},
			{Name: "migrate", Short: "Bring the schema of a PostgreSQL database up to date", Make: p.migrateCommand},
			{Name: "master-key", Short: "Make a master key, and replace the one in use", Make: p.masterKeyCommand},
		}},
		{Title: "THIS PROGRAM", Tools: []cli.Tool{
			{Name: "completion", Short: "Print a script that makes a shell complete commands and options", Make: p.completionCommand},
			{Name: "version", Short: "Print the version", Make: p.versionCommand},
		}},
	}
}
