package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// errRefused: what was explained would be refused. Why, was said.
var errRefused = errors.New("it would be refused")

func (p *program) explainCommand() *cobra.Command {
	var o call
	var provider string
	var login api.ExplainLoginInput
	var web api.ExplainWebIdentityInput
	var managed []string
	cmd := &cobra.Command{
		Use:   "explain {--pool POOL | --role ROLE_ARN} [TOKEN]",
		Short: "Say step by step why the server takes or refuses a token",
		Long: `Say step by step why the server takes or refuses a login token of a pool's provider, or a web
identity token for a role. The call is decided as the real one would be, and not made: nothing
is stored or issued. Exits with 1 when it would be refused.

The token is the argument, or else is read from standard input. Without --provider, the
provider is the one that the token names as its issuer. With --guest there is no token.

The server may run or not; where none does, providers are asked with the settings given here.`,
		Example: `  poolkeeper token explain --pool us-east-1:2b0f… --provider accounts.google.com <token.txt
  poolkeeper token explain --pool us-east-1:2b0f… --identity us-east-1:77a1… <token.txt
  poolkeeper token explain --role arn:aws:iam::000000000000:role/app <token.txt`,
		Args: maybeToken,
		RunE: func(cmd *cobra.Command, args []string) error {
			guest, err := cmd.Flags().GetBool("guest")
			if err != nil {
				return err
			}
			if (login.IdentityPoolId == "") == (web.RoleArn == "") || guest && (web.RoleArn != "" || len(args) > 0) {
				return usageError{errors.New("name a pool with --pool or a role with --role; with --guest, a pool and no token")}
			}
			var token string
			if !guest {
				if token, err = p.token(args); err != nil {
					return err
				}
			}
			if web.RoleArn != "" {
				web.WebIdentityToken = api.Secret(token)
				for _, arn := range managed {
					web.PolicyArns = append(web.PolicyArns, api.PolicyDescriptorType{Arn: arn})
				}
				return explained(cmd.Context(), p, &o, "ExplainWebIdentity", &web, func(out *api.ExplainWebIdentityOutput) *api.Explanation { return out.Explanation })
			}
			if provider == "" && !guest {
				if provider = providerOf(token, login.IdentityPoolId); provider == "" {
					return usageError{errors.New("the token names no issuer: name its provider with --provider")}
				}
			}
			if !guest {
				login.Logins = map[string]api.Secret{provider: api.Secret(token)}
			}
			return explained(cmd.Context(), p, &o, "ExplainLogin", &login, func(out *api.ExplainLoginOutput) *api.Explanation { return out.Explanation })
		},
	}
	f := cmd.Flags()
	f.StringVar(&login.IdentityPoolId, "pool", "", "the `id` of the identity pool to which the token is shown as a login")
	f.StringVar(&provider, "provider", "", "the `name` of the login's provider, as Logins has it; cognito-identity.amazonaws.com for a token of this server")
	f.StringVar(&login.IdentityId, "identity", "", "the `id` of the identity that the call names (default: none, as in GetId)")
	f.StringVar(&login.Operation, "operation", "", "the `call`: GetId, GetOpenIdToken or GetCredentialsForIdentity (default: GetId without an identity, GetCredentialsForIdentity with one)")
	f.StringVar(&login.CustomRoleArn, "custom-role", "", "the `ARN` of the role that GetCredentialsForIdentity asks for")
	f.Bool("guest", false, "a call without logins")
	f.StringVar(&web.RoleArn, "role", "", "the `ARN` of the role that is to be taken by AssumeRoleWithWebIdentity")
	f.StringVar(&web.RoleSessionName, "session-name", "", "the `name` of the session (default explain)")
	f.Int64Var(&web.DurationSeconds, "duration", 0, "how many `seconds` the credentials are to be valid (default 3600)")
	f.StringVar(&web.Policy, "policy", "", "a session policy, as `JSON`")
	f.StringSliceVar(&managed, "policy-arn", nil, "the `ARNs` of managed policies that limit the session")
	p.flags(&o.config, f, func(s *option) bool { return s.data || s.outbound })
	o.accountFlag(f)
	return p.configured(cmd)
}

// explained has one call explained, shows it, and fails when it would be refused.
func explained[In, Out any](ctx context.Context, p *program, o *call, operation string, in *In, of func(*Out) *api.Explanation) error {
	out, err := operate[In, Out](ctx, p, o, api.Identities, operation, in, func(w io.Writer, out *Out) { printExplanation(w, of(out)) })
	if err == nil && !of(out).Accepted {
		err = errRefused
	}
	return err
}

func printExplanation(w io.Writer, e *api.Explanation) {
	if e.Accepted {
		fmt.Fprintln(w, "It would be taken.")
	} else {
		fmt.Fprintf(w, "It would be refused: %s\nThe client would be told: %s: %s\n", printable(e.Reason), e.Code, printable(e.Message))
	}
	marks := map[string]string{"passed": "ok", "failed": "FAILED", "notReached": "not reached"}
	about := ""
	for i, s := range e.Steps {
		switch {
		case s.About != about && s.About != "":
			fmt.Fprintf(w, "\nLogin of %s\n", printable(s.About))
		case s.About != about || i == 0:
			fmt.Fprintln(w)
		}
		about = s.About
		line := fmt.Sprintf("  %-11s  %s", marks[s.Outcome], printable(s.Step))
		switch {
		case s.Outcome == "failed":
			fmt.Fprintf(w, "%s\n%15sexpected: %s\n%15sfound:    %s\n", line, "", printable(s.Expected), "", printable(s.Found))
		case s.Found != "":
			fmt.Fprintf(w, "%s: %s\n", line, printable(s.Found))
		default:
			fmt.Fprintln(w, line)
		}
	}
}

// providerOf is the provider that a token says it is of, as Logins names it; empty: it says
// nothing. A token for the pool itself is one of this server. Nothing is verified.
func providerOf(token, pool string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Issuer   string          `json:"iss"`
		Audience json.RawMessage `json:"aud"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	if string(claims.Audience) == strconv.Quote(pool) {
		return api.IdentityPools
	}
	return strings.TrimPrefix(claims.Issuer, "https://")
}
