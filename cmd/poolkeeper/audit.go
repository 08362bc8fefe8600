package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/poolkeeper/poolkeeper/internal/audit"
)

// openAudit opens the audit log of a server.
func (p *program) openAudit(c *config, log *slog.Logger) (*audit.Log, error) {
	settings := audit.LogConfig{
		Path: c.auditPath(), MaxBytes: c.auditSize << 20, Keep: c.auditKeep, Sync: c.auditSync, Now: p.now, Report: log,
	}
	if settings.Path == "" {
		settings.Writer = p.stdout
	}
	l, err := audit.OpenLog(settings)
	if err != nil {
		return nil, fmt.Errorf("--audit-log: %w", err)
	}
	return l, nil
}

// An auditQuery is what the audit command looks for.
type auditQuery struct {
	audit.Filter
	since, until string
	follow       bool
}

func (p *program) auditCommand() *cobra.Command {
	var c config
	var q auditQuery
	cmd := &cobra.Command{
		Use: "audit",
		Long: `Read the audit log: who changed what, and what was refused. It is a file, so the server
may run or not. Changes made while no server runs come into the log when one does.

Times are like 2026-03-01T12:00:00Z or 2026-03-01, or tell how long ago: 90m, 12h.

--output json prints an event a line, and --query sees one event at a time.`,
		Example: `  poolkeeper audit --since 1h
  poolkeeper audit --principal backend --error '*'
  poolkeeper audit --about us-east-1:2b0f4dd1-… --output json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.readAudit(cmd.Context(), &c, &q) },
	}
	f := cmd.Flags()
	p.flags(&c, f, func(s *option) bool { return s.name == "data" || s.name == "audit-log" })
	f.StringVar(&q.since, "since", "", "events at or after this `time`")
	f.StringVar(&q.until, "until", "", "events before this `time`")
	f.StringSliceVar(&q.Names, "event", nil, "events with one of these `names`, such as CreateIdentityPool")
	f.StringVar(&q.Principal, "principal", "", "calls by this `ARN`, id, or name of a user, role or session")
	f.StringVar(&q.AccessKey, "access-key", "", "calls signed with the access key of this `id`")
	f.StringVar(&q.Source, "service", "", "calls of this `service`: cognito-identity, iam, sts")
	f.StringVar(&q.Account, "account", "", "calls by or on this `account`")
	f.StringVar(&q.Error, "error", "", "calls refused with this `code`; * is any")
	f.StringVar(&q.Mentions, "about", "", "calls about this `ARN`, or the id of an identity pool or an identity")
	f.BoolVar(&q.follow, "follow", false, "go on with events as they come, until interrupted")
	return p.configured(cmd)
}

func (p *program) readAudit(ctx context.Context, c *config, q *auditQuery) error {
	var errs []error
	bad := func(err error) {
		if err != nil {
			errs = append(errs, usageError{err})
		}
	}
	var err error
	q.From, err = p.moment("--since", q.since)
	bad(err)
	q.To, err = p.moment("--until", q.until)
	bad(err)
	if q.follow && !p.results.Streams() {
		bad(errors.New("--follow prints events as they come: with --output json, text or yaml-stream"))
	}
	if c.auditLog == "-" {
		bad(errors.New("--audit-log: standard output can not be read again"))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	files, err := audit.Files(c.auditPath())
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(files) == 0 && !q.follow {
		err = fmt.Errorf("no audit log at %s", c.auditPath())
	}
	if err != nil {
		return err
	}
	found := events(ctx, c.auditPath(), files, q)
	if !p.results.ForPeople() {
		return errors.Join(p.results.Each("AuditEvents", func(yield func(any, error) bool) {
			for e, err := range found {
				var line json.RawMessage
				if err == nil {
					line = e.AppendLine(nil)
				}
				if !yield(line, err) {
					return
				}
			}
		})...)
	}
	fmt.Fprintf(p.stdout, eventColumns, "TIME", "EVENT", "PRINCIPAL", "FROM", "RESULT", "ABOUT")
	for e, err := range found {
		if err == nil {
			err = printEvent(p.stdout, e)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// events yields what is in the log's files, oldest first, and then what comes.
func events(ctx context.Context, log string, files []string, q *auditQuery) iter.Seq2[*audit.Event, error] {
	return func(yield func(*audit.Event, error) bool) {
		if q.follow && len(files) > 0 {
			files = files[:len(files)-1] // the last one is followed
		}
		for e, err := range audit.Read(files, q.Filter) {
			if !yield(e, err) {
				return
			}
		}
		if !q.follow {
			return
		}
		for e, err := range audit.Follow(ctx, log, q.Filter) {
			if !yield(e, err) {
				return
			}
		}
	}
}

// moment reads a time, or how long ago it was. Empty: no time.
func (p *program) moment(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return p.now().Add(-ago), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s: %q is neither a time like 2026-03-01T12:00:00Z nor how long ago, like 90m", flag, text)
}

const eventColumns = "%-20s  %-34s  %-28s  %-15s  %-26s  %s\n"

// printEvent prints an event as one line for people.
func printEvent(w io.Writer, e *audit.Event) error {
	who := e.UserIdentity.Type
	if arn := e.UserIdentity.ARN; arn != "" {
		_, who, _ = strings.Cut(strings.TrimPrefix(arn, "arn:aws:"), "::")
		_, who, _ = strings.Cut(who, ":")
	}
	result := "done"
	if e.ErrorCode != "" {
		result = e.ErrorCode
	}
	_, err := fmt.Fprintf(w, eventColumns, stamp(e.EventTime), printable(e.EventName), printable(who), printable(e.SourceIPAddress), printable(result), printable(e.About()))
	return err
}
