package iam_test

import (
	"encoding/json"
	"math/big"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/poolkeeper/poolkeeper/internal/iam"
)

// naive decides from the document itself, by regular expressions and the words of
// the guide. It shares no code and no structure with the package.
type naive struct {
	action, resource string
	keys             map[string][]string
}

func (n naive) decide(document map[string]any) (allowed, denied bool) {
	for _, s := range document["Statement"].([]any) {
		statement := s.(map[string]any)
		if !n.applies(statement) {
			continue
		}
		if statement["Effect"] == "Deny" {
			denied = true
		} else {
			allowed = true
		}
	}
	return allowed && !denied, denied
}

func (n naive) applies(s map[string]any) bool {
	if list, not := s["NotAction"]; not == n.someAction(list, s["Action"]) {
		return false
	}
	list, not := s["NotResource"]
	if !not {
		list = s["Resource"]
	}
	matched, unresolved := false, false
	for _, pattern := range list.([]any) {
		re, ok := n.expression(pattern.(string), true)
		matched = matched || ok && re.MatchString(n.resource)
		unresolved = unresolved || !ok
	}
	if matched == not || not && unresolved && s["Effect"] == "Allow" {
		return false
	}
	for operator, keys := range s["Condition"].(map[string]any) {
		for key, operands := range keys.(map[string]any) {
			if !n.condition(operator, n.keys[strings.ToLower(key)], operands.([]any)) {
				return false
			}
		}
	}
	return true
}

func (n naive) someAction(lists ...any) bool {
	for _, list := range lists {
		if list == nil {
			continue
		}
		for _, pattern := range list.([]any) {
			re, _ := naive{}.expression(strings.ToLower(pattern.(string)), true)
			if re.MatchString(strings.ToLower(n.action)) {
				return true
			}
		}
	}
	return false
}

var variable = regexp.MustCompile(`\$\{([^,}]*)(?:, '([^']*)')?\}`)

func (n naive) expression(pattern string, wild bool) (re *regexp.Regexp, ok bool) {
	quote := func(s string) string {
		s = regexp.QuoteMeta(s)
		if wild {
			s = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(s)
		}
		return s
	}
	out, end := "", 0
	for _, m := range variable.FindAllStringSubmatchIndex(pattern, -1) {
		out += quote(pattern[end:m[0]])
		end = m[1]
		name := strings.ToLower(pattern[m[2]:m[3]])
		values := n.keys[name]
		switch {
		case name == "*" || name == "?" || name == "$":
			out += regexp.QuoteMeta(name)
		case len(values) == 1 && values[0] != "":
			out += regexp.QuoteMeta(values[0])
		case m[4] >= 0:
			out += regexp.QuoteMeta(pattern[m[4]:m[5]])
		default:
			return nil, false
		}
	}
	return regexp.MustCompile(`(?s)^(?:` + out + quote(pattern[end:]) + `)$`), true
}

func (n naive) condition(operator string, values []string, operands []any) bool {
	absent := len(values) == 0
	null := absent || slices.Equal(values, []string{""})
	if operator == "Null" {
		return slices.Contains(operands, any(map[bool]string{true: "true", false: "false"}[null]))
	}
	operator, ifExists := strings.CutSuffix(operator, "IfExists")
	if ifExists && absent {
		return true
	}
	operator, all := strings.CutPrefix(operator, "ForAllValues:")
	operator, some := strings.CutPrefix(operator, "ForAnyValue:")
	positive := strings.Replace(operator, "Not", "", 1)
	negated := positive != operator
	hits := 0
	for _, v := range values {
		equal := slices.ContainsFunc(operands, func(o any) bool { return n.compare(positive, v, o.(string)) })
		if equal != negated {
			hits++
		}
	}
	switch {
	case all:
		return null || hits == len(values)
	case some:
		return !null && hits > 0
	case len(values) == 1:
		return hits == 1
	}
	return negated
}

func (n naive) compare(operator, value, operand string) bool {
	sign := func(name string, c int) bool {
		return c == 0 && strings.HasSuffix(name, "Equals") || c < 0 && strings.Contains(name, "Less") || c > 0 && strings.Contains(name, "Greater")
	}
	switch {
	case strings.HasPrefix(operator, "String"):
		if strings.HasSuffix(operator, "IgnoreCase") {
			value, operand = strings.ToUpper(value), strings.ToUpper(operand)
			n.keys = map[string][]string{}
		}
		re, ok := n.expression(operand, operator == "StringLike")
		return ok && re.MatchString(value)
	case strings.HasPrefix(operator, "Numeric"):
		a, ok := new(big.Rat).SetString(value)
		b, _ := new(big.Rat).SetString(operand)
		return ok && sign(operator, a.Cmp(b))
	case strings.HasPrefix(operator, "Date"):
		a, err := time.Parse(time.DateOnly, value)
		if value == "1" { // the only Unix time that is drawn
			a, err = time.Unix(1, 0), nil
		}
		b, _ := time.Parse(time.DateOnly, operand)
		return err == nil && sign(operator, a.Compare(b))
	case operator == "Bool":
		return value == operand
	case operator == "IpAddress":
		_, block, _ := net.ParseCIDR(operand)
		ip := net.ParseIP(value)
		return ip != nil && block.Contains(ip)
	}
	a, b := strings.SplitN(value, ":", 6), strings.SplitN(operand, ":", 6)
	for i := range b {
		re, ok := n.expression(b[i], true)
		if len(a) != 6 || !ok || !re.MatchString(a[i]) {
			return false
		}
	}
	return true
}

var (
	drawAction   = rapid.SampledFrom([]string{"s3:GetObject", "s3:Get*", "S3:*Object", "*", "sqs:Send?", "s3:?*t"})
	drawAsked    = rapid.SampledFrom([]string{"s3:GetObject", "S3:putobject", "sqs:SendX", "s3:List"})
	drawPattern  = rapid.SampledFrom([]string{"*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${K:One}", "arn:aws:s3:::?/${k:two, 'x'}*", "arn:aws:s3:::${*}", "arn:*:s3:*"})
	drawResource = rapid.SampledFrom([]string{"*", "arn:aws:s3:::b/x", "arn:aws:s3:::b/y", "arn:aws:s3:::*", "arn:aws:s3:::b/"})
	drawKey      = rapid.SampledFrom([]string{"k:one", "K:Two", "k:three"})
	drawValue    = rapid.SampledFrom([]string{"", "x", "y", "X", "*", "1", "1.0", "2.5", "true", "false", "10.0.0.1", "10.9.0.1", "2026-01-01", "2025-06-30", "arn:aws:iam::1:role/x", "arn:aws:iam::1:role:x"})
	drawOperands = map[string]*rapid.Generator[string]{
		"String":  rapid.SampledFrom([]string{"x", "X", "*", "y*", "?", "${k:two}", "${k:two}*", "${*}", ""}),
		"Plain":   rapid.SampledFrom([]string{"x", "*", "true"}),
		"Numeric": rapid.SampledFrom([]string{"1", "2", "2.50"}),
		"Date":    rapid.SampledFrom([]string{"2026-01-01", "2025-12-31"}),
		"Bool":    rapid.SampledFrom([]string{"true", "false"}),
		"Ip":      rapid.SampledFrom([]string{"10.0.0.0/16", "10.0.0.1/32"}),
		"Arn":     rapid.SampledFrom([]string{"arn:aws:iam::*:role/*", "arn:aws:iam::?:*", "arn:*:*:*:*:role${*}", "arn:aws:iam::1:role/${k:two}"}),
	}
	drawOperator = rapid.SampledFrom(strings.Fields(`StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike
		NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan NumericGreaterThanEquals
		DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals
		Bool Null IpAddress NotIpAddress ArnEquals ArnNotEquals ArnLike ArnNotLike`))
)

func drawStatement(t *rapid.T) map[string]any {
	s := map[string]any{"Effect": rapid.SampledFrom([]string{"Allow", "Allow", "Deny"}).Draw(t, "effect")}
	not := rapid.SampledFrom([]string{"", "", "Not"})
	s[not.Draw(t, "not")+"Action"] = rapid.SliceOfN(drawAction, 1, 2).Draw(t, "actions")
	s[not.Draw(t, "not")+"Resource"] = rapid.SliceOfN(drawPattern, 1, 2).Draw(t, "resources")
	condition := map[string]any{}
	for range rapid.IntRange(0, 2).Draw(t, "conditions") {
		operator := drawOperator.Draw(t, "operator")
		family := "Bool"
		for f := range drawOperands {
			if strings.HasPrefix(strings.TrimPrefix(operator, "Not"), f) {
				family = f
			}
		}
		if strings.HasSuffix(operator, "IgnoreCase") {
			family = "Plain"
		}
		if operator != "Null" {
			operator = rapid.SampledFrom([]string{"", "", "ForAllValues:", "ForAnyValue:"}).Draw(t, "prefix") + operator + rapid.SampledFrom([]string{"", "", "IfExists"}).Draw(t, "suffix")
		}
		condition[operator] = map[string]any{drawKey.Draw(t, "key"): rapid.SliceOfN(drawOperands[family], 1, 2).Draw(t, "operands")}
	}
	s["Condition"] = condition
	return s
}

func TestEvaluate_AsNaive(t *testing.T) {
	t.Parallel()
	outcomes := map[[2]bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(map[string]any{
			"Version":   "2012-10-17",
			"Statement": rapid.SliceOfN(rapid.Custom(drawStatement), 1, 3).Draw(t, "statements"),
		})
		if err != nil {
			t.Fatal(err)
		}
		keys := rapid.MapOfN(rapid.SampledFrom([]string{"k:one", "k:two", "k:three"}), rapid.SliceOfN(drawValue, 0, 3), 0, 3).Draw(t, "keys")
		n := naive{drawAsked.Draw(t, "action"), drawResource.Draw(t, "resource"), keys}

		policy, err := iam.Parse(text, iam.IdentityPolicy)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		var document map[string]any
		if err := json.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		got := iam.Evaluate(&iam.Request{Action: n.action, Resource: n.resource, Context: func(key string) []string { return keys[key] }},
			iam.Policies{Identity: []iam.Named{{Policy: policy}}})
		allowed, denied := n.decide(document)
		if got.Allowed != allowed || got.Denied != denied {
			t.Fatalf("got allowed %v, denied %v; want %v, %v\n%s\n%+v", got.Allowed, got.Denied, allowed, denied, text, n)
		}
		outcomes[[2]bool{allowed, denied}]++
	})
	if len(outcomes) != 3 {
		t.Errorf("the draws gave only the outcomes (allowed, denied) %v", outcomes)
	}
}
