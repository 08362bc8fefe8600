package sigv4

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// A param is one parameter of a query string, decoded.
type param struct {
	name, value string
}

// parseQuery returns the parameters of a query string in order. "+" is a blank,
// ";" separates nothing, and empty pairs are dropped. A pair with a malformed
// escape is taken literally; the first such is returned too.
func parseQuery(raw string) (params []param, malformed string) {
	if raw == "" {
		return nil, ""
	}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		decodedName, nameErr := url.QueryUnescape(name)
		decodedValue, valueErr := url.QueryUnescape(value)
		if nameErr != nil || valueErr != nil {
			if malformed == "" {
				malformed = pair
			}
			decodedName, decodedValue = name, value
		}
		params = append(params, param{decodedName, decodedValue})
	}
	return params, malformed
}

// find returns the value of the first parameter called name, which must match
// exactly.
func find(params []param, name string) (value string, ok bool) {
	for _, p := range params {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

// canonicalQuery encodes the parameters and sorts them by encoded name, then by
// encoded value.
func canonicalQuery(params []param) string {
	if len(params) == 0 {
		return ""
	}
	encoded := make([]param, len(params))
	for i, p := range params {
		encoded[i] = param{string(appendEscaped(nil, p.name, 0)), string(appendEscaped(nil, p.value, 0))}
	}
	slices.SortFunc(encoded, func(a, b param) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.value, b.value))
	})
	var b strings.Builder
	for i, p := range encoded {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name)
		b.WriteByte('=')
		b.WriteString(p.value)
	}
	return b.String()
}

// repeated returns the name of an X-Amz- parameter that is there twice, or once
// as a parameter and once as a header. Names that differ only in case are the
// same: who acts on the request may see them so.
func repeated(r *Request, params []param) (name string, found bool) {
	seen := make(map[string]bool)
	for _, p := range params {
		if !isAmz(p.name) {
			continue
		}
		lower := strings.ToLower(p.name)
		if seen[lower] || len(r.values(lower)) > 0 {
			return p.name, true
		}
		seen[lower] = true
	}
	return "", false
}

// isAmz reports whether name begins with X-Amz-, in whatever case.
func isAmz(name string) bool {
	const prefix = "X-Amz-"
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}
