package main

import (
	"slices"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A structure is a Structure of the description and what uses it.
type structure struct {
	*api.Shape
	// inputOf and outputOf name operations, memberOf other structures.
	inputOf, outputOf, memberOf []string
}

// structures returns the structures of the services, sorted by name.
func structures(services []*api.Service) []*structure {
	found := make(map[*api.Shape]*structure)
	var visit func(*api.Shape) *structure
	visit = func(s *api.Shape) *structure {
		if st := found[s]; st != nil {
			return st
		}
		st := &structure{Shape: s}
		found[s] = st
		for _, m := range s.Members {
			if inner := innermost(m.Shape); inner.Kind == api.Structure {
				used := visit(inner)
				used.memberOf = append(used.memberOf, s.Name)
			}
		}
		return st
	}
	for _, service := range services {
		for _, op := range service.Operations {
			in := visit(op.Input)
			in.inputOf = append(in.inputOf, op.Name)
			if op.Output != nil {
				out := visit(op.Output)
				out.outputOf = append(out.outputOf, op.Name)
			}
		}
	}
	var all []*structure
	for _, st := range found {
		slices.Sort(st.memberOf)
		all = append(all, st)
	}
	slices.SortFunc(all, func(a, b *structure) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// innermost is what a List or Map holds in the end; any other shape is its own.
func innermost(s *api.Shape) *api.Shape {
	for s.Kind == api.List || s.Kind == api.Map {
		s = s.Elem
	}
	return s
}
