package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/token"
)

// fetchTime is how long discovery may take.
const fetchTime = 10 * time.Second

func (p *program) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "token"}
	var v verification
	verify := &cobra.Command{
		Use:   "verify [TOKEN]",
		Short: "Check a token by its issuer's keys and say what it means",
		Long: `Check a token as any OpenID Connect library would: fetch the issuer's discovery
document and key set, check signature, issuer and time. Then say what it means.

The token is the argument, or else is read from standard input.`,
		Args: maybeToken,
		RunE: func(c *cobra.Command, args []string) error {
			var err error
			if v.token, err = p.token(args); err != nil {
				return err
			}
			v.now = p.now
			claims, err := v.run(c.Context())
			if err != nil {
				return err
			}
			value, err := claims.value()
			if err != nil {
				return err
			}
			return p.results.Print("VerifyToken", value, func(w io.Writer) { claims.print(w, p.now()) })
		},
	}
	verify.Flags().StringVar(&v.issuer, "issuer", "", "the `URL` of the issuer that you trust (default: the one that the token names)")
	verify.Flags().StringVar(&v.audience, "audience", "", "the identity pool `id` that the token must be for (default: any)")
	cmd.AddCommand(p.configured(verify), p.explainCommand())
	return cmd
}

// maybeToken wants at most one argument.
func maybeToken(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return exactArgs(1)(c, args)
	}
	return nil
}

// token is the argument, or what is on standard input; never empty.
func (p *program) token(args []string) (string, error) {
	text := strings.Join(args, "")
	if len(args) == 0 {
		read, err := io.ReadAll(io.LimitReader(p.stdin, 1<<20))
		if err != nil {
			return "", fmt.Errorf("read token: %w", err)
		}
		text = string(read)
	}
	token := strings.TrimSpace(text)
	if token == "" {
		return "", usageError{errors.New("there is no token: give it as the argument, or on standard input")}
	}
	return token, nil
}

// A verification is what a token is checked against.
type verification struct {
	token, issuer, audience string
	now                     func() time.Time
}

// verified is a token that has been checked.
type verified struct {
	idToken *oidc.IDToken
	header  jose.Header
	claims  struct {
		AMR     []string `json:"amr"`
		PoolARN string   `json:"https://cognito-identity.amazonaws.com/identity-pool-arn"`
		Tags    struct {
			Principal map[string][]string `json:"principal_tags"`
		} `json:"https://aws.amazon.com/tags"`
	}
}

func (v *verification) run(ctx context.Context) (*verified, error) {
	var algorithms []jose.SignatureAlgorithm
	for _, a := range token.Algorithms {
		algorithms = append(algorithms, jose.SignatureAlgorithm(a))
	}
	parsed, err := jwt.ParseSigned(v.token, algorithms)
	if err != nil {
		return nil, fmt.Errorf("this is not a token that can be checked: %w", err)
	}
	issuer := v.issuer
	if issuer == "" {
		var claims jwt.Claims
		if err := parsed.UnsafeClaimsWithoutVerification(&claims); err != nil || claims.Issuer == "" {
			return nil, errors.New("the token names no issuer: name the one that you trust with --issuer")
		}
		issuer = claims.Issuer
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, &http.Client{Timeout: fetchTime}), fetchTime)
	defer cancel()
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, fmt.Errorf("discovery at %s: %w", issuer, err)
	}
	// Without --audience the caller asks what the token is, not whether it is for them.
	idToken, err := provider.VerifierContext(ctx, &oidc.Config{
		ClientID: v.audience, SkipClientIDCheck: v.audience == "", Now: v.now,
	}).Verify(ctx, v.token)
	if err != nil {
		return nil, fmt.Errorf("the token is not valid: %w", err)
	}
	out := &verified{idToken: idToken, header: parsed.Headers[0]}
	if err := idToken.Claims(&out.claims); err != nil {
		return nil, fmt.Errorf("read claims: %w", err)
	}
	return out, nil
}

// value is what the token means, for programs.
func (t *verified) value() (any, error) {
	var claims json.RawMessage
	if err := t.idToken.Claims(&claims); err != nil {
		return nil, fmt.Errorf("read claims: %w", err)
	}
	return struct {
		IdentityId     string
		IdentityPoolId string
		Logins         []string
		Issuer         string
		Algorithm      string
		KeyId          string
		IssuedAt       string
		ExpiresAt      string
		Claims         json.RawMessage
	}{
		t.idToken.Subject, t.pool(), t.logins(), t.idToken.Issuer,
		t.header.Algorithm, t.header.KeyID, stamp(t.idToken.IssuedAt), stamp(t.idToken.Expiry), claims,
	}, nil
}

// print says what the token means, and then shows its claims.
func (t *verified) print(w io.Writer, now time.Time) {
	fmt.Fprintf(w, "The token is valid.\n\n")
	line := func(what, format string, args ...any) {
		fmt.Fprintf(w, "  %-15s %s\n", what, fmt.Sprintf(format, args...))
	}
	line("Identity", "%s", t.idToken.Subject)
	line("Identity pool", "%s", t.pool())
	for _, l := range t.logins() {
		line("Login", "%s", l)
	}
	for _, key := range slices.Sorted(maps.Keys(t.claims.Tags.Principal)) {
		line("Principal tag", "%s = %s", key, strings.Join(t.claims.Tags.Principal[key], ", "))
	}
	if t.claims.PoolARN != "" {
		line("Pool ARN", "%s", t.claims.PoolARN)
	}
	line("Issuer", "%s", t.idToken.Issuer)
	line("Signature", "%s by key %s of the issuer's key set", t.header.Algorithm, t.header.KeyID)
	line("Issued", "%s (%s ago)", stamp(t.idToken.IssuedAt), now.Sub(t.idToken.IssuedAt).Round(time.Second))
	line("Expires", "%s (in %s)", stamp(t.idToken.Expiry), t.idToken.Expiry.Sub(now).Round(time.Second))

	var claims json.RawMessage
	if t.idToken.Claims(&claims) == nil {
		if indented, err := json.MarshalIndent(claims, "  ", "  "); err == nil {
			fmt.Fprintf(w, "\n  %s\n", indented)
		}
	}
}

func (t *verified) pool() string { return strings.Join(t.idToken.Audience, ", ") }

// logins says in words what the amr claim holds: whether the identity is a guest, then
// for each login the provider, and with it the user.
func (t *verified) logins() []string {
	var out []string
	amr := t.claims.AMR
	for i := 0; i < len(amr); i++ {
		switch entry := amr[i]; entry {
		case "unauthenticated":
			out = append(out, "none: a guest")
		case "authenticated":
		default:
			if i+1 < len(amr) {
				if user, ok := t.user(entry, amr[i+1]); ok {
					entry = fmt.Sprintf("%s, user %q", entry, user)
					i++
				}
			}
			out = append(out, entry)
		}
	}
	return out
}

// user is the user whom an entry behind the provider's names: PROVIDER:POOL:USER for developer
// users, and PROVIDER:KIND:USER, where the provider may be its ARN, for others.
func (t *verified) user(provider, entry string) (user string, ok bool) {
	arn, user, ok := strings.Cut(entry, provider+":")
	if !ok || arn != "" && !(strings.HasPrefix(arn, "arn:") && strings.HasSuffix(arn, ":oidc-provider/")) {
		return "", false
	}
	if user, developer := strings.CutPrefix(user, t.pool()+":"); developer {
		return user, true
	}
	_, user, ok = strings.Cut(user, ":")
	return user, ok
}
