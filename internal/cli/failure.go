package cli

import (
	"errors"
	"fmt"
	"strings"
)

// Exit codes of AWS's command line.
const (
	exitInterrupted   = 130
	exitArguments     = 252
	exitConfiguration = 253
	exitRefused       = 254
	exitFailed        = 255
)

// A failure ends a command with a message and an exit code.
type failure struct {
	code int
	// class goes into the head of the message, where AWS's command line has one there.
	class   string
	message string
	// usage tells how a mistake of the command's words is shown.
	usage usage
	// refusal is the answer of a service that refused.
	refusal *refusal
}

// usage tells where the usage stands.
type usage uint8

const (
	// usageAfter: the message, then how commands are written. Zero: no usage.
	usageAfter usage = iota + 1
	// usageBefore: the other way round.
	usageBefore
)

// A refusal is what a service says of an error.
type refusal struct {
	code, message string
	// raw is the message as the answer had it in small letters; nil: it had none.
	raw any
}

func (f *failure) Error() string { return f.message }

// wrong is a mistake in a parameter.
func wrong(format string, args ...any) error {
	return &failure{code: exitArguments, class: "ParamValidation", message: fmt.Sprintf(format, args...)}
}

// misused is a mistake in the words of the command.
func misused(format string, args ...any) error {
	return &failure{code: exitArguments, class: "ParamValidation", message: fmt.Sprintf(format, args...), usage: usageAfter}
}

// badParameter is a value that can not be read.
func badParameter(name, format string, args ...any) error {
	return wrong("Error parsing parameter '%s': %s", name, fmt.Sprintf(format, args...))
}

// unconfigured is something that the configuration lacks.
func unconfigured(class, format string, args ...any) error {
	return &failure{code: exitConfiguration, class: class, message: fmt.Sprintf(format, args...)}
}

// failed is any other failure.
func failed(format string, args ...any) error {
	return &failure{code: exitFailed, message: fmt.Sprintf(format, args...)}
}

// errorFormats are the values of --cli-error-format.
var errorFormats = []string{"legacy", "json", "yaml", "text", "table", "enhanced"}

// report prints err in the given error format and returns the exit code.
func (c *Command) report(err error, format string) int {
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{code: exitFailed, message: err.Error()}
	}
	head := c.Name + ": [ERROR]: "
	message := f.message
	if f.class != "" && format != "legacy" {
		message = "An error occurred (" + f.class + "): " + message
	}
	message = strings.TrimSpace(message)
	switch {
	case f.usage == usageBefore:
		fmt.Fprintf(c.Stderr, "\n%s\n\n%s%s\n", c.usage(), head, message)
	case format == "json" || format == "yaml" || format == "text" || format == "table":
		if err := c.render(c.Stderr, format, "off", "error", f.structured()); err != nil {
			fmt.Fprintf(c.Stderr, "\n%s%s\n", head, message)
		}
	case f.usage == usageAfter:
		fmt.Fprintf(c.Stderr, "\n%s%s\n\n%s", head, message, c.usage())
	default:
		fmt.Fprintf(c.Stderr, "\n%s%s\n", head, message)
	}
	return f.code
}

// structured is the failure as an object.
func (f *failure) structured() *object {
	o := newObject()
	if f.refusal != nil {
		o.set("Message", f.refusal.message)
		o.set("Code", f.refusal.code)
		if f.refusal.raw != nil {
			o.set("message", f.refusal.raw)
		}
		return o
	}
	if f.class != "" {
		o.set("Code", f.class)
	}
	o.set("Message", strings.TrimSpace(f.message))
	return o
}

// usage is how commands are written.
func (c *Command) usage() string {
	return strings.ReplaceAll(`usage: aws [options] <command> <subcommand> [<subcommand> ...] [parameters]
To see help text, you can run:

  aws help
  aws <command> help
  aws <command> <subcommand> help
`, "aws ", c.Name+" ")
}
