package server_test

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/limit"
	"github.com/poolkeeper/poolkeeper/internal/server"
)

// tooFast reports whether an answer is that to who comes too fast, as the protocol has it.
func tooFast(t *testing.T, s *api.Service, a *answer) bool {
	t.Helper()
	want := api.TooManyRequestsException
	if s.Protocol == api.Query {
		want = api.Throttling
	}
	code, message := refusal(t, a)
	return a.status == 400 && code == string(want) && message == "Rate exceeded"
}

// TestLimits: every operation can be limited, for each account; another operation is not
// touched, and a second later it goes on.
func TestLimits(t *testing.T) {
	t.Parallel()
	services := []*api.Service{api.CognitoIdentity, api.IAM, api.STS, api.Identities}
	rates := limit.Rates{}
	for _, service := range services {
		for _, op := range service.Operations {
			rates[op.Name] = limit.Rate{PerSecond: 1, Burst: 1}
		}
	}
	s := newSite(t, change{server: func(c *server.Config) {
		c.Limits = new(limit.Limits)
		c.Limits.Set(rates)
	}})
	address := s.listen(t)
	for _, service := range services {
		for _, op := range service.Operations {
			ask := func(who string) *answer {
				body := "{}"
				if service.Protocol == api.Query {
					body = ""
				}
				r := callOf(service, op.Name, body)
				if who != "" {
					s.signingFor(service, who).sign(t, r)
				}
				return send(t, address, r)
			}
			for _, who := range []string{"root", "other"} {
				if a := ask(who); a.status != 200 && tooFast(t, service, a) {
					t.Errorf("%s by %s: the first call is refused", op.Name, who)
				}
				if a := ask(who); a.status == 200 || !tooFast(t, service, a) {
					t.Errorf("%s by %s: the second call: got %d %s", op.Name, who, a.status, a.body)
				}
			}
			// Who has not proved to be root takes nothing from it, and learns nothing.
			s.clock.advance(time.Second)
			if a := ask("liar"); a.status == 200 || tooFast(t, service, a) {
				t.Errorf("%s by a liar: got %d %s", op.Name, a.status, a.body)
			}
			if a := ask("root"); a.status != 200 && tooFast(t, service, a) {
				t.Errorf("%s: a second later it is still refused", op.Name)
			}
		}
	}
}

// TestLimits_Address: an address is limited before its signature is looked at, and whatever it
// asks for; proxies that are trusted speak for others.
func TestLimits_Address(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{server: func(c *server.Config) {
		c.Limits = new(limit.Limits)
		c.Limits.Set(limit.Rates{limit.Address: {PerSecond: 1, Burst: 1}})
		c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}})
	address := s.listen(t)
	ask := func(service *api.Service, forwarded string) *answer {
		r := callOf(service, service.Operations[0].Name, "")
		if forwarded != "" {
			r.set("X-Forwarded-For", forwarded)
		}
		return send(t, address, r)
	}
	for _, service := range []*api.Service{api.CognitoIdentity, api.IAM} {
		from := "192.0.2." + map[api.Protocol]string{api.JSON: "1", api.Query: "2"}[service.Protocol]
		if a := ask(service, from); tooFast(t, service, a) {
			t.Errorf("%s: the first is refused", service.Name)
		}
		if a := ask(service, "203.0.113.9, "+from); !tooFast(t, service, a) {
			t.Errorf("%s: the second: got %d %s", service.Name, a.status, a.body)
		}
	}
	line := s.log.lines(t, "request")
	if line[0]["from"] != "192.0.2.1" {
		t.Errorf("the log says %v", line[0])
	}
}

// TestPeer: a proxy is believed up to the last address that is none of ours, and nobody else.
func TestPeer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		proto        string
		want         string
		secure       bool
	}{
		{"nobody in between", "192.0.2.1:1", nil, "", "192.0.2.1", false},
		{"anybody may say anything", "192.0.2.1:1", []string{"203.0.113.9"}, "https", "192.0.2.1", false},
		{"a proxy", "10.0.0.1:1", []string{"203.0.113.9"}, "https", "203.0.113.9", true},
		{"a proxy, plain", "10.0.0.1:1", []string{"203.0.113.9"}, "http", "203.0.113.9", false},
		{"a client that says it is forwarded", "10.0.0.1:1", []string{"198.51.100.7, 203.0.113.9"}, "", "203.0.113.9", false},
		{"two proxies", "10.0.0.1:1", []string{"203.0.113.9, 10.0.0.2"}, "", "203.0.113.9", false},
		{"two headers", "10.0.0.1:1", []string{"203.0.113.9", "10.0.0.2"}, "", "203.0.113.9", false},
		{"a proxy's own request", "10.0.0.1:1", nil, "", "10.0.0.1", false},
		{"all of them ours", "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "", "10.0.0.3", false},
		{"no address", "10.0.0.1:1", []string{"unknown"}, "", "10.0.0.1", false},
		{"no address left of one", "10.0.0.1:1", []string{"unknown, 203.0.113.9"}, "", "203.0.113.9", false},
		{"IPv6", "10.0.0.1:1", []string{"2001:db8::1"}, "", "2001:db8::1", false},
		{"mapped proxy", "[::ffff:10.0.0.1]:1", []string{"203.0.113.9"}, "", "203.0.113.9", false},
		{"a socket", "@", []string{"203.0.113.9"}, "https", "", false},
		{"two protocols", "10.0.0.1:1", []string{"203.0.113.9"}, "https, http", "203.0.113.9", false},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = c.remote
		r.Header["X-Forwarded-For"] = c.forwarded
		if c.proto != "" {
			r.Header.Set("X-Forwarded-Proto", c.proto)
		}
		got, secure := server.Peer(r, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
		if got != c.want || secure != c.secure {
			t.Errorf("%s: got %q, %v, want %q, %v", c.name, got, secure, c.want, c.secure)
		}
	}
}

// TestTraceParent: what conforms to W3C Trace Context is in the log line, and nothing else.
func TestTraceParent(t *testing.T) {
	t.Parallel()
	s := newSite(t, change{})
	address := s.listen(t)
	const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for _, c := range []struct {
		header string
		good   bool
	}{
		{"00-" + trace + "-" + span + "-01", true},
		{"cc-" + trace + "-" + span + "-01-what-is-to-come", true},
		{"cc-" + trace + "-" + span + "-01what", false},
		{"00-" + trace + "-" + span + "-01-more", false},
		{"ff-" + trace + "-" + span + "-01", false},
		{"00-" + strings.ToUpper(trace) + "-" + span + "-01", false},
		{"00-" + strings.Repeat("0", 32) + "-" + span + "-01", false},
		{"00-" + trace + "-" + strings.Repeat("0", 16) + "-01", false},
		{"00-" + trace + "-" + span + "-zz", false},
		{"00-" + trace + "-" + span, false},
		{"00_" + trace + "_" + span + "_01", false},
		{"", false},
	} {
		before := len(s.log.lines(t, "request"))
		r := callCognito("GetId", `{"IdentityPoolId":"us-east-1:0"}`)
		r.set("traceparent", c.header)
		send(t, address, r)
		line := await(t, func() (map[string]any, bool) {
			lines := s.log.lines(t, "request")
			return lines[len(lines)-1], len(lines) > before
		})
		if got := line["trace"] == trace && line["span"] == span; got != c.good || !c.good && line["trace"] != nil {
			t.Errorf("%q: logged %v", c.header, line)
		}
	}
}

// TestObserve: each request is told once, in words of the description.
func TestObserve(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []server.Observation
	s := newSite(t, change{server: func(c *server.Config) {
		c.Observe = func(o server.Observation) {
			mu.Lock()
			defer mu.Unlock()
			o.Took = 0
			told = append(told, o)
		}
	}})
	address := s.listen(t)
	signed := callCognito("ListIdentityPools", poolsAsked)
	s.signing("root").sign(t, signed)
	for i, c := range []struct {
		r    *request
		want server.Observation
	}{
		{signed, server.Observation{Service: "cognito-identity", Operation: "ListIdentityPools", Outcome: "ok"}},
		{callCognito("GetId", "{"), server.Observation{Service: "cognito-identity", Operation: "GetId", Outcome: "SerializationException"}},
		{callCognito("Invented", "{}"), server.Observation{Outcome: "UnknownOperationException"}},
		{callQuery(api.IAM, "ListUsers", ""), server.Observation{Service: "iam", Operation: "ListUsers", Outcome: "MissingAuthenticationToken"}},
		{&request{method: "BREW", target: "/pot", header: []field{{"Host", host}}}, server.Observation{Outcome: "BadRequest"}},
	} {
		send(t, address, c.r)
		got := await(t, func() (server.Observation, bool) {
			mu.Lock()
			defer mu.Unlock()
			if len(told) <= i {
				return server.Observation{}, false
			}
			return told[len(told)-1], len(told) == i+1
		})
		if got != c.want {
			t.Errorf("got %+v, want %+v", got, c.want)
		}
	}
}
