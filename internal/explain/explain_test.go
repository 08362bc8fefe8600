package explain_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/explain"
)

var errWhy = errors.New("why")

// told is an explanation in short.
func told(t *testing.T, r *explain.Record, err error) string {
	t.Helper()
	e, internal := r.Explanation(err)
	if internal != nil {
		t.Fatal(internal)
	}
	var steps []string
	for _, s := range e.Steps {
		text := s.About + s.Step + ":" + s.Outcome
		if s.Expected != "" {
			text += "(" + s.Expected + "/" + s.Found + ")"
		}
		steps = append(steps, text)
	}
	return strings.Join(steps, " ")
}

func TestRecord_Steps(t *testing.T) {
	t.Parallel()
	refused := api.LoginNotVerified.With().Because(errWhy)
	for _, tc := range []struct {
		name string
		do   func(r *explain.Record)
		err  error
		want string
	}{
		{"nothing", func(*explain.Record) {}, nil, ""},
		{"as planned", func(r *explain.Record) {
			r.Plan("a", "b")
			r.At("a", "x")
			r.At("b", "y")
			r.Found("%d", 2)
		}, nil, "a:passed(x/) b:passed(y/2)"},
		{"refused at the last one named", func(r *explain.Record) {
			r.Plan("a", "b", "c")
			r.At("a", "x")
			r.At("b", "y")
		}, refused, "a:passed(x/) b:failed(y/why) c:notReached"},
		{"refused, with what was found", func(r *explain.Record) {
			r.At("a", "x")
			r.Found("z")
		}, refused, "a:failed(x/z)"},
		{"a step that was not planned", func(r *explain.Record) {
			r.Plan("a", "c")
			r.At("a", "x")
			r.At("b", "y")
		}, refused, "a:passed(x/) b:failed(y/why) c:notReached"},
		{"a step that is passed over", func(r *explain.Record) {
			r.Plan("a", "b", "c", "d")
			r.At("a", "x")
			r.At("c", "y")
		}, refused, "a:passed(x/) c:failed(y/why) d:notReached"},
		{"plans within plans", func(r *explain.Record) {
			r.Plan("a", "b")
			r.At("a", "x")
			r.Plan("a1", "a2")
			r.Plan("a3")
			r.At("a1", "y")
		}, refused, "a:passed(x/) a1:failed(y/why) a2:notReached a3:notReached b:notReached"},
		{"gone through again", func(r *explain.Record) {
			r.Plan("a", "b", "c")
			for range 2 {
				r.At("a", "x")
				r.At("b", "y")
			}
			r.At("a", "x")
			r.At("c", "z")
		}, nil, "a:passed(x/) b:passed(y/) c:passed(z/)"},
		{"refused when gone through again", func(r *explain.Record) {
			r.At("a", "x")
			r.At("b", "y")
			r.At("a", "x")
		}, refused, "a:failed(x/why) b:notReached"},
		{"about several things", func(r *explain.Record) {
			for _, about := range []string{"p", "q"} {
				r.About(about)
				r.Plan("a", "b")
			}
			r.About("p")
			r.At("a", "x")
			r.At("b", "x")
			r.About("q")
			r.At("a", "y")
		}, refused, "pa:passed(x/) pb:passed(x/) qa:failed(y/why) qb:notReached"},
		{"withheld", func(r *explain.Record) {
			r.At("a", "x")
			r.Withhold("not told")
		}, refused, "a:failed(x/not told)"},
	} {
		r := new(explain.Record)
		tc.do(r)
		if got := told(t, r, tc.err); got != tc.want {
			t.Errorf("%s: got %s\nwant %s", tc.name, got, tc.want)
		}
		tc.do(nil) // which keeps nothing
	}
}

func TestRecord_Explanation(t *testing.T) {
	t.Parallel()
	r := new(explain.Record)
	if got := explain.From(explain.Into(t.Context(), r)); got != r || explain.From(t.Context()) != nil {
		t.Errorf("of the context: got %p, want %p", got, r)
	}
	r.At("a", "x")
	if _, err := r.Explanation(errWhy); !errors.Is(err, errWhy) {
		t.Errorf("an internal error: got %v", err)
	}
	e, err := r.Explanation(fmt.Errorf("at last: %w", api.LoginNotVerified.With().Because(errWhy)))
	if err != nil || e.Accepted || e.Code != "NotAuthorizedException" || e.Message != api.LoginNotVerified.Format || e.Reason != "why" {
		t.Errorf("refused: got %+v, %v", e, err)
	}
	if e, err = r.Explanation(api.LoginNotVerified.With()); err != nil || e.Reason != api.LoginNotVerified.Format {
		t.Errorf("refused without more: got %+v, %v", e, err)
	}
	if e, err = r.Explanation(nil); err != nil || !e.Accepted || e.Code+e.Message+e.Reason != "" {
		t.Errorf("accepted: got %+v, %v", e, err)
	}
	r.Withhold("not told")
	if e, err = r.Explanation(api.LoginNotVerified.With().Because(errWhy)); err != nil || e.Reason != "not told" {
		t.Errorf("withheld: got %+v, %v", e, err)
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	many := make(explain.List, 12)
	for got, want := range map[string]string{
		explain.Quote("a\x1b\"\n").String():                         `"a\x1b\"\n"`,
		explain.Quote(strings.Repeat("x", 201)).String():            `"` + strings.Repeat("x", 200) + `"…`,
		explain.List(nil).String():                                  "none",
		explain.List{"a", "b"}.String():                             `"a", "b"`,
		many.String():                                               strings.Repeat(`"", `, 9) + `"" and 2 more`,
		fmt.Sprintf("%s %v", explain.Quote("q"), explain.List{"l"}): `"q" "l"`,
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
