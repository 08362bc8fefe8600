package cli

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

func TestRetries_Next(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, c := range []struct {
		name    string
		renewed bool
		attempt int
		loss    loss
		jitter  float64
		delay   time.Duration
		cost    int
	}{
		{"first", false, 1, loss{}, 0.5, 500 * ms, 5},
		{"first, timeout", false, 1, loss{timeout: true}, 0.5, 500 * ms, 10},
		{"second, throttled", false, 2, loss{throttled: true}, 0.5, time.Second, 5},
		{"bounded after the jitter", false, 6, loss{}, 0.5, 16 * time.Second, 5},
		{"bounded", false, 9, loss{}, 0.5, 20 * time.Second, 5},
		{"what the service asks is not heard", false, 1, loss{after: time.Second}, 0, 0, 5},
		{"renewed", true, 1, loss{}, 0.5, 25 * ms, 14},
		{"renewed, timeout", true, 2, loss{timeout: true}, 0.5, 50 * ms, 14},
		{"renewed, throttled", true, 1, loss{throttled: true}, 0.5, 500 * ms, 5},
		{"renewed, bounded before the jitter", true, 6, loss{throttled: true}, 0.5, 10 * time.Second, 5},
		{"renewed, very late", true, 99, loss{}, 0.5, 10 * time.Second, 14},
		{"renewed, asked to wait", true, 1, loss{after: 700 * ms}, 0.5, 700 * ms, 14},
		{"renewed, asked to wait less", true, 1, loss{after: 10 * ms}, 0.5, 25 * ms, 14},
		{"renewed, asked to wait for ever", true, 1, loss{after: time.Hour}, 0.5, 5025 * ms, 14},
	} {
		r := &retries{attempts: 100, renewed: c.renewed, quota: fullQuota}
		delay, again := r.next(c.attempt, &c.loss, c.jitter)
		if !again || delay != c.delay || fullQuota-r.quota != c.cost {
			t.Errorf("%s: got %v (%v) for %d, want %v for %d", c.name, delay, again, fullQuota-r.quota, c.delay, c.cost)
		}
	}
}

// TestRetries_Quota: what retries have taken comes back with success, but never more.
func TestRetries_Quota(t *testing.T) {
	t.Parallel()
	r := &retries{attempts: 3, quota: fullQuota}
	r.succeeded(1)
	if r.quota != fullQuota {
		t.Errorf("%d is left of %d", r.quota, fullQuota)
	}
	r.next(1, &loss{}, 0)
	r.next(2, &loss{timeout: true}, 0)
	r.succeeded(3) // gives back the last
	r.succeeded(1)
	if want := fullQuota - 5 + 1; r.quota != want {
		t.Errorf("%d is left, want %d", r.quota, want)
	}
	if _, again := r.next(3, &loss{}, 0); again {
		t.Error("there is a fourth attempt of three")
	}
	r.quota = 4
	if _, again := r.next(1, &loss{}, 0); again || r.quota != 4 {
		t.Errorf("it is tried again with a quota of 4, and %d is left", r.quota)
	}
}

// TestRetries_Command: a command is tried again as often, and for as long, as is configured,
// by a clock that nobody waits for.
func TestRetries_Command(t *testing.T) {
	t.Parallel()
	const (
		failing   = "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n"
		throttled = "HTTP/1.1 400 x\r\nX-Amz-Retry-After: 9000\r\nContent-Length: 37\r\n\r\n" + `{"__type":"TooManyRequestsException"}`
	)
	for _, c := range []struct {
		name, answer string
		env          []string
		sent         int
		from, to     time.Duration
		told         string
	}{
		{"three", failing, nil, 3, 0, 3 * time.Second, "(reached max retries: 2)"},
		{"until the quota is spent", failing, []string{"AWS_MAX_ATTEMPTS=1000"}, 101, 10 * time.Second, time.Hour, "operation: "},
		{"renewed", failing, []string{"AWS_NEW_RETRIES_2026=True"}, 3, 0, 150 * time.Millisecond, "(reached max retries: 2)"},
		{"renewed, until the quota is spent", failing, []string{"AWS_NEW_RETRIES_2026=true", "AWS_MAX_ATTEMPTS=1000"}, 36, 10 * time.Second, time.Hour, "operation: "},
		{"renewed, asked to wait", throttled, []string{"AWS_NEW_RETRIES_2026=true"}, 3, 10 * time.Second, 13 * time.Second, "(reached max retries: 2)"},
		{"asked to wait, in vain", throttled, []string{"AWS_NEW_RETRIES_2026=1"}, 3, 0, 3 * time.Second, "(reached max retries: 2)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, sent := time.Now(), 0
				var stderr bytes.Buffer
				env := keyed(t, slices.Concat([]string{"AWS_MAX_ATTEMPTS=", "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL=http://pool.example"}, c.env)...)
				command := &Command{
					Version: testVersion, Name: "aws", Services: []*api.Service{api.CognitoIdentity}, Now: time.Now,
					Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
					Stdin:  strings.NewReader(""), Stdout: io.Discard, Stderr: &stderr,
					Dial: func(context.Context, string, string) (net.Conn, error) {
						ours, theirs := net.Pipe()
						context.AfterFunc(t.Context(), func() { _ = theirs.Close() })
						go func() {
							for r := bufio.NewReader(theirs); ; {
								req, err := http.ReadRequest(r)
								if err != nil {
									return
								}
								_, _ = io.Copy(io.Discard, req.Body)
								sent++
								_, _ = io.WriteString(theirs, c.answer)
							}
						}()
						return ours, nil
					},
				}
				code := command.Run(t.Context(), []string{"cognito-identity", "get-id", "--identity-pool-id", "x"})
				took := time.Since(began)
				if code != exitRefused || sent != c.sent || took < c.from || took > c.to || !strings.Contains(stderr.String(), c.told) {
					t.Errorf("exit code %d after %v and %d requests, want %d: %s", code, took, sent, c.sent, &stderr)
				}
			})
		})
	}
}
