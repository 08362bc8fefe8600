package api

import (
	"math/rand/v2"
	"regexp"
	"testing"
)

// whole is what an expression means: package regexp, anchored.
func whole(expression string) (*regexp.Regexp, error) {
	return regexp.Compile(`\A(?:` + goPattern(expression) + `)\z`)
}

// TestPattern_Description: of each pattern of the description, what is walked through gives the
// answers of package regexp, for texts of what its classes border on.
func TestPattern_Description(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	expressions := map[string]bool{}
	for _, service := range allServices {
		for _, s := range reachable(t, service) {
			if s.Pattern != "" {
				expressions[s.Pattern] = true
			}
		}
	}
	walked := 0
	for expression := range expressions {
		re, err := whole(expression)
		if err != nil {
			t.Fatal(err)
		}
		p := new(pattern)
		check := func(v string) bool {
			want := re.MatchString(v)
			if got := p.matches(expression, v); got != want {
				t.Errorf("%s and %q: got %t, want %t", expression, v, got, want)
			}
			return want
		}
		check("")
		for c := range rune(0x180) {
			check(string(c))
		}
		matched := 0
		const letters = "aAfgzZ059-_:./,=+@ \n\t\x00~é\u2003"
		for range 2000 {
			var v []rune
			for range random.IntN(6) {
				v = append(v, []rune(letters)[random.IntN(len([]rune(letters)))])
			}
			if check(string(v)) {
				matched++
			}
		}
		if p.runs != nil {
			walked++
			if matched == 0 {
				t.Errorf("%s: no text matched", expression)
			}
		}
	}
	if walked < len(expressions)/2 {
		t.Errorf("%d of %d patterns are walked through", walked, len(expressions))
	}
}

// TestPattern_Runs: what can not be walked through in one direction is not taken for it.
func TestPattern_Runs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		expression string
		runs       int
	}{
		{`[\w-]+:[0-9a-f-]+`, 3},
		{`[\w]*`, 1},
		{`ab[0-9]`, 3},
		{`a+ab`, 0}, // the run takes what follows it
		{`[a-c]*[c-e]`, 0},
		{`a[b]*`, 0}, // the last may be empty
		{`a+b*c`, 0},
		{`(un)?authenticated`, 0},
		{`(?i)a`, 0},
		{`a{2,3}`, 0},
		{`^a$`, 0},
		{`(`, 0},
	} {
		if got := len(runsOf(c.expression)); got != c.runs {
			t.Errorf("%s: got %d runs, want %d", c.expression, got, c.runs)
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add(`[\w-]+:[0-9a-f-]+`, "us-east-1:0")
	f.Add(`[a-c]*[c-e]`, "abcc")
	f.Add(`x?`, "é")
	f.Fuzz(func(t *testing.T, expression, v string) {
		if len(expression) > 200 {
			t.Skip("longer than any pattern of the description, and only slower to compile")
		}
		re, err := whole(expression)
		if err != nil {
			t.Skip("package regexp does not compile it, so it means nothing")
		}
		if got, want := new(pattern).matches(expression, v), re.MatchString(v); got != want {
			t.Errorf("%s and %q: got %t, want %t", expression, v, got, want)
		}
	})
}
