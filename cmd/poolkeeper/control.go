package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/cli"
	"github.com/poolkeeper/poolkeeper/internal/server"
	"github.com/poolkeeper/poolkeeper/internal/wire"
)

// maxSocketPath is the length of a socket's path that every Unix takes, in bytes.
const maxSocketPath = 103

func (c *config) controlSocket() (string, error) {
	path, err := filepath.Abs(c.path("control.sock"))
	if err == nil && len(path) > maxSocketPath {
		err = fmt.Errorf("the path of the data directory is too long for a socket in it (%d bytes, at most %d): name a shorter one with --data", len(path), maxSocketPath)
	}
	return path, err
}

// An operator makes clients that call as the operator does.
type operator struct {
	transport http.RoundTripper
	now       func() time.Time
	// warnings is where warnings of the server go.
	warnings io.Writer
}

// client returns a client of a service, for an account and a region: empty, they are the
// data directory's.
func (o operator) client(service *api.Service, account, region string) *cli.Client {
	return &cli.Client{
		Service: service, Endpoint: "http://control/", HTTP: &http.Client{Transport: asOperator{o, account, region}}, Now: o.now,
	}
}

// errNoServer: no server runs on the data directory.
var errNoServer = errors.New("no server runs on the data directory")

// running returns the operator of the server that runs on the data directory. Beside errNoServer it returns
// that of whichever will.
func (p *program) running(c *config) (by operator, done func(), err error) {
	path, err := c.controlSocket()
	if err != nil {
		return operator{}, func() {}, err
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	by = operator{transport, p.now, p.stderr}
	conn, err := net.Dial("unix", path)
	if err != nil {
		return by, transport.CloseIdleConnections, errNoServer
	}
	return by, transport.CloseIdleConnections, conn.Close()
}

// control calls f with the operator of the server that runs on the data directory, or else
// of one that this process runs for just that long.
func (p *program) control(ctx context.Context, c *config, f func(operator) error) error {
	client, done, err := p.running(c)
	defer done()
	if !errors.Is(err, errNoServer) {
		if err == nil {
			err = f(client)
		}
		return err
	}
	restrictNewFiles()
	log := slog.New(slog.DiscardHandler)
	h, err := p.open(ctx, c, false, "", log, nil)
	if err != nil {
		return err
	}
	defer h.close()
	l, err := p.listenControl(c)
	if err != nil {
		return err
	}
	s := p.controlServer(h, c, nil, server.Config{Now: p.now, NewRequestID: uuid.NewString, Log: log})
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	err = f(client)
	s.Close()
	if closed := <-served; !errors.Is(closed, http.ErrServerClosed) {
		err = errors.Join(err, closed)
	}
	return err
}

// asOperator says to the control socket what calls are about.
type asOperator struct {
	operator
	account, region string
}

// RoundTrip implements [http.RoundTripper].
func (o asOperator) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", "poolkeeper")
	for name, value := range map[string]string{server.OperatorAccount: o.account, server.OperatorRegion: o.region} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	resp, err := o.transport.RoundTrip(r)
	if err == nil {
		for _, warning := range resp.Header[wire.WarningHeader] {
			fmt.Fprintf(o.warnings, "warning: %s\n", printable(warning))
		}
	}
	return resp, err
}

// controlCommand makes a command that calls one operation as the operator. The command's
// words are in use, its arguments fill in, and show prints out.
func controlCommand[In, Out any](p *program, service *api.Service, use, operation string, fill func(args []string, in *In), args cobra.PositionalArgs, show func(io.Writer, *Out)) *cobra.Command {
	var o call
	cmd := &cobra.Command{
		Use:   use,
		Short: service.Operation(operation).Doc,
		Args:  args,
		RunE: func(cmd *cobra.Command, args []string) error {
			in := new(In)
			if fill != nil {
				fill(args, in)
			}
			_, err := operate(cmd.Context(), p, &o, service, operation, in, show)
			return err
		},
	}
	p.dataFlags(&o.config, cmd.Flags())
	if !strings.Contains(operation, "SigningKey") { // which are of all accounts
		o.accountFlag(cmd.Flags())
	}
	return p.configured(cmd)
}

// A call is how a command calls operations: on which data directory, and for which account.
type call struct {
	config
	account string
}

func (o *call) accountFlag(f *pflag.FlagSet) {
	f.StringVar(&o.account, "account", "", "the account's 12 `digits` (default: that of the data directory)")
}

// operate calls one operation as the operator, and prints what it answers; show is for people.
func operate[In, Out any](ctx context.Context, p *program, o *call, service *api.Service, operation string, in *In, show func(io.Writer, *Out)) (*Out, error) {
	region := ""
	if pool := reflect.ValueOf(in).Elem().FieldByName("IdentityPoolId"); pool.IsValid() {
		region, _, _ = strings.Cut(pool.String(), ":")
	}
	out := new(Out)
	err := p.control(ctx, &o.config, func(by operator) error {
		return by.client(service, o.account, region).Call(ctx, operation, in, out)
	})
	var refused *api.Error
	switch {
	case errors.As(err, &refused):
		return nil, errors.New(refused.Message)
	case err != nil:
		return nil, err
	}
	var value any
	if shape := service.Operation(operation).Output; shape != nil {
		if value, err = cli.Document(shape, out); err != nil {
			return nil, err
		}
	}
	return out, p.results.Print(operation, value, func(w io.Writer) { show(w, out) })
}

func (p *program) signingKeysCommand() *cobra.Command {
	keys := &cobra.Command{Use: "signing-keys", Long: "List and rotate the keys that sign tokens.\nThe server may run or not."}
	var now bool
	var algorithm string
	rotate := controlCommand(p, api.Control, "rotate", "RotateSigningKeys", func(_ []string, in *api.RotateSigningKeysInput) {
		in.ActivateNow, in.PoolAlgorithm = &now, algorithm
	}, noArgs, func(w io.Writer, out *api.RotateSigningKeysOutput) {
		fmt.Fprintf(w, "%s (%s) is published and signs from %s on.\n", out.SigningKey.KeyId, out.SigningKey.Algorithm, stamp(out.SigningKey.ActivationDate))
	})
	rotate.Flags().BoolVar(&now, "now", false, "sign with the new key at once: verifiers that keep an older key set refuse its tokens until they fetch again")
	rotate.Flags().StringVar(&algorithm, "pool-algorithm", "", "replace the key for pools that ask for this `algorithm` (default: the server's own key)")
	keys.AddCommand(
		controlCommand[api.ListSigningKeysInput](p, api.Control, "list", "ListSigningKeys", nil, noArgs, func(w io.Writer, out *api.ListSigningKeysOutput) {
			table(w, "KEY ID\tALGORITHM\tSTATUS\tFOR\tPUBLISHED\tSIGNS FROM\tPUBLISHED UNTIL", func(row func(...any)) {
				for _, k := range out.SigningKeys {
					of := "all"
					if k.ForPools != nil && *k.ForPools {
						of = "pools"
					}
					row(k.KeyId, k.Algorithm, k.Status, of, stamp(k.CreationDate), stamp(k.ActivationDate), stamp(k.ExpirationDate))
				}
			})
		}), rotate)
	return keys
}

// table prints rows in columns.
func table(w io.Writer, head string, rows func(row func(...any))) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, head)
	rows(func(cells ...any) {
		for i, c := range cells {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			fmt.Fprint(t, printable(fmt.Sprint(c)))
		}
		fmt.Fprintln(t)
	})
	t.Flush()
}

// printable keeps what others wrote from doing more to a terminal than show text.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// stamp prints a time for people, to the second; a time that is not set as a hyphen.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
