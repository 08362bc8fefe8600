package iam

import "strings"

// A statement is compiled for matching. The lists that its policy's kind has no
// element for are empty.
type statement struct {
	sid  string
	deny bool

	actions   []string // globs in lower case
	notAction bool

	resources   []template
	notResource bool

	principals   []principal
	notPrincipal bool

	conditions []condition
}

// statement reads a statement.
func (r *reader) statement() (statement, error) {
	var s statement
	var effect string
	seen := map[string]bool{}
	err := r.object(func(name string) (err error) {
		seen[name] = true
		switch name {
		case "Sid":
			s.sid, err = r.sid()
		case "Effect":
			if effect, err = r.text(); err == nil && effect != "Allow" && effect != "Deny" {
				err = r.errorf("Effect is Allow or Deny")
			}
			s.deny = effect == "Deny"
		case "Action", "NotAction":
			s.notAction = name == "NotAction"
			s.actions, err = r.actions()
		case "Resource", "NotResource":
			if r.kind == TrustPolicy {
				return r.errorf("a trust policy has no %s: it is about its role", name)
			}
			s.notResource = name == "NotResource"
			s.resources, err = r.resources()
		case "Principal", "NotPrincipal":
			if r.kind != TrustPolicy {
				return r.errorf("only a trust policy has a %s", name)
			}
			s.notPrincipal = name == "NotPrincipal"
			s.principals, err = r.principals()
		case "Condition":
			s.conditions, err = r.conditions()
		default:
			err = r.errorf("%q is no element of a statement", name)
		}
		return err
	})
	if err != nil {
		return statement{}, err
	}
	subject := "Resource"
	if r.kind == TrustPolicy {
		subject = "Principal"
	}
	for _, element := range []string{"Action", subject} {
		if seen[element] == seen["Not"+element] {
			return statement{}, r.errorf("a statement needs %s or Not%s, one of them", element, element)
		}
	}
	switch {
	case !seen["Effect"]:
		return statement{}, r.errorf("a statement needs an Effect")
	case s.notPrincipal && !s.deny:
		// The guide: NotPrincipal is for Deny. With Allow it would admit the world.
		return statement{}, r.errorf("NotPrincipal needs the Effect Deny")
	}
	return s, nil
}

func (r *reader) sid() (string, error) {
	sid, err := r.text()
	switch {
	case err != nil:
		return "", err
	case strings.IndexFunc(sid, func(c rune) bool { return c > 'z' || !alphanumeric(byte(c)) }) >= 0:
		return "", r.errorf("the Sid %q is not alphanumeric", sid)
	case sid != "" && r.sids[sid]:
		return "", r.errorf("another statement has the Sid %q", sid)
	}
	r.sids[sid] = true
	return sid, nil
}

func (r *reader) actions() (globs []string, err error) {
	err = r.oneOrMore('"', func() error {
		action, err := r.text()
		if err != nil {
			return err
		}
		service, name, _ := strings.Cut(action, ":")
		if action != "*" && (!isWord(service) || name == "" || strings.Contains(name, ":")) {
			return r.errorf("the action %q is neither SERVICE:NAME nor *", action)
		}
		globs = append(globs, lower(globOf(action)))
		return nil
	})
	return globs, err
}

func (r *reader) resources() (patterns []template, err error) {
	err = r.oneOrMore('"', func() error {
		resource, err := r.text()
		if err != nil {
			return err
		}
		if err := r.checkResource(resource); err != nil {
			return err
		}
		t, err := r.template(resource, true)
		patterns = append(patterns, t)
		return err
	})
	return patterns, err
}

// checkResource takes what could be the ARN of something. A pattern may stop early
// at a *, which runs on over the segments behind it.
func (r *reader) checkResource(resource string) error {
	if resource == "*" {
		return nil
	}
	segments := splitARN(resource, r.variables)
	short := len(segments) < 6
	if segments[0] != "arn" || len(segments) < 4 || short && !strings.HasSuffix(resource, "*") {
		return r.errorf("the resource %q is neither an ARN nor *", resource)
	}
	if !isWord(segments[2]) {
		return r.errorf("the service in the resource %q is not spelled out", resource)
	}
	if r.variables && strings.Contains(strings.Join(segments[:min(5, len(segments))], ""), "${") {
		return r.errorf("a variable stands before the fifth colon of the resource %q", resource)
	}
	return nil
}

// applies reports whether the statement is about the request.
func (s *statement) applies(q *query) bool {
	return s.hasAction(q) && s.hasPrincipal(q) && s.hasResource(q) && s.holds(q)
}

func (s *statement) hasAction(q *query) bool {
	for _, glob := range s.actions {
		if match(glob, q.action) {
			return !s.notAction
		}
	}
	return s.notAction
}

func (s *statement) hasPrincipal(q *query) bool {
	if !q.trust {
		return true
	}
	for i := range s.principals {
		if s.principals[i].matches(q) {
			return !s.notPrincipal
		}
	}
	return s.notPrincipal
}

func (s *statement) hasResource(q *query) bool {
	if q.trust {
		return true
	}
	unresolved := false
	for i := range s.resources {
		glob, ok := s.resources[i].resolve(q)
		if ok && match(glob, q.resource) {
			return !s.notResource
		}
		unresolved = unresolved || !ok
	}
	// What a NotResource leaves out is unknown while one of its variables is: that
	// must not allow.
	return s.notResource && (s.deny || !unresolved)
}

func (s *statement) holds(q *query) bool {
	for i := range s.conditions {
		if !s.conditions[i].holds(q) {
			return false
		}
	}
	return true
}

// isWord reports whether s can be the namespace of a service.
func isWord(s string) bool {
	for i := range len(s) {
		if !alphanumeric(s[i]) && s[i] != '-' && s[i] != '.' {
			return false
		}
	}
	return s != ""
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}
