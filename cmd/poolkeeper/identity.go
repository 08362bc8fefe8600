package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func (p *program) identityCommand() *cobra.Command {
	identities := &cobra.Command{
		Use: "identity",
		Long: `Make, find, show, link, disable and revoke the identities of developer users. The server may run or
not. They are operations of the API too, under the target prefix PoolkeeperIdentity; see
docs/REFERENCE.md.`,
	}
	var prefix, next string
	var limit int64
	search := controlCommand(p, api.Identities, "search POOL", "SearchDeveloperIdentities", func(args []string, in *api.SearchDeveloperIdentitiesInput) {
		in.IdentityPoolId, in.Prefix, in.MaxResults, in.NextToken = args[0], prefix, limit, next
	}, exactArgs(1), func(w io.Writer, out *api.SearchDeveloperIdentitiesOutput) {
		table(w, "DEVELOPER USER\tIDENTITY\tSTATUS", func(row func(...any)) {
			for _, d := range out.DeveloperIdentities {
				row(d.DeveloperUserIdentifier, d.IdentityId, d.Status)
			}
		})
		if out.NextToken != "" {
			fmt.Fprintf(w, "There are more: --next %s\n", out.NextToken)
		}
	})
	search.Flags().StringVar(&prefix, "prefix", "", "what the developer users begin with (default: all)")
	search.Flags().Int64Var(&limit, "limit", 60, "list at most this `many`")
	search.Flags().StringVar(&next, "next", "", "go on where a list has ended")
	identities.AddCommand(
		controlCommand(p, api.Identities, "ensure POOL USER", "EnsureDeveloperIdentity", func(args []string, in *api.EnsureDeveloperIdentityInput) {
			in.IdentityPoolId, in.DeveloperUserIdentifier = args[0], args[1]
		}, exactArgs(2), func(w io.Writer, out *api.EnsureDeveloperIdentityOutput) { fmt.Fprintln(w, out.IdentityId) }),
		search,
		controlCommand(p, api.Identities, "show POOL IDENTITY", "GetIdentityStatus", func(args []string, in *api.GetIdentityStatusInput) {
			in.IdentityPoolId, in.IdentityId = args[0], args[1]
		}, exactArgs(2), showIdentity),
		controlCommand(p, api.Identities, "link POOL IDENTITY USER", "LinkDeveloperIdentity", func(args []string, in *api.LinkDeveloperIdentityInput) {
			in.IdentityPoolId, in.IdentityId, in.DeveloperUserIdentifier = args[0], args[1], args[2]
		}, exactArgs(3), said("The developer user is linked.")),
		controlCommand(p, api.Identities, "disable POOL IDENTITY", "DisableIdentity", func(args []string, in *api.DisableIdentityInput) {
			in.IdentityPoolId, in.IdentityId = args[0], args[1]
		}, exactArgs(2), said("The identity is disabled: it gets nothing, and what it has is refused here.")),
		controlCommand(p, api.Identities, "enable POOL IDENTITY", "EnableIdentity", func(args []string, in *api.EnableIdentityInput) {
			in.IdentityPoolId, in.IdentityId = args[0], args[1]
		}, exactArgs(2), said("The identity is enabled.")),
		controlCommand(p, api.Identities, "revoke POOL IDENTITY", "RevokeIdentity", func(args []string, in *api.RevokeIdentityInput) {
			in.IdentityPoolId, in.IdentityId = args[0], args[1]
		}, exactArgs(2), func(w io.Writer, out *api.RevokeIdentityOutput) {
			fmt.Fprintf(w, "Tokens and credentials issued before %s are refused here from now on. It can get new ones.\n", stamp(out.IssuedBefore))
		}),
	)
	return identities
}

func showIdentity(w io.Writer, out *api.GetIdentityStatusOutput) {
	table(w, "IDENTITY\tSTATUS\tCREATED\tCHANGED\tREVOKED BEFORE", func(row func(...any)) {
		row(out.IdentityId, out.Status, stamp(out.CreationDate), stamp(out.LastModifiedDate), stamp(out.IssuedBefore))
	})
	for _, user := range out.DeveloperUserIdentifiers {
		fmt.Fprintf(w, "developer user %s\n", printable(user))
	}
	for _, provider := range out.Logins {
		fmt.Fprintf(w, "login of %s\n", printable(provider))
	}
}

// said shows that an operation without an output is done.
func said(done string) func(io.Writer, *struct{}) {
	return func(w io.Writer, _ *struct{}) { fmt.Fprintln(w, done) }
}

func (p *program) upstreamCommand() *cobra.Command {
	upstream := &cobra.Command{
		Use: "upstream",
		Long: `Have another STS, such as that of a MinIO or Ceph store, give the credentials of a role: then
GetCredentialsForIdentity shows it the identity's token and hands on what it answers. The
server may run or not.`,
	}
	var to api.RoleUpstream
	show := func(w io.Writer, arn string, u *api.RoleUpstream) {
		table(w, "ROLE\tURL\tROLE THERE", func(row func(...any)) { row(arn, u.Url, u.RoleArn) })
	}
	var role string
	set := controlCommand(p, api.Control, "set ROLE_ARN", "SetRoleUpstream", func(args []string, in *api.SetRoleUpstreamInput) {
		role = args[0]
		in.RoleArn, in.Upstream = role, &to
	}, exactArgs(1), func(w io.Writer, _ *api.SetRoleUpstreamOutput) { show(w, role, &to) })
	set.Flags().StringVar(&to.Url, "url", "", "the `URL` of the other STS")
	set.Flags().StringVar(&to.RoleArn, "role", "", "the `ARN` of the role there")
	set.Flags().Int64Var(&to.DurationSeconds, "duration", 0, "how many `seconds` credentials are asked for (default 3600)")
	set.Flags().StringVar(&to.Policy, "policy", "", "a session policy, as `JSON`, that goes along")
	upstream.AddCommand(set,
		controlCommand(p, api.Control, "get ROLE_ARN", "GetRoleUpstream", func(args []string, in *api.GetRoleUpstreamInput) {
			role = args[0]
			in.RoleArn = role
		}, exactArgs(1), func(w io.Writer, out *api.GetRoleUpstreamOutput) { show(w, role, out.Upstream) }),
		controlCommand(p, api.Control, "delete ROLE_ARN", "DeleteRoleUpstream", func(args []string, in *api.DeleteRoleUpstreamInput) {
			in.RoleArn = args[0]
		}, exactArgs(1), func(w io.Writer, _ *api.DeleteRoleUpstreamOutput) {
			fmt.Fprintln(w, "The role has credentials of this server again.")
		}),
	)
	return upstream
}
