package store

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// queries returns the constants of query.go by name.
func queries(t *testing.T) map[string]query {
	t.Helper()
	all := constants(t, "query.go")
	if len(all) < 30 || all["selectLogin"] != selectLogin {
		t.Fatalf("found %d queries", len(all))
	}
	return all
}

func constants(t *testing.T, name string) map[string]query {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]query)
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all[spec.Names[0].Name] = query(text)
		}
		return true
	})
	return all
}

// portable tells what of a text another engine would take otherwise, or not at all.
func portable(text string) error {
	next := 1
	for _, m := range regexp.MustCompile(`\$(\d+)`).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1])
		if n > next {
			return fmt.Errorf("$%d appears before $%d", n, next)
		}
		next = max(next, n+1)
	}
	if m := regexp.MustCompile(`(?i)\b(FOREIGN|REFERENCES|SEQUENCE|SERIAL|AUTOINCREMENT|TRIGGER|SAVEPOINT|TRUNCATE|ROWID|REPLACE|COLLATE|GLOB|TEMP|NATURAL)\b|\?|@|"`).FindString(text); m != "" {
		return fmt.Errorf("uses %s", m)
	}
	if strings.Contains(strings.ReplaceAll(text, "count(*)", ""), "*") {
		return fmt.Errorf("does not name its columns")
	}
	if strings.Contains(text, "LIMIT") && !regexp.MustCompile(`ORDER BY (created, )?(id|number|key|seq|subject)\b`).MatchString(text) {
		return fmt.Errorf("has a limit without a unique order")
	}
	return nil
}

func TestQueries_Portable(t *testing.T) {
	t.Parallel()
	for name, q := range queries(t) {
		if err := portable(string(q)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{
		"SELECT a FROM b WHERE c = $2 AND d = $1", "SELECT * FROM a", "SELECT a FROM b LIMIT 1",
		"SELECT a FROM b ORDER BY created LIMIT 1", "SELECT rowid FROM a", "SAVEPOINT a", `SELECT "a"`,
	} {
		if portable(bad) == nil {
			t.Errorf("%s: not noticed", bad)
		}
	}
}

// A key says on which machine a row is, so no row gets another one; and not every engine has ON CONFLICT DO UPDATE, or
// ON CONFLICT with a target, for rows that are elsewhere.
func TestQueries_Spread(t *testing.T) {
	t.Parallel()
	for name, q := range queries(t) {
		if err := movesRow(string(q)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{
		"UPDATE login SET provider = $1 WHERE subject = $2", "UPDATE entity SET name = $1, key = $2 WHERE id = $3",
		"INSERT INTO pool (id) VALUES ($1) ON CONFLICT (id) DO NOTHING", "INSERT INTO pool (id) VALUES ($1) ON CONFLICT DO UPDATE SET id = $1",
	} {
		if movesRow(bad) == nil {
			t.Errorf("%s: not noticed", bad)
		}
	}
	if err := movesRow("UPDATE entity SET name = $1 WHERE key = $2"); err != nil {
		t.Error(err)
	}
}

func movesRow(text string) error {
	if text = strings.Join(strings.Fields(text), " "); strings.Contains(strings.ReplaceAll(text, "ON CONFLICT DO NOTHING", ""), "ON CONFLICT") {
		return errors.New("has ON CONFLICT other than DO NOTHING")
	}
	text, update := strings.CutPrefix(text, "UPDATE ")
	name, set, _ := strings.Cut(text, " SET ")
	set, _, _ = strings.Cut(set, " WHERE ")
	for _, t := range tables {
		for _, key := range strings.Split(t.key, ", ") {
			if update && t.Name == name && regexp.MustCompile(`\b`+key+` =`).MatchString(set) {
				return fmt.Errorf("changes %s of %s, which says where the row is", key, name)
			}
		}
	}
	return nil
}

// No query sorts, and those that requests cause search by key.
func TestQueries_Plan(t *testing.T) {
	t.Parallel()
	db := openNew(t)
	c, err := lite(db).readers.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer lite(db).readers.give(c, false)
	all := map[string]bool{"selectSigningKeys": true, "selectNextDeadPool": true, "selectVersion": true, "selectEvents": true, "selectLastEvent": true}
	for name, q := range queries(t) {
		if !strings.HasPrefix(string(q), "SELECT") {
			continue
		}
		var plan []string
		args := make([]driver.Value, strings.Count(string(q), "$"))
		err := c.each("EXPLAIN QUERY PLAN "+q, func(row []driver.Value) error {
			plan = append(plan, row[3].(string))
			return nil
		}, args...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		text := strings.Join(plan, "; ")
		if strings.Contains(text, "TEMP B-TREE") || strings.Contains(text, "SCAN") && !all[name] {
			t.Errorf("%s: %s", name, text)
		}
		if want := "SEARCH login USING PRIMARY KEY (provider=? AND subject=?); CORRELATED SCALAR SUBQUERY 1; SEARCH identity USING INTEGER PRIMARY KEY (rowid=?)"; name == "selectLogin" && text != want {
			t.Errorf("%s: got %s, want %s", name, text, want)
		}
		if want := "SEARCH entity USING PRIMARY KEY (account=? AND kind=? AND key>?)"; name == "selectEntities" && text != want {
			t.Errorf("%s: got %s, want %s", name, text, want)
		}
		if want := "SEARCH identity USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"; name == "selectIdentities" && text != want {
			t.Errorf("%s: got %s, want %s", name, text, want)
		}
	}
}
