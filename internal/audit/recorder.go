package audit

import (
	"context"
	"errors"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A Recorder decides which calls are recorded that have changed nothing. Changes are, always,
// by the store.
type Recorder struct {
	// Log is where events go.
	Log *Log
	// Issued: operations that hand out an identity, a token or credentials are recorded
	// each time that they do. Refused: so are calls of any operation that are refused.
	Issued, Refused bool
}

// Finish is called once for each call, before its answer leaves: it has succeeded with out,
// the operation's output or nil, or failed with err. When Finish fails, the call must not be
// answered with out: what it would hand out is not recorded.
func (r *Recorder) Finish(ctx context.Context, p *Pending, out any, err error) error {
	if err != nil {
		// Anything else than a refusal is the operator's business, and in the server's log.
		if _, refused := errors.AsType[*api.Error](err); !refused || !r.Refused {
			return nil
		}
	} else if p.recorded || !r.Issued || p.Operation.Audit != api.AuditIssue {
		return nil
	}
	return r.Log.Append(ctx, p.event(out, err))
}
