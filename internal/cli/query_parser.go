package cli

import (
	"fmt"
	"strings"
)

// nodeKind is the kind of a node of an expression's tree.
type nodeKind uint8

const (
	nodeIdentity nodeKind = iota
	nodeField
	nodeLiteral
	nodeIndex
	nodeSlice
	// nodeChain applies its children one after another.
	nodeChain
	nodeProjection
	nodeValueProjection
	nodeFilter
	nodeFlatten
	nodeComparator
	nodeOr
	nodeAnd
	nodeNot
	nodeList
	nodeHash
	nodeFunction
	nodeExpref
)

// A node is a part of an expression. Its text and value depend on the kind.
type node struct {
	kind     nodeKind
	text     string
	value    any
	children []*node
	// keys are those of a hash.
	keys []string
}

// bindingPower tells how strongly a token binds what stands left of it.
func bindingPower(t tokenType) int {
	switch t {
	case tokPipe:
		return 1
	case tokOr:
		return 2
	case tokAnd:
		return 3
	case tokEq, tokGt, tokLt, tokGte, tokLte, tokNe:
		return 5
	case tokFlatten:
		return 9
	case tokStar:
		return 20
	case tokFilter:
		return 21
	case tokDot:
		return 40
	case tokNot:
		return 45
	case tokLBrace:
		return 50
	case tokLBracket:
		return 55
	case tokLParen:
		return 60
	}
	return 0
}

// projectionStop is the least power that goes on inside a projection.
const projectionStop = 10

// A queryParser is a Pratt parser (JMESPath specification, grammar).
type queryParser struct {
	text   string
	tokens []token
	at     int
	depth  int
}

// parseQuery reads a JMESPath expression.
func parseQuery(text string) (*expression, error) {
	if text == "" {
		return nil, &queryError{"Invalid JMESPath expression: cannot be empty."}
	}
	l := queryLexer{text: []rune(text)}
	tokens, err := l.tokens()
	if err != nil {
		return nil, err
	}
	p := queryParser{text: text, tokens: tokens}
	n, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(0); t.kind != tokEOF {
		return nil, p.fail(t, "Unexpected token: %s", t.text)
	}
	return &expression{n}, nil
}

func (p *queryParser) peek(n int) token { return p.tokens[min(p.at+n, len(p.tokens)-1)] }

func (p *queryParser) fail(t token, format string, args ...any) error {
	return p.failAt(t.start, t, format, args...)
}

func (p *queryParser) failAt(column int, t token, format string, args ...any) error {
	return &queryError{fmt.Sprintf("%s: Parse error at column %d, token \"%s\" (%s), for expression:\n\"%s\"\n%s^",
		fmt.Sprintf(format, args...), column, t.text, strings.ToUpper(string(t.kind)), p.text, strings.Repeat(" ", column+1))}
}

// incomplete is the error of an expression that ends too early.
func (p *queryParser) incomplete() error {
	return &queryError{fmt.Sprintf("Invalid jmespath expression: Incomplete expression:\n\"%s\"\n%s^", p.text, strings.Repeat(" ", len([]rune(p.text))+1))}
}

func (p *queryParser) match(kind tokenType) error {
	t := p.peek(0)
	switch t.kind {
	case kind:
		p.at++
		return nil
	case tokEOF:
		return p.incomplete()
	}
	return p.fail(t, "Expecting: %s, got: %s", kind, t.kind)
}

func (p *queryParser) expression(power int) (*node, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, &queryError{"Invalid jmespath expression: nested too deep."}
	}
	defer func() { p.depth-- }()
	t := p.peek(0)
	p.at++
	left, err := p.prefix(t)
	for err == nil && power < bindingPower(p.peek(0).kind) {
		t := p.peek(0)
		p.at++
		left, err = p.infix(left, t)
	}
	return left, err
}

// prefix parses what begins with t, which has been taken.
func (p *queryParser) prefix(t token) (*node, error) {
	switch t.kind {
	case tokLiteral:
		return &node{kind: nodeLiteral, value: t.value}, nil
	case tokUnquoted:
		return &node{kind: nodeField, text: t.text}, nil
	case tokQuoted:
		if next := p.peek(0); next.kind == tokLParen {
			return nil, p.failAt(0, next, "Quoted identifier not allowed for function names.")
		}
		return &node{kind: nodeField, text: t.text}, nil
	case tokStar:
		right := &node{}
		var err error
		if p.peek(0).kind != tokRBracket {
			right, err = p.projected(bindingPower(tokStar))
		}
		return &node{kind: nodeValueProjection, children: []*node{{}, right}}, err
	case tokFilter:
		return p.filter(&node{})
	case tokLBrace:
		return p.hash()
	case tokLParen:
		n, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		return n, p.match(tokRParen)
	case tokFlatten:
		return p.flatten(&node{})
	case tokNot:
		n, err := p.expression(bindingPower(tokNot))
		return &node{kind: nodeNot, children: []*node{n}}, err
	case tokLBracket:
		return p.bracket()
	case tokCurrent:
		return &node{}, nil
	case tokExpref:
		n, err := p.expression(0)
		return &node{kind: nodeExpref, children: []*node{n}}, err
	case tokEOF:
		return nil, p.incomplete()
	}
	return nil, p.fail(t, "invalid token")
}

// bracket parses what begins with [ and has nothing left of it.
func (p *queryParser) bracket() (*node, error) {
	switch next := p.peek(0).kind; {
	case next == tokNumber || next == tokColon:
		return p.index(&node{})
	case next == tokStar && p.peek(1).kind == tokRBracket:
		p.at += 2
		right, err := p.projected(bindingPower(tokStar))
		return &node{kind: nodeProjection, children: []*node{{}, right}}, err
	}
	return p.list()
}

// infix parses what follows left and begins with t, which has been taken.
func (p *queryParser) infix(left *node, t token) (*node, error) {
	binary := func(kind nodeKind, text string) (*node, error) {
		right, err := p.expression(bindingPower(t.kind))
		return &node{kind: kind, text: text, children: []*node{left, right}}, err
	}
	switch t.kind {
	case tokDot:
		if p.peek(0).kind == tokStar {
			p.at++
			right, err := p.projected(bindingPower(tokDot))
			return &node{kind: nodeValueProjection, children: []*node{left, right}}, err
		}
		right, err := p.dotted(bindingPower(tokDot))
		return &node{kind: nodeChain, children: []*node{left, right}}, err
	case tokPipe:
		return binary(nodeChain, "")
	case tokOr:
		return binary(nodeOr, "")
	case tokAnd:
		return binary(nodeAnd, "")
	case tokEq, tokNe, tokLt, tokLte, tokGt, tokGte:
		return binary(nodeComparator, string(t.kind))
	case tokLParen:
		return p.function(left)
	case tokFilter:
		return p.filter(left)
	case tokFlatten:
		return p.flatten(left)
	case tokLBracket:
		if next := p.peek(0).kind; next == tokNumber || next == tokColon {
			return p.index(left)
		}
		if err := p.match(tokStar); err != nil {
			return nil, err
		}
		if err := p.match(tokRBracket); err != nil {
			return nil, err
		}
		right, err := p.projected(bindingPower(tokStar))
		return &node{kind: nodeProjection, children: []*node{left, right}}, err
	}
	return nil, p.fail(t, "invalid token")
}

func (p *queryParser) function(left *node) (*node, error) {
	if left.kind != nodeField {
		t := p.tokens[p.at-2]
		return nil, p.fail(t, "Invalid function name '%s'", t.text)
	}
	call := &node{kind: nodeFunction, text: left.text}
	for p.peek(0).kind != tokRParen {
		argument, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		if p.peek(0).kind == tokComma {
			p.at++
		}
		call.children = append(call.children, argument)
	}
	return call, p.match(tokRParen)
}

func (p *queryParser) filter(left *node) (*node, error) {
	condition, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if err := p.match(tokRBracket); err != nil {
		return nil, err
	}
	right := &node{}
	if p.peek(0).kind != tokFlatten {
		right, err = p.projected(bindingPower(tokFilter))
	}
	return &node{kind: nodeFilter, children: []*node{left, right, condition}}, err
}

func (p *queryParser) flatten(left *node) (*node, error) {
	right, err := p.projected(bindingPower(tokFlatten))
	return &node{kind: nodeProjection, children: []*node{{kind: nodeFlatten, children: []*node{left}}, right}}, err
}

// index parses the inside of [number] or of a slice.
func (p *queryParser) index(left *node) (*node, error) {
	if p.peek(0).kind != tokColon && p.peek(1).kind != tokColon {
		at := &node{kind: nodeIndex, value: p.peek(0).value}
		p.at++
		return &node{kind: nodeChain, children: []*node{left, at}}, p.match(tokRBracket)
	}
	var parts [3]any
	for i := 0; p.peek(0).kind != tokRBracket && i < 3; {
		switch t := p.peek(0); t.kind {
		case tokColon:
			if i++; i == 3 {
				return nil, p.fail(t, "syntax error")
			}
		case tokNumber:
			parts[i] = t.value
		default:
			return nil, p.fail(t, "syntax error")
		}
		p.at++
	}
	if err := p.match(tokRBracket); err != nil {
		return nil, err
	}
	right, err := p.projected(bindingPower(tokStar))
	slice := &node{kind: nodeChain, children: []*node{left, {kind: nodeSlice, value: parts}}}
	return &node{kind: nodeProjection, children: []*node{slice, right}}, err
}

func (p *queryParser) list() (*node, error) {
	list := &node{kind: nodeList}
	for {
		n, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		list.children = append(list.children, n)
		if p.peek(0).kind == tokRBracket {
			break
		}
		if err := p.match(tokComma); err != nil {
			return nil, err
		}
	}
	return list, p.match(tokRBracket)
}

func (p *queryParser) hash() (*node, error) {
	hash := &node{kind: nodeHash}
	for {
		key := p.peek(0)
		switch key.kind {
		case tokQuoted, tokUnquoted:
			p.at++
		case tokEOF:
			return nil, p.incomplete()
		default:
			return nil, p.fail(key, "Expecting: ['quoted_identifier', 'unquoted_identifier'], got: %s", key.kind)
		}
		if err := p.match(tokColon); err != nil {
			return nil, err
		}
		v, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		hash.keys = append(hash.keys, key.text)
		hash.children = append(hash.children, v)
		switch p.peek(0).kind {
		case tokComma:
			p.at++
		case tokRBrace:
			p.at++
			return hash, nil
		}
	}
}

// projected parses what is applied to each element of a projection.
func (p *queryParser) projected(power int) (*node, error) {
	t := p.peek(0)
	switch {
	case bindingPower(t.kind) < projectionStop:
		return &node{}, nil
	case t.kind == tokLBracket || t.kind == tokFilter:
		return p.expression(power)
	case t.kind == tokDot:
		p.at++
		return p.dotted(power)
	}
	return nil, p.fail(t, "syntax error")
}

// dotted parses what stands behind a dot.
func (p *queryParser) dotted(power int) (*node, error) {
	switch t := p.peek(0); t.kind {
	case tokQuoted, tokUnquoted, tokStar:
		return p.expression(power)
	case tokLBracket:
		p.at++
		return p.list()
	case tokLBrace:
		p.at++
		return p.hash()
	default:
		return nil, p.fail(t, "Expecting: ['quoted_identifier', 'unquoted_identifier', 'lbracket', 'lbrace'], got: %s", t.kind)
	}
}
