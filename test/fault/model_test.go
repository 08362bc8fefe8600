package fault_test

import (
	"fmt"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// users is how many developer users a pool of the model has: few, so that calls meet.
const users = 4

// maxIDs bounds the identities that a history of one pool may show.
const maxIDs = 256

type kind int8

const (
	signIn     kind = iota // of user, with identity if that is not 0
	guest                  // makes one
	merge                  // of user into other
	unlink                 // user from identity
	lookUp                 // the identity of user
	lookUpUser             // the users of identity
	remove                 // identity
)

// An op is a call about one pool. Identities have numbers, from 1 on, in the order in which
// answers showed them; 0 is none.
type op struct {
	kind        kind
	user, other int8
	identity    int16
}

// An answer is what came of an op.
type answer struct {
	unknown  bool
	refusal  api.Code
	identity int16
	users    uint8 // a bit for each
}

// notDeleted is how DeleteIdentities says that there is no such identity.
const notDeleted api.Code = "AccessDenied"

type status uint8

const (
	unseen status = iota
	isGuest
	isUser // and inaccessible while nobody holds it
	isMerged
	isDeleted
)

// A state is what a pool has. An identity that no answer has shown yet has a negative number,
// which says which is the first of the users that hold it.
type state struct {
	holds  [users]int16
	status [maxIDs]status
}

func (s *state) held(identity int16) (by uint8) {
	for u, h := range s.holds {
		if h == identity {
			by |= 1 << u
		}
	}
	return by
}

// move gives all users of one identity another one.
func (s *state) move(from, to int16) {
	for u, h := range s.holds {
		if h == from {
			s.holds[u] = to
		}
	}
}

// number gives the identities that nobody has seen their numbers.
func (s *state) number() {
	for u, h := range s.holds {
		if h < 0 && h != -int16(u+1) && s.held(h)&(1<<u-1) == 0 {
			s.move(h, -int16(u+1))
		}
	}
}

// there reports whether an identity is.
func (s *state) there(identity int16) bool {
	return s.status[identity] != unseen && s.status[identity] != isDeleted
}

// do does what an op asks for and returns what it is to be answered.
func (s *state) do(o op) (a answer) {
	refuse := func(c api.Code) answer { return answer{refusal: c} }
	switch o.kind {
	case signIn:
		mine := s.holds[o.user]
		if o.identity == 0 {
			if mine == 0 {
				mine = -int16(o.user + 1)
				s.holds[o.user] = mine
			}
			return answer{identity: mine}
		}
		switch {
		case !s.there(o.identity):
			return refuse(api.ResourceNotFoundException)
		case s.status[o.identity] == isMerged:
			return refuse(api.NotAuthorizedException)
		case mine == o.identity:
		case mine != 0:
			return refuse(api.DeveloperUserAlreadyRegisteredException)
		case s.status[o.identity] == isUser:
			return refuse(api.NotAuthorizedException)
		}
		s.holds[o.user], s.status[o.identity] = o.identity, isUser
		return answer{identity: o.identity}
	case merge:
		from, to := s.holds[o.user], s.holds[o.other]
		switch {
		case from == 0 || to == 0:
			return refuse(api.ResourceNotFoundException)
		case from != to:
			s.move(from, to)
			if from > 0 {
				s.status[from] = isMerged
			}
			s.number()
		}
		return answer{identity: s.holds[o.other]}
	case unlink:
		switch mine := s.holds[o.user]; {
		case !s.there(o.identity) || mine == 0:
			return refuse(api.ResourceNotFoundException)
		case mine != o.identity:
			return refuse(api.ResourceConflictException)
		}
		s.holds[o.user] = 0
	case lookUp:
		if s.holds[o.user] == 0 {
			return refuse(api.ResourceNotFoundException)
		}
		return answer{identity: s.holds[o.user]}
	case lookUpUser:
		if !s.there(o.identity) {
			return refuse(api.ResourceNotFoundException)
		}
		return answer{users: s.held(o.identity)}
	case remove:
		if !s.there(o.identity) {
			return refuse(notDeleted)
		}
		s.move(o.identity, 0)
		s.status[o.identity] = isDeleted
	}
	return answer{}
}

// step reports whether an op may be answered so in a state, and returns the one after it. An
// answer that shows an identity for the first time is where that gets its number.
func step(s state, o op, a answer) (bool, state) {
	want := s.do(o)
	switch {
	case a.unknown:
		return true, s
	case o.kind == guest && a.refusal == "":
		if a.identity == 0 || s.status[a.identity] != unseen {
			return false, s
		}
		s.status[a.identity] = isGuest
		return true, s
	case want.identity < 0 && a.refusal == "":
		if a.identity == 0 || s.status[a.identity] != unseen {
			return false, s
		}
		s.move(want.identity, a.identity)
		s.status[a.identity] = isUser
		return true, s
	}
	return a == want, s
}

// model is the identity pool service as one that does one thing after the other. An op whose
// answer is unknown may take effect at any time after its call, and so also never: after
// everything else.
var model = porcupine.Model{
	Init: func() any { return state{} },
	Step: func(s, in, out any) (bool, any) { return step(s.(state), in.(op), out.(answer)) },
	DescribeOperation: func(in, out any) string {
		return fmt.Sprint(in, " → ", out)
	},
	DescribeState: func(s any) string { return fmt.Sprint(s.(state).holds) },
}

func (o op) String() string {
	switch o.kind {
	case signIn:
		if o.identity == 0 {
			return fmt.Sprintf("sign in u%d", o.user)
		}
		return fmt.Sprintf("sign in u%d as #%d", o.user, o.identity)
	case guest:
		return "guest"
	case merge:
		return fmt.Sprintf("merge u%d into u%d", o.user, o.other)
	case unlink:
		return fmt.Sprintf("unlink u%d from #%d", o.user, o.identity)
	case lookUp:
		return fmt.Sprintf("look up u%d", o.user)
	case lookUpUser:
		return fmt.Sprintf("look up #%d", o.identity)
	}
	return fmt.Sprintf("delete #%d", o.identity)
}

func (a answer) String() string {
	switch {
	case a.unknown:
		return "?"
	case a.refusal != "":
		return string(a.refusal)
	case a.identity != 0:
		return fmt.Sprintf("#%d", a.identity)
	case a.users != 0:
		var b strings.Builder
		for u := range users {
			if a.users&(1<<u) != 0 {
				fmt.Fprintf(&b, " u%d", u)
			}
		}
		return b.String()[1:]
	}
	return "ok"
}
