package sigv4_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// The example of the IAM User Guide, "Create a signed AWS API request".
func TestDeriveKey(t *testing.T) {
	t.Parallel()
	key := sigv4.DeriveKey("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20120215", "us-east-1", "iam")
	got := hex.EncodeToString(key.Secret())
	if want := "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSecrets_NotPrinted(t *testing.T) {
	t.Parallel()
	key := sigv4.DeriveKey(example.SecretAccessKey, "20150830", region, service)
	c := example
	c.SessionToken = "session-token"
	for _, value := range []any{key, &key, c, &c, struct{ K any }{key}, []sigv4.Credentials{c}} {
		var printed []string
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
			printed = append(printed, fmt.Sprintf(verb, value))
		}
		marshalled, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range append(printed, string(marshalled)) {
			for _, secret := range []string{
				example.SecretAccessKey, "session-token", hex.EncodeToString(key.Secret()), hex.EncodeToString([]byte("session-token")),
				strconv.Itoa(int(key.Secret()[0])) + " " + strconv.Itoa(int(key.Secret()[1])), strconv.Itoa(int(key.Secret()[0])) + "," + strconv.Itoa(int(key.Secret()[1])),
			} {
				if strings.Contains(p, secret) {
					t.Errorf("%T prints as %s", value, p)
				}
			}
		}
	}
	if got := fmt.Sprint(c); !strings.Contains(got, "AKIDEXAMPLE") {
		t.Errorf("got %s, want the access key id in it", got)
	}
}

func TestKeyCache(t *testing.T) {
	t.Parallel()
	var cache sigv4.KeyCache
	asked := 0
	get := func(id, version, date, region, service, secret string) sigv4.Key {
		t.Helper()
		key, err := cache.Key(id, version, date, region, service, func() (string, error) { asked++; return secret, nil })
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	want := sigv4.DeriveKey("s", "20150830", region, service)
	for range 2 {
		if got := get("id", "1", "20150830", region, service, "s"); !got.Equal(want) {
			t.Error("got another key than DeriveKey makes")
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times for the secret, want once", asked)
	}
	// Each part counts by itself, and no two run into each other.
	for i, other := range [][5]string{
		{"id2", "1", "20150830", region, service},
		{"id", "2", "20150830", region, service},
		{"id", "1", "20150831", region, service},
		{"id", "1", "20150830", "eu-west-1", service},
		{"id", "1", "20150830", region, "sts"},
		{"id1", "", "20150830", region, service},
		{"", "id1", "20150830", region, service},
	} {
		secret := "other " + strconv.Itoa(i)
		got := get(other[0], other[1], other[2], other[3], other[4], secret)
		if !got.Equal(sigv4.DeriveKey(secret, other[2], other[3], other[4])) {
			t.Errorf("%q: got the key of another derivation", other)
		}
	}
}

func TestKeyCache_Error(t *testing.T) {
	t.Parallel()
	var cache sigv4.KeyCache
	broken := errors.New("sealed")
	if _, err := cache.Key("id", "1", "20150830", region, service, func() (string, error) { return "", broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	got, err := cache.Key("id", "1", "20150830", region, service, func() (string, error) { return "s", nil })
	if err != nil || !got.Equal(sigv4.DeriveKey("s", "20150830", region, service)) {
		t.Errorf("after an error: got another key, or error %v", err)
	}
}

// More derivations than fit: the keys stay right, and today's outlast yesterday's.
func TestKeyCache_Full(t *testing.T) {
	t.Parallel()
	var cache sigv4.KeyCache
	const bound = 4096
	today := func() (asked bool) {
		_, err := cache.Key("id", "1", "20150831", region, service, func() (string, error) { asked = true; return "s", nil })
		if err != nil {
			t.Fatal(err)
		}
		return asked
	}
	fill := func(date string, n int) {
		for i := range n {
			if _, err := cache.Key("id"+strconv.Itoa(i), "1", date, region, service, func() (string, error) { return "s", nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
	today()
	fill("20150830", bound-1)
	fill("20150831", 1)
	if today() {
		t.Error("yesterday's keys pushed out today's")
	}
	fill("20150831", bound)
	if !today() {
		t.Error("the cache holds more keys than its bound")
	}
}

func TestKeyCache_Concurrent(t *testing.T) {
	t.Parallel()
	var cache sigv4.KeyCache
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			for i := range 2000 {
				secret := "s" + strconv.Itoa(i%50)
				key, err := cache.Key(secret, "1", strconv.Itoa(20150830+i%3), region, service, func() (string, error) { return secret, nil })
				if err != nil || !key.Equal(sigv4.DeriveKey(secret, strconv.Itoa(20150830+i%3), region, service)) {
					t.Errorf("worker %d, round %d: wrong key, or error %v", worker, i, err)
					return
				}
			}
		})
	}
	wait.Wait()
}
