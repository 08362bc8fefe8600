package sigv4_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// drawRequest draws a request as some client might send it. Where normal, the
// path has no empty or dot segments.
func drawRequest(t *rapid.T, normal bool) *sigv4.Request {
	segment := rapid.StringMatching(`([A-Za-z0-9._~!$&'()*+,;=:@-]|%2F|%20|%e1%88%b4|%2E|é){1,8}`)
	if normal {
		segment = segment.Filter(func(s string) bool { return s != "." && s != ".." })
	} else {
		segment = rapid.OneOf(segment, rapid.SampledFrom([]string{"", ".", ".."}))
	}
	path := ""
	for _, s := range rapid.SliceOfN(segment, 0, 5).Draw(t, "path") {
		path += "/" + s
	}
	if path == "" || rapid.Bool().Draw(t, "slash") && !strings.HasSuffix(path, "/") {
		path += "/"
	}

	escape := rapid.SampledFrom([]func(string) string{
		url.QueryEscape,
		func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") },
		func(s string) string { return strings.ToLower(url.QueryEscape(s)) },
	}).Draw(t, "escape")
	word := rapid.OneOf(rapid.StringN(0, 8, -1), rapid.SampledFrom([]string{"a", "A", "a-", "a/", "a b", "a+", "=", "&", ";"}))
	var pairs []string
	for range rapid.IntRange(0, 5).Draw(t, "pairs") {
		pair := escape(word.Draw(t, "name"))
		if rapid.Bool().Draw(t, "valued") {
			pair += "=" + escape(word.Draw(t, "value"))
		}
		pairs = append(pairs, pair)
	}

	body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
	header := http.Header{}
	value := rapid.StringOf(rapid.OneOf(
		rapid.RuneFrom([]rune(" \ta,\"é\u00a0")), rapid.RuneFrom(nil, &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0x20, Hi: 0x7e, Stride: 1}}}),
	))
	name := rapid.OneOf(
		rapid.SampledFrom([]string{
			"Content-Type", "Cache-Control", "User-Agent", "Accept", "X-Amz-Target", "X-Amz-User-Agent",
			"Amz-Sdk-Request", "Amz-Sdk-Invocation-Id", "X-Amzn-Trace-Id", "Expect", "A", "Z",
		}),
		rapid.StringMatching(`X-[A-Za-z0-9_.-]{1,12}`),
	)
	for range rapid.IntRange(0, 6).Draw(t, "headers") {
		n := rapid.IntRange(1, 3).Draw(t, "times")
		key := http.CanonicalHeaderKey(name.Draw(t, "header"))
		switch {
		case key == "X-Amz-Date" || key == "X-Amz-Security-Token" || key == "X-Amz-Content-Sha256":
			continue
		case strings.HasPrefix(key, "X-Amz-"):
			n = 1 // The SDK may move it into the query, where it may be only once.
		}
		header.Del(key)
		for range n {
			header.Add(key, value.Draw(t, "header value"))
		}
	}
	if len(body) > 0 && rapid.Bool().Draw(t, "known length") {
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	if rapid.Bool().Draw(t, "declared hash") {
		sum := sha256.Sum256(body)
		header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	}
	return &sigv4.Request{
		Method:   rapid.SampledFrom([]string{"GET", "POST", "PUT", "DELETE", "PATCH"}).Draw(t, "method"),
		Path:     path,
		RawQuery: strings.Join(pairs, "&"),
		Host:     rapid.StringMatching(`[A-Za-z0-9.-]{1,20}(:[1-9][0-9]{3})?|\[::1\]:8080`).Draw(t, "host"),
		Header:   header,
		Body:     body,
	}
}

func drawCredentials(t *rapid.T) sigv4.Credentials {
	return sigv4.Credentials{
		AccessKeyID:     rapid.StringMatching(`A[KS]IA[A-Z2-7]{16}`).Draw(t, "access key id"),
		SecretAccessKey: example.SecretAccessKey,
		SessionToken:    rapid.StringMatching(`([A-Za-z0-9+/]{4,400}={0,2})?`).Draw(t, "session token"),
	}
}

func drawTime(t *rapid.T) time.Time {
	const century = 100 * 365 * 24 * 60 * 60
	zone := time.FixedZone("", rapid.IntRange(-12, 12).Draw(t, "zone")*3600)
	return time.Unix(rapid.Int64Range(0, century).Draw(t, "time"), 0).In(zone)
}

// What the SDK signs, in whatever form, is verified.
func TestVerify_SDKSigns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r, c, now := drawRequest(rt, false), drawCredentials(rt), drawTime(rt)
		signed := sdkSign(t, r, c, now)
		if err := authenticate(signed, policy(now)); err != nil {
			rt.Errorf("in the header: %v\n%+v", err, signed)
		}
		if _, err := url.ParseQuery(r.RawQuery); err == nil { // The SDK drops what net/url can not read.
			signed.RawQuery = r.RawQuery
			if err := authenticate(signed, policy(now)); err != nil {
				rt.Errorf("in the header, query as it was: %v\n%+v", err, signed)
			}
		}
		for _, hoist := range []bool{false, true} {
			signed = sdkPresign(t, r, c, now, hoist)
			if err := authenticate(signed, policy(now)); err != nil {
				rt.Errorf("in the query, hoist %v: %v\n%+v", hoist, err, signed)
			}
		}
	})
}

// We sign as the SDK does, to the byte, and verify what we signed.
func TestSign_AsSDK(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r, c, now := drawRequest(rt, true), drawCredentials(rt), drawTime(rt)
		if _, err := url.ParseQuery(r.RawQuery); err != nil {
			rt.Skip("the SDK drops what net/url can not read")
		}

		got, want := clone(r), sdkSign(t, r, c, now)
		sigv4.Sign(got, c, region, service, now)
		for _, key := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
			if g, w := got.Header.Get(key), want.Header.Get(key); g != w {
				rt.Errorf("%s:\ngot  %s\nwant %s\n%+v", key, g, w, r)
			}
		}
		if err := authenticate(got, policy(now)); err != nil {
			rt.Errorf("in the header: %v\n%+v", err, got)
		}

		got, want = clone(r), sdkPresign(t, r, c, now, false)
		sigv4.Presign(got, c, region, service, now, 0)
		if got.RawQuery != want.RawQuery {
			rt.Errorf("query:\ngot  %s\nwant %s\n%+v", got.RawQuery, want.RawQuery, r)
		}
		if err := authenticate(got, policy(now)); err != nil {
			rt.Errorf("in the query: %v\n%+v", err, got)
		}
	})
}

// Signing a signed request again replaces the signature, whatever its form.
func TestSign_Again(t *testing.T) {
	t.Parallel()
	temporary := example
	temporary.SessionToken = "token"
	later := noon.Add(time.Hour)

	r := call()
	sigv4.Sign(r, temporary, region, service, noon)
	sigv4.Sign(r, example, region, service, later)
	if token, found := r.Header["X-Amz-Security-Token"]; found {
		t.Errorf("got session token %q, want none", token)
	}
	wantError(t, authenticate(r, policy(later)), "", "")

	r = call()
	sigv4.Sign(r, temporary, region, service, noon)
	sigv4.Presign(r, temporary, region, service, noon, time.Minute)
	once := r.RawQuery
	sigv4.Presign(r, temporary, region, service, noon, time.Minute)
	if r.RawQuery != once {
		t.Errorf("presigned again:\ngot  %s\nwant %s", r.RawQuery, once)
	}
	wantError(t, authenticate(r, policy(noon)), "", "")
}

func TestSign_NoHeader(t *testing.T) {
	t.Parallel()
	r := &sigv4.Request{Method: "POST", Host: "localhost"}
	sigv4.Sign(r, example, region, service, noon)
	wantError(t, authenticate(r, policy(noon)), "", "")

	r = &sigv4.Request{Method: "POST", Host: "localhost"}
	sigv4.Presign(r, example, region, service, noon, 0)
	wantError(t, authenticate(r, policy(noon)), "", "")
}
