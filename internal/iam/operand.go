package iam

import (
	"cmp"
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// An operand is a value of a condition, compiled for its operator. A value of a
// request that is not of the operator's type equals no operand.
type operand interface {
	equals(q *query, value string) bool
}

type parseOperand func(r *reader, text string) (operand, error)

// operators are the condition operators by name. A negated one holds where its
// opposite, with the same operands, does not.
var operators = map[string]struct {
	parse   parseOperand
	negated bool
}{
	"StringEquals":              {parseString, false},
	"StringNotEquals":           {parseString, true},
	"StringEqualsIgnoreCase":    {parseFolded, false},
	"StringNotEqualsIgnoreCase": {parseFolded, true},
	"StringLike":                {parseLike, false},
	"StringNotLike":             {parseLike, true},

	"NumericEquals":            {parseNumber(equal), false},
	"NumericNotEquals":         {parseNumber(equal), true},
	"NumericLessThan":          {parseNumber(less), false},
	"NumericLessThanEquals":    {parseNumber(less | equal), false},
	"NumericGreaterThan":       {parseNumber(greater), false},
	"NumericGreaterThanEquals": {parseNumber(greater | equal), false},

	"DateEquals":            {parseDate(equal), false},
	"DateNotEquals":         {parseDate(equal), true},
	"DateLessThan":          {parseDate(less), false},
	"DateLessThanEquals":    {parseDate(less | equal), false},
	"DateGreaterThan":       {parseDate(greater), false},
	"DateGreaterThanEquals": {parseDate(greater | equal), false},

	"Bool":         {parseBool, false},
	"Null":         {parseBool, false},
	"BinaryEquals": {parseBinary, false},
	"IpAddress":    {parseRange, false},
	"NotIpAddress": {parseRange, true},

	// As documented, ArnEquals takes wildcards as ArnLike does.
	"ArnEquals":    {parseARN, false},
	"ArnLike":      {parseARN, false},
	"ArnNotEquals": {parseARN, true},
	"ArnNotLike":   {parseARN, true},
}

// exactly is a string, in which * and ? are plain characters.
type exactly template

func parseString(r *reader, text string) (operand, error) {
	t, err := r.template(text, false)
	return (*exactly)(&t), err
}

func (o *exactly) equals(q *query, value string) bool {
	s, ok := (*template)(o).resolve(q)
	return ok && s == value
}

// folded is a string in any case.
type folded template

func parseFolded(r *reader, text string) (operand, error) {
	t, err := r.template(text, false)
	return (*folded)(&t), err
}

func (o *folded) equals(q *query, value string) bool {
	s, ok := (*template)(o).resolve(q)
	return ok && strings.EqualFold(s, value)
}

// like is a pattern.
type like template

func parseLike(r *reader, text string) (operand, error) {
	t, err := r.template(text, true)
	return (*like)(&t), err
}

func (o *like) equals(q *query, value string) bool {
	glob, ok := (*template)(o).resolve(q)
	return ok && match(glob, value)
}

// arnPattern is a pattern for each segment of an ARN.
type arnPattern [6]template

func parseARN(r *reader, text string) (operand, error) {
	segments := splitARN(text, r.variables)
	if len(segments) != 6 {
		// It could never match, and its negation always would.
		return nil, r.errorf("%q has not the six segments of an ARN", text)
	}
	o := new(arnPattern)
	for i, segment := range segments {
		t, err := r.template(segment, true)
		if err != nil {
			return nil, err
		}
		o[i] = t
	}
	return o, nil
}

func (o *arnPattern) equals(q *query, value string) bool {
	for i := range o {
		segment, rest := value, ""
		if i < 5 {
			var found bool
			if segment, rest, found = strings.Cut(value, ":"); !found {
				return false
			}
		}
		glob, ok := o[i].resolve(q)
		if !ok || !match(glob, segment) {
			return false
		}
		value = rest
	}
	return true
}

// order is a set of the outcomes of a comparison, in the order of -1, 0, 1.
type order int

const (
	less order = 1 << iota
	equal
	greater
)

// has takes what cmp.Compare returns.
func (o order) has(compared int) bool { return o&(1<<(compared+1)) != 0 }

// number is a number and how a value is to compare with it.
type number struct {
	order order
	n     float64
}

func parseNumber(order order) parseOperand {
	return func(r *reader, text string) (operand, error) {
		n, ok := toNumber(text)
		if !ok {
			return nil, r.errorf("%q is not a number", text)
		}
		return number{order, n}, nil
	}
}

func (o number) equals(_ *query, value string) bool {
	n, ok := toNumber(value)
	return ok && o.order.has(cmp.Compare(n, o.n))
}

// toNumber reads a decimal number. It keeps out what else ParseFloat would take:
// infinities, hexadecimal digits and underscores.
func toNumber(s string) (float64, bool) {
	if strings.Trim(s, "0123456789+-.eE") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

// date is an instant and how a value is to compare with it.
type date struct {
	order order
	t     time.Time
}

func parseDate(order order) parseOperand {
	return func(r *reader, text string) (operand, error) {
		t, ok := toDate(text)
		if !ok {
			return nil, r.errorf("%q is neither an ISO 8601 date nor seconds since 1970", text)
		}
		return date{order, t}, nil
	}
}

func (o date) equals(_ *query, value string) bool {
	t, ok := toDate(value)
	return ok && o.order.has(t.Compare(o.t))
}

// toDate reads the forms of ISO 8601 that the W3C's note on dates lists, and Unix
// time in seconds. Four digits are a year.
func toDate(s string) (time.Time, bool) {
	var layout string
	switch {
	case len(s) == len("2006"):
		layout = "2006"
	case strings.Trim(s, "0123456789") == "":
		seconds, err := strconv.ParseInt(s, 10, 64)
		return time.Unix(seconds, 0), err == nil
	case len(s) == len("2006-01"):
		layout = "2006-01"
	case len(s) == len("2006-01-02"):
		layout = "2006-01-02"
	default:
		layout = time.RFC3339
	}
	t, err := time.Parse(layout, s)
	if err != nil && layout == time.RFC3339 {
		t, err = time.Parse("2006-01-02T15:04Z07:00", s)
	}
	return t, err == nil
}

// boolean is true or false.
type boolean bool

func parseBool(r *reader, text string) (operand, error) {
	b, ok := toBool(text)
	if !ok {
		return nil, r.errorf("%q is neither true nor false", text)
	}
	return boolean(b), nil
}

func (o boolean) equals(_ *query, value string) bool {
	b, ok := toBool(value)
	return ok && b == bool(o)
}

func toBool(s string) (b, ok bool) {
	b = strings.EqualFold(s, "true")
	return b, b || strings.EqualFold(s, "false")
}

// octets are the bytes that a policy writes in base64, and a request's context holds
// as they are.
type octets string

func parseBinary(r *reader, text string) (operand, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, r.errorf("%q is not base64", text)
	}
	return octets(b), nil
}

func (o octets) equals(_ *query, value string) bool { return string(o) == value }

// addresses is a range of IP addresses.
type addresses netip.Prefix

func parseRange(r *reader, text string) (operand, error) {
	prefix, err := netip.ParsePrefix(text)
	if !strings.Contains(text, "/") {
		var address netip.Addr
		if address, err = netip.ParseAddr(text); err == nil && address.Zone() == "" {
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
	}
	switch {
	case err != nil || !prefix.IsValid():
		return nil, r.errorf("%q is neither an IP address nor a range in CIDR form", text)
	case prefix.Addr().Is4In6():
		return nil, r.errorf("%q is to be written as IPv4", text)
	}
	return addresses(prefix), nil
}

func (o addresses) equals(_ *query, value string) bool {
	address, err := netip.ParseAddr(value)
	return err == nil && netip.Prefix(o).Contains(address.Unmap())
}
