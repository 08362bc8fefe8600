package cli

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// paging are the options of a command that fetches all pages.
type paging struct {
	start              string
	started            bool
	pageSize, maxItems *big.Int
	// next is the service's token to start with, and skip how many items of its page were
	// shown before.
	next any
	skip int
}

// setToken sets the token of the next call; nil: it has none.
func (c *call) setToken(v any) {
	if v == nil || v == "None" {
		c.input.delete(c.operation.Paging.Token)
		return
	}
	c.input.set(c.operation.Paging.Token, v)
}

// truncated is the member of a token that tells how much of a page was shown already. AWS's
// tools name it so.
const truncated = "boto_truncate_amount"

// choosePaging decides by the options whether all pages are fetched: not when the
// operation's own paging parameters are given, or --no-paginate.
func (c *call) choosePaging() error {
	p := c.operation.Paging
	if p == nil || !p.Paginated {
		return nil
	}
	shadowed := c.operation.Input.Member("MaxItems") != nil
	for _, name := range []string{p.Token, p.Limit} {
		// --max-items is one of ours, whatever the operation has of that name.
		if _, given := c.options[name]; given {
			c.paginate = false
		}
	}
	if c.paginate {
		return nil
	}
	var used []string
	for _, dest := range []string{"starting-token", "page-size", "max-items"} {
		v, given := c.options[dest]
		n, isNumber := v.(*big.Int)
		if given && !(isNumber && n.Sign() == 0) && v != "" && !(shadowed && dest == "max-items") {
			used = append(used, "--"+dest)
		}
	}
	if len(used) > 0 {
		return wrong("Cannot specify --no-paginate along with pagination arguments: %s", strings.Join(used, ", "))
	}
	return nil
}

// keepPaging makes the paging options parameters of the first call; or, when other parameters
// turn paging off, leaves them where they are wrong.
func (c *call) keepPaging() {
	p := c.operation.Paging
	if p == nil || !p.Paginated {
		return
	}
	c.paging = &paging{pageSize: c.options.number("page-size"), maxItems: c.options.number("max-items")}
	c.paging.start, c.paging.started = c.options["starting-token"].(string)
	if n := c.paging.maxItems; !c.paginate && n != nil && c.operation.Input.Member("MaxItems") != nil {
		c.input.set("MaxItems", n)
		c.paging.maxItems = nil
	}
	for _, name := range []string{p.Token, p.Limit} {
		if _, given := c.input.get(name); given {
			c.paginate = false
		}
	}
	if !c.paginate && (c.paging.started || c.paging.pageSize != nil || c.paging.maxItems != nil) {
		c.input.set("PaginationConfig", newObject())
	}
	if c.paginate {
		if c.paging.started {
			var next any
			next, c.paging.skip = decodeToken(p, c.paging.start)
			c.setToken(next)
			c.paging.next = next
		}
		if c.paging.pageSize != nil {
			c.input.set(p.Limit, c.paging.pageSize)
		}
	}
	if n := c.paging.maxItems; c.paginate && n != nil && n.Sign() <= 0 {
		fmt.Fprintln(c.Stderr, "warning: Non-positive values for --max-items may result in undefined behavior.")
	}
}

// pages fetches page after page and prints them as the format wants: text and yaml-stream as
// they come, the others together.
func (c *call) pages(ctx context.Context, to *caller, out *printer) error {
	format, formatErr := out.format()
	stream := formatErr == nil && (format == "text" || format == "yaml-stream")
	whole := newObject()
	results := c.operation.Paging.Results
	show := func(w io.Writer, page *object) error {
		if format == "text" {
			page = c.shown(page)
		}
		v, err := c.query.search(page)
		if err != nil {
			return failed("%v", err)
		}
		return c.render(w, format, "off", c.operation.Name, v)
	}
	run := func(w io.Writer) error {
		resume, err := c.eachPage(ctx, to, func(page *object) error {
			if stream {
				return show(w, page)
			}
			for _, name := range results {
				v, ok := page.get(name)
				have, _ := whole.values[name].([]any)
				list, isList := v.([]any)
				switch {
				case !ok || v == nil:
				case isList && have != nil:
					whole.set(name, append(have, list...))
				case isList:
					whole.set(name, slices.Clone(list))
				default:
					whole.set(name, v)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		switch {
		case resume == "":
		case format == "text":
			token := newObject()
			inner := newObject()
			inner.set("NextToken", resume)
			token.set("NextToken", inner)
			v, err := c.query.search(token)
			if err != nil {
				return failed("%v", err)
			}
			return c.render(w, format, "off", "", v)
		case !stream:
			whole.set("NextToken", resume)
		}
		return nil
	}
	if stream {
		return out.paged(out.settings, run)
	}
	if err := run(io.Discard); err != nil {
		return err
	}
	return out.print(whole)
}

// shown is a page as the format text has it: the items alone.
func (c *call) shown(page *object) *object {
	out := newObject()
	for _, name := range c.operation.Paging.Results {
		out.set(name, page.values[name])
	}
	return out
}

// eachPage calls each for every page, up to the last or to the limit of items. resume is the
// token to go on with; empty: there is no more.
func (c *call) eachPage(ctx context.Context, to *caller, each func(*object) error) (resume string, err error) {
	p := c.operation.Paging
	next, skip := c.paging.next, c.paging.skip
	total := int64(0)
	var previous any
	for {
		page, err := to.call(ctx, c.operation, c.input)
		if err != nil {
			return "", err
		}
		primary := p.Results[0]
		items, _ := page.values[primary].([]any)
		if skip > 0 {
			items = items[min(skip, len(items)):]
			page.set(primary, items)
		}
		if limit := c.paging.maxItems; limit != nil {
			over := total + int64(len(items))
			if big.NewInt(over).Cmp(limit) > 0 {
				keep := int64(len(items)) - (over - clampInt(limit))
				keep = min(max(keep, 0), int64(len(items)))
				page.set(primary, items[:keep])
				if err := each(page); err != nil {
					return "", err
				}
				return encodeToken(p, next, integer(keep+int64(skip))), nil
			}
		}
		skip = 0
		if err := each(page); err != nil {
			return "", err
		}
		total += int64(len(items))
		next = nextToken(p, page)
		if next == nil {
			return "", nil
		}
		if limit := c.paging.maxItems; limit != nil && limit.Cmp(big.NewInt(total)) == 0 {
			return encodeToken(p, next, nil), nil
		}
		if previous != nil && equal(previous, next) {
			token := newObject()
			token.set(p.Token, next)
			return "", failed("Error during pagination: The same next token was received twice: %s", quoted(token))
		}
		c.setToken(next)
		previous = next
	}
}

func clampInt(n *big.Int) int64 {
	if !n.IsInt64() {
		return int64(n.Sign()) << 40
	}
	return n.Int64()
}

// nextToken is the token of the next page; nil: there is none.
func nextToken(p *api.Paging, page *object) any {
	if p.More != "" && empty(page.values[p.More]) {
		return nil
	}
	if v := page.values[p.Token]; !empty(v) {
		return v
	}
	return nil
}

// encodeToken writes what --starting-token takes: the service's token and how many items of
// its page were shown; nil: all.
func encodeToken(p *api.Paging, next any, shown *big.Int) string {
	o := newObject()
	o.set(p.Token, next)
	if shown != nil {
		o.set(truncated, shown)
	}
	return base64.StdEncoding.EncodeToString([]byte(wireJSON.encode(o)))
}

// decodeToken reads it. What is none is the service's own token.
func decodeToken(p *api.Paging, text string) (next any, skip int) {
	if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
		if v, err := decodeJSON(string(raw)); err == nil {
			if o, ok := v.(*object); ok {
				if n, ok := o.values[truncated].(*big.Int); ok && n.Sign() > 0 {
					skip = int(min(clampInt(n), 1<<40))
				}
				return o.values[p.Token], skip
			}
		}
	}
	// So were they written of old.
	if token, count, ok := strings.Cut(text, "___"); ok {
		if n, err := parseInt(count); err == nil && n.Sign() >= 0 {
			return token, int(clampInt(n))
		}
	}
	return text, 0
}
