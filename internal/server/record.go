package server

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/wire"
)

// A record is what becomes known of a request on its way; it is logged once, at the
// end. It never holds a secret, a token or a developer user identifier.
type record struct {
	id    string
	start time.Time
	// remote is the address of who asks, without a port; empty for one on this machine that
	// has none. secure: the connection is encrypted. Of both, a proxy may have told.
	remote string
	secure bool
	trace  traceParent
	// service and operation are of the description, or empty.
	service, operation string
	caller             api.Caller
	// protocol is that of the answer: JSON until the request says otherwise.
	protocol protocol
	status   int
	code     string
	// err is an internal error, or the cause of a refusal, for the log alone.
	err      error
	panicked bool
	// warnings go to the client beside what is answered.
	warnings []string
}

type recordKey struct{}

// Warn tells the client of the call that is under way in a context what is unsafe about what
// it does, beside the answer. Elsewhere it does nothing.
func Warn(ctx context.Context, warning string) {
	if rec, ok := ctx.Value(recordKey{}).(*record); ok && headerSafe(warning) {
		rec.warnings = append(rec.warnings, warning)
	}
}

func newRecord(id string, now time.Time, r *http.Request, proxies []netip.Prefix) *record {
	rec := &record{id: id, start: now, trace: readTraceParent(r.Header), protocol: jsonProtocol{}}
	rec.remote, rec.secure = peer(r, proxies)
	return rec
}

// begin sets the headers that every answer has. They are spelled as AWS spells them.
func (rec *record) begin(h http.Header) {
	h["x-amzn-RequestId"] = []string{rec.id}
}

// answer writes an answer.
func (rec *record) answer(w http.ResponseWriter, status int, contentType string, body []byte) {
	rec.status = status
	h := w.Header()
	h["Content-Type"] = []string{contentType}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	if rec.warnings != nil {
		h[wire.WarningHeader] = rec.warnings
	}
	if status == http.StatusRequestEntityTooLarge {
		// The rest of the body is not worth reading.
		h["Connection"] = []string{"close"}
	}
	w.WriteHeader(status)
	w.Write(body)
}

// fail writes an error answer.
func (rec *record) fail(w http.ResponseWriter, e *api.Error) {
	e = rec.protocol.translate(e)
	rec.code = string(e.Code)
	h := w.Header()
	rec.protocol.errorHeader(h, e)
	rec.answer(w, e.Code.Status(), rec.protocol.contentType(), rec.protocol.failure(rec.id, e))
}

// gone notes that nobody waits for an answer. The status is that which others log for
// it; none is sent.
func (rec *record) gone() {
	rec.status, rec.code = 499, "ClientGone"
}

// observation is what counts of the request.
func (rec *record) observation(end time.Time) Observation {
	return Observation{
		Service: rec.service, Operation: rec.operation, Outcome: cmp.Or(rec.code, "ok"),
		Took: end.Sub(rec.start), Panicked: rec.panicked,
	}
}

// headerSafe reports whether a text may stand in a header as it is: printable ASCII,
// not empty, not so long that a client would refuse the answer.
func headerSafe(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return text != "" && len(text) <= 1024
}

// log writes the line of the request. An internal error is the operator's business
// and logged as such; a refusal is the client's.
func (rec *record) log(ctx context.Context, l *slog.Logger, now time.Time) {
	level := slog.LevelInfo
	if rec.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if !l.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs, slog.String("id", rec.id), slog.String("op", rec.operation), slog.Int("status", rec.status))
	if rec.code != "" {
		attrs = append(attrs, slog.String("error", rec.code))
	}
	if rec.err != nil {
		attrs = append(attrs, slog.String("cause", rec.err.Error()))
	}
	if rec.caller.Account != "" {
		attrs = append(attrs, slog.String("account", rec.caller.Account))
	}
	if rec.caller.Principal != "" {
		attrs = append(attrs, slog.String("principal", rec.caller.Principal))
	}
	if rec.caller.AccessKeyID != "" {
		attrs = append(attrs, slog.String("key", rec.caller.AccessKeyID))
	}
	if rec.caller.Region != "" {
		attrs = append(attrs, slog.String("region", rec.caller.Region))
	}
	attrs = append(attrs, slog.String("from", cmp.Or(rec.remote, "operator")), slog.Duration("took", now.Sub(rec.start)))
	if rec.trace.trace != "" {
		attrs = append(attrs, slog.String("trace", rec.trace.trace), slog.String("span", rec.trace.parent))
	}
	// By way of the handler, the line has our clock's time, and nobody looks for the
	// place in the source, which is always this one.
	line := slog.NewRecord(now, level, "request", 0)
	line.AddAttrs(attrs...)
	_ = l.Handler().Handle(ctx, line) // as slog does: there is nowhere to tell
}
