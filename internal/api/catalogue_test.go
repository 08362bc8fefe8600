package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Nothing lists the codes and texts at run time, so the tests read them in the source.

// parsedCodes returns the codes that errors.go declares.
func parsedCodes(t *testing.T) []Code {
	t.Helper()
	var declared []Code
	eachValue(t, "errors.go", func(name string, typ, value ast.Expr) {
		if id, ok := typ.(*ast.Ident); !ok || id.Name != "Code" {
			return
		}
		code := Code(unquote(t, value))
		if string(code) != name {
			t.Errorf("constant %s = %q, want its own name", name, code)
		}
		declared = append(declared, code)
	})
	if len(declared) == 0 {
		t.Fatal("errors.go: no codes found")
	}
	return declared
}

// parsedTexts returns the texts that the files of the catalogue declare, by name.
func parsedTexts(t *testing.T) map[string]Text {
	t.Helper()
	codes := parsedCodes(t)
	origins := map[string]Origin{"Observed": Observed, "Sibling": Sibling, "Documented": Documented, "Ours": Ours}
	texts := make(map[string]Text)
	files, err := filepath.Glob("catalogue*.go")
	if err != nil {
		t.Fatal(err)
	}
	add := func(name string, _, value ast.Expr) {
		lit, ok := value.(*ast.CompositeLit)
		if !ok || len(lit.Elts) != 3 {
			t.Errorf("%s is not a Text of code, format and origin", name)
			return
		}
		code, isCode := lit.Elts[0].(*ast.Ident)
		origin, isOrigin := lit.Elts[2].(*ast.Ident)
		if !isCode || !isOrigin || !slices.Contains(codes, Code(code.Name)) || origins[origin.Name] == "" {
			t.Errorf("%s: code and origin must be named constants", name)
			return
		}
		texts[name] = Text{Code(code.Name), unquote(t, lit.Elts[1]), origins[origin.Name]}
	}
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			eachValue(t, file, add)
		}
	}
	if len(texts) == 0 {
		t.Fatal("catalogue*.go: no texts found")
	}
	return texts
}

// eachValue calls f for each constant and variable that file declares with a value.
func eachValue(t *testing.T, file string, f func(name string, typ, value ast.Expr)) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range parsed.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range gen.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok || len(v.Values) != len(v.Names) {
				continue
			}
			for i, name := range v.Names {
				f(name.Name, v.Type, v.Values[i])
			}
		}
	}
}

func unquote(t *testing.T, e ast.Expr) string {
	t.Helper()
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		t.Fatalf("%T is not a literal", e)
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		t.Fatalf("unquote %s: %v", lit.Value, err)
	}
	return s
}

func TestCatalogue_Texts(t *testing.T) {
	t.Parallel()
	listed := make(map[Code]bool)
	for op := range operations {
		for _, code := range op.Errors {
			listed[code] = true
		}
	}
	verb := regexp.MustCompile(`%.?`)
	seen := make(map[Text]string)
	for name, text := range parsedTexts(t) {
		if !text.Code.Shared() && !listed[text.Code] {
			t.Errorf("%s: no operation may answer with %s", name, text.Code)
		}
		for _, v := range verb.FindAllString(text.Format, -1) {
			if v != "%s" && v != "%d" {
				t.Errorf("%s: %q has the verb %q, want only %%s and %%d", name, text.Format, v)
			}
		}
		if text.Format != strings.TrimSpace(text.Format) {
			t.Errorf("%s: %q has blanks around it", name, text.Format)
		}
		if other, ok := seen[text]; ok {
			t.Errorf("%s and %s are the same", name, other)
		}
		seen[text] = name
	}
}

// The wording of these is what clients match on.
func TestCatalogue_Observed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  *Error
		code Code
		want string
	}{
		{PoolNotFound.With("us-east-1:0"), ResourceNotFoundException, "IdentityPool 'us-east-1:0' not found."},
		{IdentityNotFound.With("us-east-1:0"), ResourceNotFoundException, "Identity 'us-east-1:0' not found."},
		{IdentityForbidden.With("us-east-1:0"), NotAuthorizedException, "Access to Identity 'us-east-1:0' is forbidden."},
		{GuestsNotAllowed.With(), NotAuthorizedException, "Unauthenticated access is not supported for this identity pool."},
		{LoginsDontMatch.With(), NotAuthorizedException, "Logins don't match. Please include at least one valid login for this identity or identity pool."},
		{LoginIssuerMismatch.With(), NotAuthorizedException, "Invalid login token. Issuer doesn't match providerName"},
		{LoginTokenExpired.With(1589092400, 1589092129), NotAuthorizedException, "Invalid login token. Token expired: 1589092400 >= 1589092129"},
		{LoginNotIDToken.With(), NotAuthorizedException, "Invalid login token. Not a valid OpenId Connect identity token."},
		{LoginClaimMissing.With("aud"), NotAuthorizedException, "Invalid login token. Missing a required claim: aud"},
		{LoginNotVerified.With(), NotAuthorizedException, "Invalid login token. Couldn't verify signed token."},
		{NotOwnToken.With(), NotAuthorizedException, "Invalid login token. Not a Cognito token."},
		{AmbiguousRole.With("accounts.google.com"), NotAuthorizedException, "The ambiguous role mapping rules for: accounts.google.com denied this request."},
		{RoleForbidden.With("arn:aws:iam::1:role/X"), NotAuthorizedException, "Access to Role 'arn:aws:iam::1:role/X' is forbidden."},
		{PoolMisconfigured.With(), InvalidIdentityPoolConfigurationException, "Invalid identity pool configuration. Check assigned IAM roles for this pool."},
		{ClassicFlowDisabled.With(), InvalidParameterException, "Basic (classic) flow is not enabled, please use enhanced flow."},
		{ClassicFlowWithMappings.With(), InvalidParameterException, "Basic (classic) flow is not supported with RoleMappings, please use enhanced flow."},
		{InvalidRoleMapping.With("a"), InvalidParameterException, "a is not a valid RoleMapping ProviderName or is not a configured provider."},
		{NotAPublicProvider.With(), InvalidParameterException, "Please provide a valid public provider"},
		{NotAllowed.With("a", "b", "c"), AccessDeniedException, "User: a is not authorized to perform: b on resource: c"},
		{UnknownAction.With("GetThing", "2011-06-15"), InvalidAction, "Could not find operation GetThing for version 2011-06-15"},
		{TooManyLogins.With(20), ResourceConflictException, "An identity can not have more than 20 logins."},
	} {
		if tt.err.Code != tt.code || tt.err.Message != tt.want {
			t.Errorf("got %s %q, want %s %q", tt.err.Code, tt.err.Message, tt.code, tt.want)
		}
	}
}
