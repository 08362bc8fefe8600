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
	// capital follows, in this order. The sizes keep all names off the heap.
	first, second := make([]byte, 0, 64), make([]byte, 0, 64)
	for i := 0; i < len(name); {
		if i+2 < len(name) && capital(name[i+1]) && small(name[i+2]) {
			first = append(first, name[i], '-', name[i+1])
			for i += 2; i < len(name) && small(name[i]); i++ {
				first = append(first, name[i])
			}
			continue
		}
		first = append(first, name[i])
		i++
	}
	for i, c := range first {
		if capital(c) {
			second = append(second, c|0x20)
		} else {
			second = append(second, c)
		}
		if i+1 < len(first) && (small(c) || '0' <= c && c <= '9') && capital(first[i+1]) {
			second = append(second, '-')
		}
	}
	return string(append(second, tail...))
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
