package api

import (
	"fmt"
	"io"
	"log/slog"
)

// A Secret is a string that does not print itself: formatting, logging and
// text encoding yield a fixed word. Convert to string where the value is meant.
// Package fmt calls no methods on unexported fields: keep a Secret in an exported
// one, or do not format the struct.
type Secret string

const redacted = "REDACTED"

// String implements [fmt.Stringer].
func (Secret) String() string { return redacted }

// Format implements [fmt.Formatter], for every verb.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// LogValue implements [slog.LogValuer].
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements [encoding.TextMarshaler].
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
