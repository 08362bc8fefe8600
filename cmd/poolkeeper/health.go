package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// healthTime is how long a server may take to say how it is.
const healthTime = 6 * time.Second

func (p *program) healthCommand() *cobra.Command {
	var c config
	var at string
	var live bool
	cmd := &cobra.Command{
		Use: "health",
		Long: `Ask a running server whether it is well. Exits with 0 when it is, and with 1 when it is
not, or does not answer. It asks by the control socket in the data directory, unless told a URL.`,
		Example: `  poolkeeper health
  poolkeeper health --url http://127.0.0.1:7666`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := "/healthz/ready"
			if live {
				path = "/healthz/live"
			}
			return p.health(cmd.Context(), &c, at, path)
		},
	}
	p.dataFlags(&c, cmd.Flags())
	cmd.Flags().StringVar(&at, "url", "", "the `URL` of the server's --admin-listen")
	cmd.Flags().BoolVar(&live, "live", false, "ask only whether the process answers, not whether it can do its work")
	return p.configured(cmd)
}

func (p *program) health(ctx context.Context, c *config, at, path string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	if at == "" {
		socket, err := c.controlSocket()
		if err != nil {
			return err
		}
		at = "http://control"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(at, "/")+path, nil)
	if err != nil {
		return usageError{fmt.Errorf("--url: %w", err)}
	}
	a, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return fmt.Errorf("no server answers: %w", errors.Unwrap(err))
	}
	defer a.Body.Close()
	var told map[string]string
	if a.StatusCode != http.StatusOK && a.StatusCode != http.StatusServiceUnavailable {
		return fmt.Errorf("what answers is not the admin listener of a server of ours: %s", a.Status)
	}
	if err := json.NewDecoder(io.LimitReader(a.Body, 1<<20)).Decode(&told); err != nil {
		return fmt.Errorf("what answers is not the admin listener of a server of ours: %s", a.Status)
	}
	var lines []string
	for name, what := range told {
		lines = append(lines, name+": "+printable(what))
	}
	slices.Sort(lines)
	if a.StatusCode != http.StatusOK {
		return fmt.Errorf("the server is not well: %s", strings.Join(lines, ", "))
	}
	return p.results.Print("Health", told, func(w io.Writer) {
		for _, line := range lines {
			fmt.Fprintln(w, line)
		}
	})
}
