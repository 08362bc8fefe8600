package audit_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// lines returns the lines of events with the ids.
func lines(ids ...string) (text string) {
	for _, id := range ids {
		text += string(event(id).AppendLine(nil))
	}
	return text
}

// files makes files with the texts and returns their names.
func files(t testing.TB, texts ...string) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for n, text := range texts {
		paths = append(paths, filepath.Join(dir, fmt.Sprint(n)))
		if err := os.WriteFile(paths[n], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

// read returns the ids of the events, and the errors.
func read(paths []string, f audit.Filter) (ids []string, errs []error) {
	for e, err := range audit.Read(paths, f) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		ids = append(ids, e.EventID)
	}
	return ids, errs
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		texts  []string
		want   []string
		errors []string
	}{
		{"nothing", []string{"", ""}, nil, nil},
		{"in order", []string{lines("a", "b"), lines("c")}, []string{"a", "b", "c"}, nil},
		{"once", []string{lines("a", "b", "a"), lines("b", "c", "c")}, []string{"a", "b", "c"}, nil},
		{"being written", []string{lines("a"), lines("b") + lines("c")[:30]}, []string{"a", "b"}, nil},
		{"torn", []string{lines("a") + lines("c")[:30], lines("b")}, []string{"a", "b"}, []string{"/0:2: unexpected EOF"}},
		{"malformed", []string{lines("a") + "{}\n\n" + strings.Repeat("x", 3<<20) + "\n" + lines("b"), "hello\n" + lines("c")},
			[]string{"a", "b", "c"}, []string{"/0:2: ", "/0:4: longer than", "/1:1: "}},
	} {
		got, errs := read(files(t, tt.texts...), audit.Filter{})
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
		if len(errs) != len(tt.errors) {
			t.Errorf("%s: got errors %v, want %q", tt.name, errs, tt.errors)
			continue
		}
		for n, err := range errs {
			if !strings.Contains(filepath.ToSlash(err.Error()), tt.errors[n]) {
				t.Errorf("%s: got error %v, want %q in it", tt.name, err, tt.errors[n])
			}
		}
	}
	paths := files(t, lines("a"), lines("b"))
	if err := os.Remove(paths[0]); err != nil {
		t.Fatal(err)
	}
	if got, errs := read(paths, audit.Filter{}); len(errs) != 1 || len(got) > 0 {
		t.Errorf("without the first file: got %q, %v", got, errs)
	}
	for range audit.Read(paths[1:], audit.Filter{}) {
		break // must end it
	}
}

// Events that came a little late stand where their time is, those of one second as they
// came, and a repeated one is known after many others.
func TestRead_Order(t *testing.T) {
	t.Parallel()
	const events = 8000
	var text strings.Builder
	for n := range events {
		e := event(fmt.Sprintf("%05d", n))
		e.EventTime = start.Truncate(time.Second).Add(time.Duration(n/3-rand.IntN(900)) * time.Second)
		text.Write(e.AppendLine(nil))
	}
	half := text.String()
	number := 0
	var last *audit.Event
	for e, err := range audit.Read(files(t, half, half), audit.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if last != nil && (e.EventTime.Before(last.EventTime) || e.EventTime.Equal(last.EventTime) && e.EventID < last.EventID) {
			t.Fatalf("event %s of %v came after %s of %v", e.EventID, e.EventTime, last.EventID, last.EventTime)
		}
		number, last = number+1, e
	}
	if number != events {
		t.Errorf("got %d events, want %d", number, events)
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	user := pending(t, "DeleteUser", backend, &api.DeleteUserInput{UserName: "bob"})
	session := pending(t, "PutRolePolicy", api.Caller{
		Account: account, Principal: "arn:aws:sts::111122223333:assumed-role/deploy/run-7", ID: "AROA1:run-7", AccessKeyID: "ASIA1", Now: start.Add(time.Hour),
		Session: &api.Session{Role: "deploy", Name: "run-7", Issued: start},
	}, &api.PutRolePolicyInput{RoleName: "r", PolicyDocument: `"arn:aws:iam::111122223333:role/x"`})
	guest := pending(t, "GetId", api.Caller{Now: start.Add(2 * time.Hour)}, &api.GetIdInput{IdentityPoolId: pool})
	ctx := audit.With(t.Context(), guest)
	audit.On(ctx, identity.PoolARN("444455556666", pool))
	audit.Answer(ctx, &api.GetIdOutput{IdentityId: person})
	detach := pending(t, "DetachUserPolicy", backend, &api.DetachUserPolicyInput{UserName: "bob", PolicyArn: "arn:aws:iam::111122223333:policy/a/p"})
	detach.Caller.Now = start.Add(3 * time.Hour)
	refused := recorded(t, detach, nil, api.UserNotFound.With("bob"))

	events := map[string]*audit.Event{}
	for name, line := range map[string]string{"user": string(user.Line()), "session": string(session.Line()), "guest": string(guest.Line()), "refused": refused} {
		e, err := audit.Parse([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		events[name] = e
	}
	for _, tt := range []struct {
		filter audit.Filter
		want   string
	}{
		{audit.Filter{}, "guest refused session user"},
		{audit.Filter{From: start.Add(time.Hour).Truncate(time.Second)}, "guest refused session"},
		{audit.Filter{To: start.Add(time.Hour).Truncate(time.Second)}, "user"},
		{audit.Filter{From: start.Add(time.Minute), To: start.Add(150 * time.Minute)}, "guest session"},
		{audit.Filter{Account: "444455556666"}, "guest"},
		{audit.Filter{Account: account}, "refused session user"},
		{audit.Filter{Names: []string{"DeleteUser", "GetId"}}, "guest user"},
		{audit.Filter{Names: []string{"deleteuser"}}, ""},
		{audit.Filter{Principal: "backend"}, "refused user"},
		{audit.Filter{Principal: "arn:aws:iam::111122223333:user/shop/backend"}, "refused user"},
		{audit.Filter{Principal: "AIDAIOSFODNN7EXAMPLE"}, "refused user"},
		{audit.Filter{Principal: "deploy"}, "session"},
		{audit.Filter{Principal: "run-7"}, "session"},
		{audit.Filter{Principal: "arn:aws:iam::111122223333:role/deploy"}, "session"},
		{audit.Filter{Principal: "bob"}, ""},
		{audit.Filter{AccessKey: "ASIA1"}, "session"},
		{audit.Filter{Source: "iam"}, "refused session user"},
		{audit.Filter{Source: "cognito-identity.amazonaws.com"}, "guest"},
		{audit.Filter{Source: "cognito"}, ""},
		{audit.Filter{Error: "NoSuchEntityException"}, "refused"},
		{audit.Filter{Error: "*"}, "refused"},
		{audit.Filter{Error: "AccessDenied"}, ""},
		{audit.Filter{Mentions: pool}, "guest"},
		{audit.Filter{Mentions: identity.PoolARN("444455556666", pool)}, "guest"},
		{audit.Filter{Mentions: person}, "guest"},
		{audit.Filter{Mentions: person[:30]}, ""},
		{audit.Filter{Mentions: "bob"}, "refused user"},
		{audit.Filter{Mentions: "arn:aws:iam::111122223333:policy/a/p"}, "refused"},
		{audit.Filter{Mentions: "p"}, "refused"},
		{audit.Filter{Mentions: "ob"}, ""},
		{audit.Filter{Mentions: `"arn:aws:iam::111122223333:role/x"`}, "session"},
		{audit.Filter{Mentions: "bob", Error: "*", Source: "iam", Principal: "backend", Account: account}, "refused"},
		{audit.Filter{Mentions: "bob", Error: "*", Source: "iam", Principal: "backend", AccessKey: "ASIA1"}, ""},
	} {
		var got []string
		for name, e := range events {
			if tt.filter.Match(e) {
				got = append(got, name)
			}
		}
		slices.Sort(got)
		if got := strings.Join(got, " "); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.filter, got, tt.want)
		}
	}
}

// Follow sees each event once, over all files, and half a line when it is whole.
func TestFollow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		clock := func() time.Time { return time.Now() }
		l := openLog(t, audit.LogConfig{Path: path, Sync: true, Now: clock, MaxBytes: 2 * int64(len(lines("a")))})
		write(t, l, "a")
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan string, 100)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for e, err := range audit.Follow(ctx, path, audit.Filter{Names: []string{"GetId"}}) {
				if err != nil {
					got <- "error"
				} else {
					got <- e.EventID
				}
			}
		}()
		want := func(ids ...string) {
			t.Helper()
			time.Sleep(2 * time.Second)
			for _, id := range ids {
				select {
				case g := <-got:
					if g != id {
						t.Errorf("got %q, want %q", g, id)
					}
				default:
					t.Errorf("%q did not come", id)
				}
			}
			if len(got) > 0 {
				t.Errorf("then came %q", <-got)
			}
		}
		want("a")
		write(t, l, "b")
		want("b")
		write(t, l, "c", "d", "e", "f", "g") // more files than one between two looks
		want("c", "d", "e", "f", "g")
		torn, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer torn.Close()
		for n, part := range []string{lines("h")[:40], lines("h")[40:], "hello\n", lines("i")} {
			if _, err := torn.WriteString(part); err != nil {
				t.Fatal(err)
			}
			want([][]string{nil, {"h"}, {"error"}, {"i"}}[n]...)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		cancel()
		<-ended
	})
}
