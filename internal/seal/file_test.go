package seal

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	encode := base64.StdEncoding.EncodeToString
	for _, tc := range []struct {
		name, text, want string
	}{
		{"a key", testText, ""},
		{"with a line end", testText + "\r\n", ""},
		{"with white space", " \t" + testText + "\n\n", ""},
		{"one bit is set", encode(append(make([]byte, 31), 1)), ""},
		{"zeros", encode(make([]byte, 32)), "master key is all zeros"},
		{"empty", "", "master key is not 32 bytes in base64"},
		{"31 bytes", encode(make([]byte, 31)), "master key is not 32 bytes in base64"},
		{"33 bytes", encode(make([]byte, 33)), "master key is not 32 bytes in base64"},
		{"no padding", strings.TrimRight(testText, "="), "master key is not 32 bytes in base64"},
		{"loose last bits", strings.Replace(testText, "8=", "9=", 1), "master key is not 32 bytes in base64"},
		{"hexadecimal", strings.Repeat("0f", 32), "master key is not 32 bytes in base64"},
		{"two keys", testText + "\n" + testText, "master key is not 32 bytes in base64"},
	} {
		k, err := Parse(tc.text)
		switch {
		case tc.want == "" && (k == nil || err != nil):
			t.Errorf("%s: Parse(%q): %v", tc.name, tc.text, err)
		case tc.want != "" && (k != nil || err == nil || err.Error() != tc.want):
			t.Errorf("%s: Parse(%q): got %v, want %s", tc.name, tc.text, err, tc.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(testText)
	f.Add(testText + "\n")
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	f.Add("AAECAwQFBgcICQoLDA0O\nDxAREhMUFRYXGBkaGxwdHh8=")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := Parse(text)
		if (k == nil) == (err == nil) {
			t.Fatalf("Parse(%q) = %v, %v", text, k, err)
		}
		if err != nil {
			if len(text) > 8 && strings.Contains(err.Error(), text) {
				t.Errorf("the error shows the text: %v", err)
			}
			return
		}
		if got, err := k.Open("p", k.Seal("p", []byte("s"))); err != nil || string(got) != "s" {
			t.Errorf("the key of %q does not open what it sealed: %v", text, err)
		}
	})
}

func TestCreateFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "master.key")
	made, err := CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) != 45 || strings.Count(string(text), "\n") != 1 || text[44] != '\n' {
		t.Errorf("the file is not one line of base64: %d bytes", len(text))
	}
	read, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := read.Open("p", made.Seal("p", []byte("secret"))); err != nil || string(got) != "secret" {
		t.Errorf("the key read is not the key made: %q, %v", got, err)
	}

	if _, err := CreateFile(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("over an existing file: got %v, want %v", err, os.ErrExist)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(text) {
		t.Errorf("the existing file was touched: %v", err)
	}
	other, err := CreateFile(filepath.Join(filepath.Dir(path), "other.key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open("p", made.Seal("p", nil)); !errors.Is(err, ErrWrongKey) {
		t.Errorf("two new keys are alike: %v", err)
	}
	if _, err := CreateFile(filepath.Join(path, "no-directory")); err == nil {
		t.Error("no error without a directory")
	}
}

func TestReadFile_Content(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "master.key")
	if _, err := ReadFile(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v, want %v", err, os.ErrNotExist)
	}
	for _, tc := range []struct {
		name, text string
		ok         bool
	}{
		{"a key", testText + "\n", true},
		{"empty", "", false},
		{"as long as may be", testText + strings.Repeat("\n", maxFile-len(testText)), true},
		{"too long", testText + strings.Repeat("\n", maxFile-len(testText)+1), false},
	} {
		if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadFile(path)
		if ok := err == nil; ok != tc.ok {
			t.Errorf("%s: got %v", tc.name, err)
		}
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("%s: the error does not name the file: %v", tc.name, err)
		}
	}
}
