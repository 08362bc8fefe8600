package cli

import (
	"crypto/sha1" //nolint:gosec // names files, as AWS's tools do
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// What a role gives is kept where AWS's command line keeps it and in its form, so that either
// uses what the other has fetched: in ~/.aws/cli/cache, under the SHA-1 of what was asked for
// (botocore's CachedCredentialFetcher and JSONFileCache). The endpoint is no part of that.

// renewBefore is how long before their end tokens and credentials count as over.
const renewBefore = 15 * time.Minute

// A temporary is credentials that end.
type temporary struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	// Expiration is as whoever gave them wrote it.
	Expiration string
}

// A cacheEntry is what a file of the cache has.
type cacheEntry struct {
	ProviderType string `json:",omitempty"`
	Credentials  temporary
}

// cacheKey is the key of what is asked for with args, written in style.
func cacheKey(style jsonStyle, args *object) string {
	sorted := newObject()
	for _, name := range args.sorted() {
		sorted.set(name, args.values[name])
	}
	return sha1Hex(style.encode(sorted))
}

func sha1Hex(text string) string {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}

// cached returns the credentials that are kept under a key, or else those that fetch returns,
// which are then kept. A cache that can not be read or written is as good as none.
func (s *settings) cached(key, provider string, fetch func() (temporary, error)) (sigv4.Credentials, error) {
	path := filepath.Join(s.home(), ".aws", "cli", "cache", key+".json")
	var entry cacheEntry
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &entry)
	}
	if err == nil && s.lasts(entry.Credentials) {
		s.debugf("Credentials for role retrieved from cache.")
		return entry.Credentials.signing(), nil
	}
	c, err := fetch()
	if err != nil {
		return sigv4.Credentials{}, err
	}
	if s.home() != "" && s.lasts(c) {
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		if err == nil {
			err = writeFile(path, cacheEntry{provider, c})
		}
		if err != nil {
			s.debugf("The credentials are not kept: %v", err)
		}
	}
	return c.signing(), nil
}

// lasts reports whether credentials are whole and do not end soon.
func (s *settings) lasts(c temporary) bool {
	end, err := parseTime(c.Expiration)
	return err == nil && end.Sub(s.Now()) >= renewBefore && c.AccessKeyID != "" && c.SecretAccessKey != ""
}

func (c temporary) signing() sigv4.Credentials {
	return sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}

// parseTime reads a time of a cache. AWS's tools write UTC where they should write Z.
func parseTime(text string) (time.Time, error) {
	return time.Parse(time.RFC3339, strings.Replace(text, "UTC", "Z", 1))
}

// writeFile replaces a file by v as JSON, for its owner alone.
func writeFile(path string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".poolkeeper-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(text)
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
