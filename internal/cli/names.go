package cli

import (
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// dashed writes the name of an operation or member as commands and options have it:
// IdentityPoolId is identity-pool-id, OpenIdConnectProviderARNs
// open-id-connect-provider-arns.
func dashed(name string) string {
	tail := ""
	// A plural of an abbreviation at the end is one word.
	if n := len(name); n > 2 && name[n-1] == 's' && capital(name[n-2]) && capital(name[n-3]) {
		i := n - 2
		for i > 0 && capital(name[i-1]) {
			i--
		}
		name, tail = name[:i], "-"+strings.ToLower(name[i:])
	}
	// Before a capital that a small letter follows, then after a small letter or digit that a
	// capital follows, in this order.
	var first strings.Builder
	for i := 0; i < len(name); {
		if i+2 < len(name) && capital(name[i+1]) && small(name[i+2]) {
			first.WriteString(name[i:i+1] + "-")
			j := i + 2
			for j < len(name) && small(name[j]) {
				j++
			}
			first.WriteString(name[i+1 : j])
			i = j
			continue
		}
		first.WriteByte(name[i])
		i++
	}
	name = first.String()
	var second strings.Builder
	for i := range len(name) {
		second.WriteByte(name[i])
		if i+1 < len(name) && (small(name[i]) || '0' <= name[i] && name[i] <= '9') && capital(name[i+1]) {
			second.WriteByte('-')
		}
	}
	return strings.ToLower(second.String()) + tail
}

func capital(c byte) bool { return 'A' <= c && c <= 'Z' }
func small(c byte) bool   { return 'a' <= c && c <= 'z' }

// operation returns the operation that a command's name means, or nil.
func operation(s *api.Service, command string) *api.Operation {
	for _, op := range s.Operations {
		if dashed(op.Name) == command {
			return op
		}
	}
	return nil
}
