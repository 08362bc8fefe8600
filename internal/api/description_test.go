package api

import (
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var allServices = []*Service{CognitoIdentity, IAM, STS, Identities, Control}

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

// reachable returns every shape of the service, by name, and fails the test when
// two shapes have one name.
func reachable(t *testing.T, service *Service) map[string]*Shape {
	t.Helper()
	shapes := make(map[string]*Shape)
	var visit func(*Shape)
	visit = func(s *Shape) {
		if s == nil || shapes[s.Name] == s {
			return
		}
		if shapes[s.Name] != nil {
			t.Errorf("%s: two shapes are called %q", service.Name, s.Name)
			return
		}
		shapes[s.Name] = s
		visit(s.Key)
		visit(s.Elem)
		for _, m := range s.Members {
			visit(m.Shape)
		}
	}
	for _, op := range service.Operations {
		visit(op.Input)
		visit(op.Output)
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
	count := map[*Service]int{CognitoIdentity: 23, IAM: 70, STS: 4, Identities: 11, Control: 9}
	for _, service := range allServices {
		checkDoc(t, service.Name, service.Doc)
		if got, want := len(service.Operations), count[service]; got != want {
			t.Errorf("%s has %d operations, want %d", service.Name, got, want)
		}
		if isQuery := service.Protocol == Query; isQuery != (service.TargetPrefix == "") || isQuery != (service.Namespace != "") {
			t.Errorf("%s: a service has a target prefix with JSON, and a namespace with Query", service.Name)
		}
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

	accesses := []Access{AccessList, AccessRead, AccessWrite, AccessTagging, AccessPermissions}
	condition := regexp.MustCompile(`^(aws|cognito-identity|cognito-identity-auth|cognito-identity-unauth|iam|sts):[A-Z]\w+(/\$\{TagKey\})?$`)
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
			if codes[code].status == 0 || slices.Contains(op.Errors[:i], code) {
				t.Errorf("%s: error %s is unknown or listed twice", op.Name, code)
			}
			if code.Shared() && code != InternalErrorException && code != ExpiredTokenException {
				t.Errorf("%s: lists %s, which all operations share", op.Name, code)
			}
		}
		for _, c := range op.Conditions {
			if !condition.MatchString(c.Key) {
				t.Errorf("%s: condition key %q", op.Name, c.Key)
			}
			if c.Member != "" && op.Input.Member(c.Member) == nil {
				t.Errorf("%s: the values of %s are said to be in %s, which is no member of the input", op.Name, c.Key, c.Member)
			}
			if c.Member == "" && !op.Public {
				t.Errorf("%s: nothing tells the values of %s", op.Name, c.Key)
			}
		}
		if (op.Public || op.AnyPrincipal) && op.Resource.Form != AnyResource {
			t.Errorf("%s: needs no policy, and is authorised on a resource", op.Name)
		}
		if op.Public && (op.AnyPrincipal || op.ByTrust) {
			t.Errorf("%s: a public operation has no principal", op.Name)
		}
		if op.ByTrust && op.Resource.Member != "RoleArn" {
			t.Errorf("%s: trust policies are of roles", op.Name)
		}
	}
}

func TestOperations_Resource(t *testing.T) {
	t.Parallel()
	shapes := map[ResourceForm][]*Shape{
		ByARN:              {arnString, iamARN, stsARN},
		PoolByID:           {identityPoolID},
		UserByName:         {userName, existingUserName},
		UserByAccessKey:    {accessKeyID},
		RoleByName:         {roleName},
		PolicyByName:       {policyName},
		OIDCProviderByURL:  {oidcProviderURL},
		SAMLProviderByName: {samlProviderName},
	}
	used := make(map[ResourceForm]bool)
	for op := range operations {
		r := op.Resource
		used[r.Form] = true
		for _, named := range regexp.MustCompile(`\$\{\w+}`).FindAllString(r.Called, -1) {
			name := strings.Trim(named, "${}")
			if name != "Account" && name != "Region" && op.Input.Member(name) == nil {
				t.Errorf("%s: refusals name %s, which is no member of the input", op.Name, name)
			}
		}
		if r.Form == AnyResource {
			if r != (Resource{Called: r.Called}) {
				t.Errorf("%s: any resource, yet the members %q", op.Name, []string{r.Member, r.Path})
			}
			continue
		}
		m := op.Input.Member(r.Member)
		if m == nil || !slices.Contains(shapes[r.Form], m.Shape) {
			t.Errorf("%s: %q is not a member of the input that form %d can read", op.Name, r.Member, r.Form)
			continue
		}
		// Without a name, it is the caller who is meant.
		if !m.Required && r.Form != UserByName {
			t.Errorf("%s: %s need not be there", op.Name, r.Member)
		}
		if m := op.Input.Member("Path"); (m != nil) != (r.Path != "") || m != nil && m.Name != r.Path {
			t.Errorf("%s: path member %q, want Path where the input has it", op.Name, r.Path)
		}
	}
	for form := AnyResource; form <= SAMLProviderByName; form++ {
		if !used[form] {
			t.Errorf("no operation has the resource form %d", form)
		}
	}
}

// What an operation does to the audit log goes with what it does.
func TestOperations_Audit(t *testing.T) {
	t.Parallel()
	// Each issues an identity, a token or credentials, whatever its access level.
	issue := []*Operation{
		getCredentialsForIdentity, getID, getOpenIDToken, getOpenIDTokenForDeveloperIdentity,
		assumeRole, assumeRoleWithWebIdentity, getSessionToken,
	}
	reads := regexp.MustCompile(`^(Get|List|Lookup|Describe|Search|Explain)[A-Z]`)
	changes := regexp.MustCompile(`^(Add|Attach|Create|Delete|Detach|Disable|Enable|Ensure|Link|Merge|Put|Remove|Revoke|Rotate|Set|Tag|Unlink|Untag|Update)[A-Z]`)
	for op := range operations {
		want := AuditChange
		switch {
		case slices.Contains(issue, op):
			want = AuditIssue
		case reads.MatchString(op.Name) && (op.Access == AccessRead || op.Access == AccessList):
			want = AuditRead
		case !changes.MatchString(op.Name) || op.Access == AccessRead || op.Access == AccessList:
			t.Errorf("%s: neither its name nor its access level %s tells whether it changes anything", op.Name, op.Access)
		}
		if op.Audit != want {
			t.Errorf("%s: audit %d, want %d", op.Name, op.Audit, want)
		}
		if secret := issuesSecret(op.Output); secret != "" && op.Audit == AuditRead {
			t.Errorf("%s answers %s and is a read", op.Name, secret)
		}
	}
}

// issuesSecret returns the name of a sensitive shape within s, or nothing.
func issuesSecret(s *Shape) string {
	if s == nil {
		return ""
	}
	if s.Sensitive {
		return s.Name
	}
	if name := issuesSecret(s.Elem); name != "" {
		return name
	}
	for _, m := range s.Members {
		if name := issuesSecret(m.Shape); name != "" {
			return name
		}
	}
	return ""
}

func TestOperations_Paging(t *testing.T) {
	t.Parallel()
	paging := make(map[*Service]int)
	for op, service := range operations {
		p := op.Paging
		if p == nil {
			if op.Input.Member("NextToken") != nil || op.Input.Member("Marker") != nil {
				t.Errorf("%s takes a page token and does not say how it pages", op.Name)
			}
			continue
		}
		paging[service]++
		if len(p.Results) == 0 {
			t.Errorf("%s: no results", op.Name)
		}
		type named struct {
			what, name string
			in         *Shape
			kind       Kind
		}
		members := []named{
			{"token of the input", p.Token, op.Input, String},
			{"token of the output", p.Token, op.Output, String},
			{"limit", p.Limit, op.Input, Integer},
		}
		for _, result := range p.Results {
			members = append(members, named{"result", result, op.Output, List})
		}
		if p.More != "" {
			members = append(members, named{"more", p.More, op.Output, Boolean})
		}
		for _, n := range members {
			if m := n.in.Member(n.name); m == nil || m.Shape.Kind != n.kind {
				t.Errorf("%s: %s: %q is missing or of the wrong kind", op.Name, n.what, n.name)
			}
		}
	}
	if want := map[*Service]int{CognitoIdentity: 3, IAM: 17, Identities: 1}; !maps.Equal(paging, want) {
		t.Errorf("operations with pages: cognito-identity %d, iam %d, identities %d, sts %d, want %d, %d, %d and none",
			paging[CognitoIdentity], paging[IAM], paging[Identities], paging[STS], want[CognitoIdentity], want[IAM], want[Identities])
	}
}

func TestShapes_WellFormed(t *testing.T) {
	t.Parallel()
	types := make(map[string]*Shape)
	for _, service := range allServices {
		for name, s := range reachable(t, service) {
			if !token.IsIdentifier(name) {
				t.Errorf("shape %q: the name is not an identifier", name)
			}
			if s.Kind == Structure {
				if other := types[name]; other != nil && other != s || !token.IsExported(name) {
					t.Errorf("%s: structure %s: the name is another's or not that of a Go type", service.Name, name)
				}
				types[name] = s
			}
			checkShape(t, s)
		}
	}
}

// checkShape checks what can be said of s without what it is made of.
func checkShape(t *testing.T, s *Shape) {
	t.Helper()
	name := s.Name
	if s.Kind < String || s.Kind > Structure {
		t.Errorf("%s: kind %d", name, s.Kind)
	}
	if s.Min < 0 || s.Max < 0 || s.Max > 0 && s.Min > s.Max {
		t.Errorf("%s: bounds %d to %d", name, s.Min, s.Max)
	}
	if s.Kind != String && (s.Sensitive || s.Hidden || s.Pattern != "" || len(s.Enum) > 0) {
		t.Errorf("%s: only a string can have a pattern or values, or be sensitive", name)
	}
	if s.Sensitive && s.Hidden {
		t.Errorf("%s: sensitive values are hidden anyway", name)
	}
	if _, err := regexp.Compile(goPattern(s.Pattern)); err != nil {
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
		if field := m.Field(); !token.IsExported(field) || !token.IsIdentifier(field) {
			t.Errorf("%s: %s is not the name of a Go field", what, field)
		}
		if m.Shape == nil {
			t.Errorf("%s: no shape", what)
		}
		if s.Member(m.Name) != m {
			t.Errorf("%s: there are two of that name", what)
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
		{listSigningKeys, AccessDeniedException, true},
		{getUser, NoSuchEntity, true},
		{getUser, DeleteConflict, false},
		{getUser, AccessDenied, true},
		{getAccessKeyLastUsed, ServiceFailure, false},
		{getOpenIDTokenForDeveloperIdentity, DeveloperUserAlreadyRegisteredException, true},
		{getOpenIDTokenForDeveloperIdentity, ExternalServiceException, false},
	} {
		if got := tt.op.Declares(tt.code); got != tt.want {
			t.Errorf("%s.Declares(%s) = %t, want %t", tt.op.Name, tt.code, got, tt.want)
		}
	}
	for service, want := range map[*Service]string{
		CognitoIdentity: "cognito-identity:CreateIdentityPool",
		IAM:             "iam:AddClientIDToOpenIDConnectProvider",
		STS:             "sts:AssumeRole",
		Identities:      "poolkeeper:DisableIdentity",
		Control:         "poolkeeper:DeleteRoleUpstream",
	} {
		if got := service.Action(service.Operations[0]); got != want {
			t.Errorf("%s.Action(%s) = %q, want %q", service.Name, service.Operations[0].Name, got, want)
		}
	}
}
