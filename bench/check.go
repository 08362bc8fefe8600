package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// A checker knows what the answers of one server must be.
type checker struct {
	pool      string
	algorithm jose.SignatureAlgorithm
	keys      jose.JSONWebKeySet
	// ids holds the identity of each user seen, users the reverse.
	ids, users map[string]string
}

func newChecker(s *server, pool string, algorithm jose.SignatureAlgorithm) (*checker, error) {
	c := &checker{pool: pool, algorithm: algorithm, ids: make(map[string]string), users: make(map[string]string)}
	resp, err := http.Get(s.url + "/.well-known/jwks_uri")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	document, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(document, &c.keys); err != nil {
		return nil, fmt.Errorf("key set %s: %w", document, err)
	}
	return c, nil
}

// identity checks the identity in a token's answer: the same user has the same one, and
// no other user has it.
func (c *checker) identity(a answer) (id, token string, err error) {
	var out struct{ IdentityId, Token string }
	if err := json.Unmarshal(a.body, &out); err != nil {
		return "", "", fmt.Errorf("answer %s: %w", a.body, err)
	}
	if !strings.HasPrefix(out.IdentityId, region+":") {
		return "", "", fmt.Errorf("answer %s: %q is no identity of %s", a.body, out.IdentityId, region)
	}
	if known := c.ids[a.user]; known != "" && known != out.IdentityId {
		return "", "", fmt.Errorf("user %s has identity %s and then %s", a.user, known, out.IdentityId)
	}
	if other := c.users[out.IdentityId]; other != "" && other != a.user {
		return "", "", fmt.Errorf("users %s and %s have one identity, %s", other, a.user, out.IdentityId)
	}
	c.know(a.user, out.IdentityId)
	return out.IdentityId, out.Token, nil
}

func (c *checker) know(user, id string) { c.ids[user], c.users[id] = id, user }

// token checks an answer with a token: form, signature by the key set, and claims.
func (c *checker) token(a answer) error {
	id, token, err := c.identity(a)
	if err != nil {
		return err
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{c.algorithm})
	if err != nil {
		return fmt.Errorf("token %s: %w", token, err)
	}
	payload, err := signed.Verify(c.keys)
	if err != nil {
		return fmt.Errorf("token %s: %w", token, err)
	}
	var claims struct {
		Sub, Aud string
		Exp, Iat int64
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return fmt.Errorf("claims %s: %w", payload, err)
	}
	now := time.Now().Unix()
	if claims.Sub != id || claims.Aud != c.pool || claims.Iat > now || claims.Exp <= now {
		return fmt.Errorf("claims %s: want sub %s, aud %s, and to be valid at %d", payload, id, c.pool, now)
	}
	return nil
}

// met checks answers with tokens: the identity of each, the token of a sample.
func (c *checker) met(answers []answer) error {
	for i, a := range answers {
		if _, _, err := c.identity(a); err != nil {
			return err
		}
		if i%sample == 0 {
			if err := c.token(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// lookup checks an answer of LookupDeveloperIdentity.
func (c *checker) lookup(a answer) error {
	var out struct {
		IdentityId                  string
		DeveloperUserIdentifierList []string
	}
	if err := json.Unmarshal(a.body, &out); err != nil {
		return fmt.Errorf("answer %s: %w", a.body, err)
	}
	if out.IdentityId != c.ids[a.user] || !slices.Equal(out.DeveloperUserIdentifierList, []string{a.user}) {
		return fmt.Errorf("answer %s: want identity %s of %s", a.body, c.ids[a.user], a.user)
	}
	return nil
}

// describe checks an answer of DescribeIdentity.
func (c *checker) describe(a answer) error {
	var out struct {
		IdentityId string
		Logins     []string
	}
	if err := json.Unmarshal(a.body, &out); err != nil {
		return fmt.Errorf("answer %s: %w", a.body, err)
	}
	if out.IdentityId != c.ids[a.user] || !slices.Equal(out.Logins, []string{floorProvider}) {
		return fmt.Errorf("answer %s: want identity %s with a login by %s", a.body, c.ids[a.user], floorProvider)
	}
	return nil
}

// fixed checks the answer of a floor that makes none of its own.
func fixed(a answer) error {
	if len(a.body) == 0 {
		return fmt.Errorf("user %s has an empty answer", a.user)
	}
	return nil
}

func checkAll(answers []answer, check func(answer) error) error {
	for _, a := range answers {
		if err := check(a); err != nil {
			return err
		}
	}
	return nil
}
