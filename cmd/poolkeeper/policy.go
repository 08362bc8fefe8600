package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/iam"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

func (p *program) policyCommand() *cobra.Command {
	policy := &cobra.Command{
		Use:  "policy",
		Long: "Say what a principal may do, and why. Nothing is called and nothing changed.",
	}
	policy.AddCommand(p.testPolicyCommand(), p.checkPolicyCommand())
	return policy
}

// errDenied: something asked about is not allowed. What, was said.
var errDenied = errors.New("not everything asked about is allowed")

func (p *program) testPolicyCommand() *cobra.Command {
	var in api.GetPolicyDecisionsInput
	var denied bool
	test := controlCommand(p, api.Control, "test ACTION…", "GetPolicyDecisions", func(args []string, filled *api.GetPolicyDecisionsInput) {
		*filled = in
		filled.Actions = args
	}, someArgs, func(w io.Writer, out *api.GetPolicyDecisionsOutput) {
		table(w, "ACTION\tRESOURCE\tDECISION\tWHY", func(row func(...any)) {
			for _, d := range out.Decisions {
				denied = denied || d.Decision != "allowed"
				row(d.Action, d.Resource, d.Decision, d.Reason)
			}
		})
	})
	test.Long = `Say what a user or a role may do, and why: which statement of which policy decides. Exits
with 1 when something asked about is not allowed. The server may run or not.`
	test.Example = `  poolkeeper policy test --user backend \
    --resource arn:aws:cognito-identity:us-east-1:000000000000:identitypool/us-east-1:2b0f… \
    cognito-identity:GetOpenIdTokenForDeveloperIdentity cognito-identity:DeleteIdentityPool`
	run := test.RunE
	test.RunE = func(cmd *cobra.Command, args []string) error {
		if err := run(cmd, args); err != nil {
			return err
		}
		if denied {
			return errDenied
		}
		return nil
	}
	f := test.Flags()
	f.StringVar(&in.UserName, "user", "", "the `name` of the user that would call")
	f.StringVar(&in.RoleName, "role", "", "the `name` of the role that would call")
	f.StringSliceVar(&in.Resources, "resource", nil, "the `ARNs` that each action would be on (default *)")
	f.StringToStringVar(&in.Context, "context", nil, "values of condition keys, such as `aws:SourceIp=10.1.2.3`")
	return test
}

func (p *program) checkPolicyCommand() *cobra.Command {
	var trust bool
	var issuer, account string
	check := &cobra.Command{
		Use:   "check FILE…",
		Short: "Check policy documents, and point at mistakes",
		Long: `Check policy documents, and point at mistakes. Exits with 1 when there are any.

Of trust policies, those are warned of that let in identities of any identity pool, as the server warns of them.`,
		Args: someArgs,
		RunE: func(_ *cobra.Command, files []string) error {
			kind := iam.IdentityPolicy
			if trust {
				kind = iam.TrustPolicy
			}
			type checked struct {
				File    string
				Mistake string `json:",omitempty"`
				Warning string `json:",omitempty"`
			}
			var errs []error
			var all []checked
			for _, name := range files {
				var policy *iam.Policy
				text, err := os.ReadFile(name)
				if err == nil {
					policy, err = iam.Parse(text, kind)
				}
				one := checked{File: strings.ToValidUTF8(name, "\uFFFD")}
				switch {
				case err != nil:
					one.Mistake = err.Error()
					errs = append(errs, fmt.Errorf("%s: %w", one.File, err))
				case trust:
					if open := principal.OpenTrust(account, strings.TrimPrefix(issuer, "https://"), policy); open != "" {
						one.Warning = "It " + open
						fmt.Fprintf(p.stderr, "warning: %s %s\n", printable(one.File), open)
					}
				}
				all = append(all, one)
			}
			err := p.results.Print("CheckPolicies", all, func(w io.Writer) {
				for _, one := range all {
					if one.Mistake == "" {
						fmt.Fprintf(w, "%s: no mistakes\n", one.File)
					}
				}
			})
			return errors.Join(append(errs, err)...)
		},
	}
	f := check.Flags()
	f.BoolVar(&trust, "trust", false, "they are trust policies of roles")
	f.StringVar(&issuer, "issuer", "", "the `URL` of the server's issuer, by which a trust policy may name its identity pools too (default: none)")
	f.StringVar(&account, "account", defaultAccount, "the 12 `digits` of the roles' account")
	return p.configured(check)
}
