package seal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// testText is the master key 00 01 … 1f.
const testText = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

func testKey(t testing.TB) *Key {
	t.Helper()
	k, err := Parse(testText)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKey_RoundTrip(t *testing.T) {
	t.Parallel()
	k := testKey(t)
	for _, plaintext := range [][]byte{{}, {0}, []byte("secret"), bytes.Repeat([]byte{0xff}, 5000)} {
		sealed := k.Seal("place/1", plaintext)
		if want := headSize + nonceSize + len(plaintext) + tagSize; len(sealed) != want {
			t.Errorf("sealed %d bytes: got %d bytes, want %d", len(plaintext), len(sealed), want)
		}
		got, err := k.Open("place/1", sealed)
		if err != nil || !bytes.Equal(got, plaintext) {
			t.Errorf("Open of %d bytes: got %d bytes, %v", len(plaintext), len(got), err)
		}
		if bytes.Equal(sealed, k.Seal("place/1", plaintext)) {
			t.Errorf("sealing %d bytes twice gave the same result", len(plaintext))
		}
	}
}

// Values at rest outlive the program: those sealed by any earlier version open.
func TestKey_StoredForm(t *testing.T) {
	t.Parallel()
	const stored = "019618c5c6215725dbdf8abe9da8bd6fc18c5d11c16deb89a4017373fc684d65b2d570c897ba35b033f471c1bd25e41a"
	sealed, err := hex.DecodeString(stored)
	if err != nil {
		t.Fatal(err)
	}
	got, err := testKey(t).Open("access-key/AKIAEXAMPLE", sealed)
	if err != nil || string(got) != "a stored secret" {
		t.Errorf("Open(%s) = %q, %v", stored, got, err)
	}
}

func TestKey_EveryByteIsProtected(t *testing.T) {
	t.Parallel()
	k := testKey(t)
	sealed := k.Seal("place/1", []byte("secret"))
	for i := range sealed {
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << bit
			want := ErrCorrupt
			if i >= 1 && i < headSize {
				want = ErrWrongKey
			}
			if got, err := k.Open("place/1", changed); got != nil || !errors.Is(err, want) {
				t.Errorf("byte %d, bit %d flipped: got %q, %v, want %v", i, bit, got, err, want)
			}
		}
	}
	for n := range sealed {
		if _, err := k.Open("place/1", sealed[:n]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut to %d bytes: got %v, want %v", n, err, ErrCorrupt)
		}
	}
	if _, err := k.Open("place/1", append(bytes.Clone(sealed), 0)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("one byte added: got %v, want %v", err, ErrCorrupt)
	}
}

func TestKey_PurposeBinds(t *testing.T) {
	t.Parallel()
	k := testKey(t)
	sealed := k.Seal("place/1", []byte("secret"))
	for _, tc := range []struct {
		purpose string
		want    error
	}{
		{"place/1", nil},
		{"place/2", ErrCorrupt},
		{"place/", ErrCorrupt},
		{"place/11", ErrCorrupt},
		{"Place/1", ErrCorrupt},
		{"", ErrCorrupt},
	} {
		if _, err := k.Open(tc.purpose, sealed); !errors.Is(err, tc.want) {
			t.Errorf("Open for %q: got %v, want %v", tc.purpose, err, tc.want)
		}
	}
}

func TestKey_WrongKeyIsToldApart(t *testing.T) {
	t.Parallel()
	k := testKey(t)
	other, err := Parse(strings.Replace(testText, "A", "B", 1))
	if err != nil {
		t.Fatal(err)
	}
	sealed := k.Seal("place/1", []byte("secret"))
	for name, wrong := range map[string]*Key{
		"another master key": other,
		"derived":            k.Derive("pages"),
		"derived twice":      k.Derive("pages").Derive("pages"),
		"derived, no label":  k.Derive(""),
	} {
		if _, err := wrong.Open("place/1", sealed); !errors.Is(err, ErrWrongKey) {
			t.Errorf("%s: got %v, want %v", name, err, ErrWrongKey)
		}
	}
}

func TestKey_Derive(t *testing.T) {
	t.Parallel()
	k := testKey(t)
	sealed := k.Derive("pages").Seal("p", []byte("secret"))
	if got, err := testKey(t).Derive("pages").Open("p", sealed); err != nil || string(got) != "secret" {
		t.Errorf("the same label: got %q, %v", got, err)
	}
	if _, err := k.Derive("page").Open("p", sealed); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another label: got %v, want %v", err, ErrWrongKey)
	}
}

func TestKey_DoesNotPrint(t *testing.T) {
	t.Parallel()
	k := testKey(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		if got := fmt.Sprintf(verb, k); got != "REDACTED" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	var text, object bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "key", k)
	slog.New(slog.NewJSONHandler(&object, nil)).Info("m", "key", k)
	if !strings.Contains(text.String(), "key=REDACTED") || !strings.Contains(object.String(), `"key":{}`) {
		t.Errorf("logged as %s and %s", &text, &object)
	}
}

func FuzzKey_Open(f *testing.F) {
	k := testKey(f)
	f.Add("place/1", k.Seal("place/1", []byte("secret")))
	f.Add("place/2", k.Seal("place/1", []byte("secret")))
	f.Add("", k.Seal("", nil))
	f.Add("", []byte{})
	f.Add("", bytes.Repeat([]byte{version}, headSize+nonceSize+tagSize))
	f.Fuzz(func(t *testing.T, purpose string, sealed []byte) {
		got, err := k.Open(purpose, sealed)
		if err == nil {
			// Nobody makes a sealed value without the key, so this is a seed.
			if s := string(got); s != "secret" && s != "" {
				t.Errorf("Open(%q, %x) = %q", purpose, sealed, got)
			}
			return
		}
		if got != nil || !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrWrongKey) {
			t.Errorf("Open(%q, %x) = %q, %v", purpose, sealed, got, err)
		}
	})
}

func BenchmarkKey(b *testing.B) {
	k := testKey(b)
	secret := bytes.Repeat([]byte{'s'}, 40)
	b.Run("Seal", func(b *testing.B) {
		for b.Loop() {
			k.Seal("access-key/AKIAEXAMPLE", secret)
		}
	})
	sealed := k.Seal("access-key/AKIAEXAMPLE", secret)
	b.Run("Open", func(b *testing.B) {
		for b.Loop() {
			if _, err := k.Open("access-key/AKIAEXAMPLE", sealed); err != nil {
				b.Fatal(err)
			}
		}
	})
}
