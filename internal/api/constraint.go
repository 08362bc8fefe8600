package api

import (
	"fmt"
	"slices"
	"strings"
)

// CheckString returns what v breaks of the shape's constraints, in AWS's words
// and order: length before pattern, maximum before minimum. Nil: nothing.
// Lengths count UTF-16 code units, as the Java service does.
func (s *Shape) CheckString(v string) []string {
	var broken []string
	if s.Min > 0 || s.Max > 0 {
		broken = s.CheckLen(Length(v))
	}
	if s.Pattern != "" && !s.pattern.matches(s.Pattern, v) {
		broken = append(broken, "Member must satisfy regular expression pattern: "+s.Pattern)
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		broken = append(broken, "Member must satisfy enum value set: ["+strings.Join(s.Enum, ", ")+"]")
	}
	return broken
}

// CheckLen returns what a length of n breaks of the shape's bounds.
func (s *Shape) CheckLen(n int) []string {
	var broken []string
	if s.Max > 0 && int64(n) > s.Max {
		broken = append(broken, fmt.Sprintf("Member must have length less than or equal to %d", s.Max))
	}
	if int64(n) < s.Min {
		broken = append(broken, fmt.Sprintf("Member must have length greater than or equal to %d", s.Min))
	}
	return broken
}

// CheckNumber returns what n breaks of the shape's bounds.
func (s *Shape) CheckNumber(n int64) []string {
	var broken []string
	if s.Max > 0 && n > s.Max {
		broken = append(broken, fmt.Sprintf("Member must have value less than or equal to %d", s.Max))
	}
	if s.Min > 0 && n < s.Min {
		broken = append(broken, fmt.Sprintf("Member must have value greater than or equal to %d", s.Min))
	}
	return broken
}

// Length is how long v is in the sense of Min and Max of a String: in UTF-16 code units.
func Length(v string) int {
	n := 0
	for _, r := range v {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}
