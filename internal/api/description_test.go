package api

import (
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var allServices = []*Service{CognitoIdentity, Control}

// operations yields every operation with its service.
func operations(yield func(*Operation, *Service) bool) {
	for _, service := range allServices {
		for _, op := range service.Operations {
			if !yield(op, service) {
				return
			}
		}
	}
}

// reachable returns every shape of the services, by name, and fails the test when
// two shapes have one name.
func reachable(t *testing.T, services ...*Service) map[string]*Shape {
	t.Helper()
	shapes := make(map[string]*Shape)
	var visit func(*Shape)
	visit = func(s *Shape) {
		if s == nil || shapes[s.Name] == s {
			return
		}
		if shapes[s.Name] != nil {
			t.Errorf("two shapes are called %q", s.Name)
			return
		}
		shapes[s.Name] = s
		visit(s.Key)
		visit(s.Elem)
		for _, m := range s.Members {
			visit(m.Shape)
		}
	}
	for _, service := range services {
		for _, op := range service.Operations {
			visit(op.Input)
			visit(op.Output)
		}
	}
	return shapes
}

// checkDoc checks that doc is something to print in one line.
func checkDoc(t *testing.T, what, doc string) {
	t.Helper()
	switch {
	case doc == "":
		t.Errorf("%s: no doc", what)
	case len(doc) > 200:
		t.Errorf("%s: doc of %d bytes, want at most 200", what, len(doc))
	case strings.ContainsAny(doc, "\n\t") || strings.TrimSpace(doc) != doc || !strings.HasSuffix(doc, "."):
		t.Errorf("%s: doc %q is not one line that ends with a full stop", what, doc)
	}
}

func TestServices_Operations(t *testing.T) {
	t.Parallel()
	for _, service := range allServices {
		checkDoc(t, service.Name, service.Doc)
		names := make([]string, 0, len(service.Operations))
		for _, op := range service.Operations {
			names = append(names, op.Name)
			if got := service.Operation(op.Name); got != op {
				t.Errorf("%s.Operation(%q) returns another operation", service.Name, op.Name)
			}
			if got := service.Operation(strings.ToLower(op.Name)); got != nil {
				t.Errorf("%s.Operation(%q) = %s, want nil: names match exactly", service.Name, strings.ToLower(op.Name), got.Name)
			}
		}
		if !slices.IsSorted(names) {
			t.Errorf("%s: operations are not in alphabetical order: %q", service.Name, names)
		}
	}
	if got, want := len(CognitoIdentity.Operations), 23; got != want {
		t.Errorf("cognito-identity has %d operations, want %d", got, want)
	}

	codes := parsedCodes(t)
	accesses := []Access{AccessList, AccessRead, AccessWrite, AccessTagging, AccessPermissions}
	condition := regexp.MustCompile(`^(aws|cognito-identity|cognito-identity-auth|cognito-identity-unauth):[A-Z]\w+(/\$\{TagKey\})?$`)
	seen := make(map[string]bool)
	for op := range operations {
		checkDoc(t, op.Name, op.Doc)
		if seen[op.Name] {
			t.Errorf("two operations are called %s", op.Name)
		}
		seen[op.Name] = true
		if op.Input == nil || op.Input.Kind != Structure {
			t.Errorf("%s: input is not a structure", op.Name)
			continue
		}
		if op.Output != nil && op.Output.Kind != Structure {
			t.Errorf("%s: output is not a structure", op.Name)
		}
		if !slices.Contains(accesses, op.Access) {
			t.Errorf("%s: access level %q", op.Name, op.Access)
		}
		for i, code := range op.Errors {
			if !slices.Contains(codes, code) || slices.Contains(op.Errors[:i], code) {
				t.Errorf("%s: error %s is unknown or listed twice", op.Name, code)
			}
			if code.Shared() && code != InternalErrorException {
				t.Errorf("%s: lists %s, which all operations share", op.Name, code)
			}
		}
		for _, key := range op.Conditions {
			if !condition.MatchString(key) {
				t.Errorf("%s: condition key %q", op.Name, key)
			}
		}
		if op.Public && op.Resource.Form != AnyResource {
			t.Errorf("%s: a public operation is not authorised on a resource", op.Name)
		}
	}
}

func TestOperations_Resource(t *testing.T) {
	t.Parallel()
	for op := range operations {
		var want *Shape
		switch op.Resource.Form {
		case AnyResource:
			if op.Resource.Member != "" {
				t.Errorf("%s: any resource, yet the member %s", op.Name, op.Resource.Member)
			}
			continue
		case PoolByID:
			want = identityPoolID
		case PoolByARN:
			want = arnString
		}
		m := op.Input.Member(op.Resource.Member)
		if m == nil || m.Shape != want || !m.Required {
			t.Errorf("%s: %q is not a required member of the input with shape %s", op.Name, op.Resource.Member, want.Name)
		}
	}
}

func TestOperations_Paging(t *testing.T) {
	t.Parallel()
	var paging []string
	for op := range operations {
		p := op.Paging
		if p == nil {
			if op.Input.Member("NextToken") != nil {
				t.Errorf("%s takes a page token and does not say how it pages", op.Name)
			}
			continue
		}
		paging = append(paging, op.Name)
		for what, tt := range map[string]struct {
			in   *Shape
			name string
			kind Kind
		}{
			"token of the input":  {op.Input, p.Token, String},
			"token of the output": {op.Output, p.Token, String},
			"limit":               {op.Input, p.Limit, Integer},
			"result":              {op.Output, p.Result, List},
		} {
			if m := tt.in.Member(tt.name); m == nil || m.Shape.Kind != tt.kind {
				t.Errorf("%s: %s: %q is missing or of the wrong kind", op.Name, what, tt.name)
			}
		}
	}
	if want := []string{"ListIdentities", "ListIdentityPools", "LookupDeveloperIdentity"}; !slices.Equal(paging, want) {
		t.Errorf("operations with pages: %q, want %q", paging, want)
	}
}

func TestShapes_WellFormed(t *testing.T) {
	t.Parallel()
	shapes := reachable(t, allServices...)
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		s := shapes[name]
		if !token.IsExported(name) || !token.IsIdentifier(name) {
			t.Errorf("shape %q: the name is not that of a Go type", name)
		}
		if s.Kind < String || s.Kind > Structure {
			t.Errorf("%s: kind %d", name, s.Kind)
		}
		if s.Min < 0 || s.Max < 0 || s.Max > 0 && s.Min > s.Max {
			t.Errorf("%s: bounds %d to %d", name, s.Min, s.Max)
		}
		if s.Kind != String && (s.Sensitive || s.Pattern != "" || len(s.Enum) > 0) {
			t.Errorf("%s: only a string can have a pattern or values, or be sensitive", name)
		}
		if _, err := regexp.Compile(s.Pattern); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, want := s.Elem != nil, s.Kind == List || s.Kind == Map; got != want {
			t.Errorf("%s: has an element: %t, want %t", name, got, want)
		}
		if got, want := s.Key != nil, s.Kind == Map; got != want {
			t.Errorf("%s: has a key: %t, want %t", name, got, want)
		}
		if s.Kind != Structure && len(s.Members) > 0 {
			t.Errorf("%s: members without being a structure", name)
		}
		for i := range s.Members {
			m := &s.Members[i]
			what := name + "." + m.Name
			checkDoc(t, what, m.Doc)
			if !token.IsExported(m.Name) || !token.IsIdentifier(m.Name) {
				t.Errorf("%s: the name is not that of a Go field", what)
			}
			if m.Shape == nil {
				t.Errorf("%s: no shape", what)
			}
			if s.Member(m.Name) != m {
				t.Errorf("%s: there are two of that name", what)
			}
		}
	}
}

func TestOperation_Declares(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		op   *Operation
		code Code
		want bool
	}{
		{getID, LimitExceededException, true},
		{deleteIdentities, NotAuthorizedException, false},
		{deleteIdentities, ValidationException, true},
		{listAccessKeys, AccessDeniedException, true},
		{getOpenIDTokenForDeveloperIdentity, DeveloperUserAlreadyRegisteredException, true},
		{getOpenIDTokenForDeveloperIdentity, ExternalServiceException, false},
	} {
		if got := tt.op.Declares(tt.code); got != tt.want {
			t.Errorf("%s.Declares(%s) = %t, want %t", tt.op.Name, tt.code, got, tt.want)
		}
	}
	for service, want := range map[*Service]string{
		CognitoIdentity: "cognito-identity:CreateIdentityPool",
		Control:         "poolkeeper:CreateAccessKey",
	} {
		if got := service.Action(service.Operations[0]); got != want {
			t.Errorf("%s.Action(%s) = %q, want %q", service.Name, service.Operations[0].Name, got, want)
		}
	}
}
