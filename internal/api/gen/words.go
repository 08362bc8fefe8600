package main

import (
	"fmt"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// bounds words the length or value bounds of s itself: "1 to 55 characters",
// "at most 10 entries", "1 to 60". Empty: none.
func bounds(s *api.Shape) string {
	unit := ""
	switch s.Kind {
	case api.String:
		unit = " characters"
	case api.List:
		unit = " elements"
	case api.Map:
		unit = " entries"
	}
	switch {
	case s.Min > 0 && s.Max > 0:
		return fmt.Sprintf("%d to %d%s", s.Min, s.Max, unit)
	case s.Max > 0:
		return fmt.Sprintf("at most %d%s", s.Max, unit)
	case s.Min > 0:
		return fmt.Sprintf("at least %d%s", s.Min, unit)
	}
	return ""
}

// parts names the shapes that s is made of, as far as they are constrained in
// place: itself, and the elements, keys and values of a collection. Structures are
// described on their own.
func parts(s *api.Shape, visit func(label string, part *api.Shape)) {
	visit("", s)
	switch s.Kind {
	case api.List:
		visit("each", s.Elem)
	case api.Map:
		visit("keys", s.Key)
		visit("values", s.Elem)
	}
}

// constraints words all constraints of s but that it is required, patterns and
// values quoted by quote. Empty: none.
func constraints(s *api.Shape, quote func(string) string) string {
	var all []string
	parts(s, func(label string, part *api.Shape) {
		var own []string
		if b := bounds(part); b != "" {
			own = append(own, b)
		}
		if part.Pattern != "" {
			own = append(own, "pattern "+quote(part.Pattern))
		}
		if len(part.Enum) > 0 {
			values := make([]string, len(part.Enum))
			for i, v := range part.Enum {
				values[i] = quote(v)
			}
			own = append(own, "one of "+strings.Join(values, ", "))
		}
		if len(own) == 0 {
			return
		}
		if label != "" {
			label += " "
		}
		all = append(all, label+strings.Join(own, ", "))
	})
	return strings.Join(all, "; ")
}

// sentence begins s with a capital letter and ends it with a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// enumeration joins words as prose does: "a, b and c".
func enumeration(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
