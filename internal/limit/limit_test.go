package limit

import (
	"fmt"
	"maps"
	"testing"
	"time"
)

var start = time.Unix(1_400_000_000, 0)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		texts []string
		want  Rates
	}{
		{nil, nil},
		{[]string{"address=2.5"}, Rates{Address: {2.5, 3}}},
		{[]string{"key=0.1"}, Rates{Key: {0.1, 1}}},
		{[]string{"GetId=25/50"}, Rates{"GetId": {25, 50}}},
		{[]string{"GetId=1", "GetId=2"}, Rates{"GetId": {2, 2}}},
		{[]string{"aws"}, AWS},
	} {
		got, err := Parse(c.texts)
		if err != nil || !maps.Equal(got, c.want) {
			t.Errorf("%q: got %v, %v, want %v", c.texts, got, err, c.want)
		}
	}
	for _, bad := range []string{"", "AWS", "address", "=1", "address=", "address=0", "address=-1", "address=NaN", "address=Inf", "address=1/0", "address=1/1.5", "address=1/"} {
		if got, err := Parse([]string{bad}); err == nil {
			t.Errorf("%q: got %v, want an error", bad, got)
		}
	}
	// A preset is a value of its own.
	r, _ := Parse([]string{"aws", "GetId=1"})
	if r["GetId"].PerSecond != 1 || AWS["GetId"].PerSecond != 25 {
		t.Errorf("GetId: %v, AWS's %v", r["GetId"], AWS["GetId"])
	}
}

// taken returns how many of n requests go through.
func taken(n int, ask func() bool) (through int) {
	for range n {
		if ask() {
			through++
		}
	}
	return through
}

func TestLimits_Off(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]*Limits{"nil": nil, "zero": {}} {
		if n := taken(1000, func() bool {
			return l.Peer("192.0.2.1", start) && l.Caller("AKIA", "1", "r", "GetId", start)
		}); n != 1000 {
			t.Errorf("%s: %d of 1000 went through", name, n)
		}
	}
}

func TestLimits_Scopes(t *testing.T) {
	t.Parallel()
	var l Limits
	l.Set(Rates{Address: {1, 2}, Key: {1, 3}, Account: {1, 4}, "GetId": {1, 5}})
	peer := func(a string) func() bool { return func() bool { return l.Peer(a, start) } }
	call := func(key, account, region, op string) func() bool {
		return func() bool { return l.Caller(key, account, region, op, start) }
	}
	for _, c := range []struct {
		name string
		ask  func() bool
		want int
	}{
		{"address", peer("192.0.2.1"), 2},
		{"the same, mapped into IPv6", peer("::ffff:192.0.2.1"), 0},
		{"another", peer("192.0.2.2"), 2},
		{"IPv6", peer("2001:db8::1"), 2},
		{"IPv6 of the same network", peer("2001:db8::ffff:2"), 0},
		{"IPv6 of another network", peer("2001:db8:0:1::1"), 2},
		{"no address", peer("@"), 10},
		{"key", call("AKIA1", "1", "r", "X"), 3},
		{"another key of the account", call("AKIA2", "1", "r", "X"), 1},
		{"a key of another account", call("AKIA3", "2", "r", "X"), 3},
		{"nobody", call("", "", "", "GetId"), 5},
		{"nobody, another operation", call("", "", "", "GetOpenIdToken"), 10},
		{"account, region", call("", "3", "r", "GetId"), 4},
	} {
		if got := taken(10, c.ask); got != c.want {
			t.Errorf("%s: %d of 10 went through, want %d", c.name, got, c.want)
		}
	}
	if !l.Peer("192.0.2.1", start.Add(time.Second)) {
		t.Error("a second later, one more does not go through")
	}
	if n := l.Refused(); n[Address] != 8+10+8+8+10+8 || n[Key] == 0 || n[Account] == 0 || n[Operation] != 5 {
		t.Errorf("refused %v", n)
	}
	l.Set(Rates{Address: {1, 7}})
	if n := taken(10, peer("192.0.2.1")); n != 7 {
		t.Errorf("after a change, %d of 10 went through, want 7", n)
	}
	l.Set(nil)
	if n := taken(10, peer("192.0.2.1")); n != 10 {
		t.Errorf("without limits, %d of 10 went through", n)
	}
}

func TestLimits_Bounded(t *testing.T) {
	t.Parallel()
	var l Limits
	l.Set(Rates{Key: {1, 1}})
	for i := range 3 * shards * perShard {
		l.Caller(fmt.Sprint(i), "", "", "", start)
	}
	n := 0
	for i := range l.shards {
		s := &l.shards[i]
		if len(s.buckets) != s.order.Len() {
			t.Errorf("shard %d: %d buckets in the map, %d in order", i, len(s.buckets), s.order.Len())
		}
		n += len(s.buckets)
	}
	if n > shards*perShard {
		t.Errorf("%d buckets, want at most %d", n, shards*perShard)
	}
	// The last one is remembered.
	if l.Caller(fmt.Sprint(3*shards*perShard-1), "", "", "", start) {
		t.Error("the key that came last has a full bucket again")
	}
}

func BenchmarkLimits(b *testing.B) {
	var off, on Limits
	on.Set(Rates{Address: {1e6, 1e6}})
	for name, l := range map[string]*Limits{"off": &off, "on": &on} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				l.Peer("192.0.2.1", start)
			}
		})
	}
}
