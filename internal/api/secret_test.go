package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecret_Redacted(t *testing.T) {
	t.Parallel()
	const value = "correct-horse-battery-staple"
	secret := Secret(value)
	type holder struct {
		Token Secret
		Plain string
	}
	holders := map[string]any{
		"value":   secret,
		"pointer": &secret,
		"field":   holder{Token: secret, Plain: "plain"},
		"slice":   []Secret{secret},
		"map":     map[string]Secret{"k": secret},
		"input":   &GetIdInput{IdentityPoolId: "plain", Logins: map[string]Secret{"k": secret}},
	}
	// An address in place of the value is as good as a redaction.
	leaks := func(s string) bool {
		s = strings.ToLower(s)
		return strings.Contains(s, value) || strings.Contains(s, fmt.Sprintf("%x", value))
	}
	if !leaks(fmt.Sprintf("%+v", []string{value})) || !leaks(fmt.Sprintf("%X", value)) {
		t.Fatal("the test can not see a leak")
	}

	for name, v := range holders {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			if got := fmt.Sprintf(verb, v); leaks(got) {
				t.Errorf("%s of a %s = %s", verb, name, got)
			}
		}
		encoded, err := json.Marshal(v)
		if err != nil || leaks(string(encoded)) {
			t.Errorf("json.Marshal of a %s = %s, %v", name, encoded, err)
		}
		var log bytes.Buffer
		for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
			slog.New(h).Info("message", "attribute", v, slog.Group("group", "attribute", v))
		}
		if leaks(log.String()) {
			t.Errorf("slog of a %s:\n%s", name, &log)
		}
	}

	for verb, want := range map[string]string{"%v": "REDACTED", "%s": "REDACTED", "%#v": "REDACTED", "%q": "REDACTED", "%d": "REDACTED"} {
		if got := fmt.Sprintf(verb, secret); got != want {
			t.Errorf("%s = %s, want %s", verb, got, want)
		}
	}
	if got := string(secret); got != value {
		t.Errorf("string(secret) = %q, want %q", got, value)
	}
}
