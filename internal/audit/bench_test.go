package audit_test

import (
	"path/filepath"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
)

// What a change costs beside its SQL: its event.
func BenchmarkPending_Line(b *testing.B) {
	for _, c := range []struct {
		name    string
		in, out any
	}{
		{"GetOpenIdTokenForDeveloperIdentity",
			&api.GetOpenIdTokenForDeveloperIdentityInput{IdentityPoolId: pool, Logins: map[string]api.Secret{"login.example": "ann"}},
			&api.GetOpenIdTokenForDeveloperIdentityOutput{IdentityId: person}},
		{"CreateRole",
			&api.CreateRoleInput{RoleName: "r", AssumeRolePolicyDocument: `{"Version": "2012-10-17", "Statement": []}`},
			&api.CreateRoleOutput{Role: &api.Role{Path: "/", RoleName: "r", RoleId: "AROAIOSFODNN7EXAMPLE", Arn: "arn:aws:iam::111122223333:role/r", CreateDate: start}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := pending(b, c.name, backend, c.in)
			audit.Answer(audit.With(b.Context(), p), c.out)
			b.ReportAllocs()
			for b.Loop() {
				p.Line()
			}
		})
	}
}

// What an event costs that goes to the log, by callers that do or do not wait for the disk.
func BenchmarkLog_Append(b *testing.B) {
	for _, sync := range []bool{false, true} {
		b.Run(map[bool]string{false: "buffered", true: "synced"}[sync], func(b *testing.B) {
			l := openLog(b, audit.LogConfig{Path: filepath.Join(b.TempDir(), "audit.jsonl"), Sync: sync})
			e := event("a")
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := l.Append(b.Context(), e); err != nil {
						b.Error(err)
					}
				}
			})
			if !sync && l.Dropped() > 0 {
				b.ReportMetric(float64(l.Dropped())/float64(b.N), "dropped/op")
			}
		})
	}
}

// What a read-only call pays for being a Pending.
func BenchmarkWith(b *testing.B) {
	op := api.CognitoIdentity.Operation("GetOpenIdTokenForDeveloperIdentity")
	b.ReportAllocs()
	for b.Loop() {
		audit.With(b.Context(), &audit.Pending{Service: api.CognitoIdentity, Operation: op, Caller: backend})
	}
}
