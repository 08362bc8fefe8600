package audit_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
)

// What is taken for an event can be written, and read again as the same.
func FuzzParse(f *testing.F) {
	f.Add(pending(f, "GetId", backend, &api.GetIdInput{IdentityPoolId: pool}).Line())
	f.Add([]byte(recorded(f, pending(f, "GetUser", api.Caller{Now: start}, nil), nil, api.UserNotFound.With("u"))))
	f.Add([]byte(`{"eventID":"a","eventName":"b","eventTime":"2026-03-01T12:00:00.5+01:00","requestParameters":{"a":[1e400]},"resources":[{}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := audit.Parse(line)
		if err != nil {
			return
		}
		written := e.AppendLine(nil)
		again, err := audit.Parse(written)
		if err != nil {
			t.Fatalf("%v\nof %q\nwritten for %q", err, written, line)
		}
		if diff := cmp.Diff(written, again.AppendLine(nil)); diff != "" {
			t.Errorf("%q\n(-written +again)\n%s", line, diff)
		}
		filter := audit.Filter{Mentions: e.EventID, Principal: "a"}
		filter.Match(e)
	})
}
