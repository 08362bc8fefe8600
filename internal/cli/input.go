package cli

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// readInput makes the parameters of what the options say: their values in the order of
// the description, then what --cli-input-json or -yaml has beyond them.
func (c *call) readInput() error {
	c.input = newObject()
	var document any
	for _, o := range operationOptions(c.operation) {
		word, ok := c.options[o.dest]
		if !ok {
			continue
		}
		v, err := c.fileOf(o.name, word)
		if err != nil {
			return err
		}
		m := c.operation.Input.Member(o.dest)
		switch {
		case o.dest == "cli-input-json" || o.dest == "cli-input-yaml":
			document = v
		case m == nil:
			c.options[o.dest] = v
		case m.Shape.Kind == api.Boolean:
			c.input.set(m.Name, v)
		default:
			if v, err = c.unpack(m.Shape, v, o.name); err != nil {
				return err
			}
			c.input.set(m.Name, v)
		}
	}
	if document == nil {
		return nil
	}
	return c.merge(document)
}

// merge adds the members of a document that no option has given.
func (c *call) merge(document any) error {
	_, isJSON := c.options["cli-input-json"]
	_, isYAML := c.options["cli-input-yaml"]
	if isJSON && isYAML {
		return wrong("Only one --cli-input- parameter may be specified.")
	}
	name, what, decode := "cli-input-json", "JSON", decodeJSON
	if isYAML {
		name, what, decode = "cli-input-yaml", "YAML", decodeYAML
	}
	text, ok := document.(string)
	if !ok {
		text = strings.TrimPrefix(string(document.([]byte)), "\ufeff")
	}
	v, err := decode(text)
	if err != nil {
		return badParameter(name, "Invalid %s received.", what)
	}
	o, ok := v.(*object)
	if !ok {
		return badParameter("--"+name, "Invalid type: expecting map, received %s", typeName(v))
	}
	for _, member := range o.names {
		if _, given := c.input.get(member); !given {
			c.input.set(member, o.values[member])
		}
	}
	return nil
}

// fileOf replaces a word that names a file by the file's content: text for file://, bytes
// for fileb://. A list is replaced when it is one word.
func (c *Command) fileOf(name string, word any) (any, error) {
	text, ok := word.(string)
	if list, isList := word.([]string); isList && len(list) == 1 {
		text, ok = list[0], true
	}
	if !ok {
		return word, nil
	}
	content, err := c.paramfile(text)
	if err != nil {
		return nil, badParameter(name, "%v", err)
	}
	if content == nil {
		return word, nil
	}
	return content, nil
}

// maxParamfile is more than any call takes: a device may have no end.
const maxParamfile = 16 << 20

// paramfile returns the content of the file that text names, or nil when it names none.
func (c *Command) paramfile(text string) (any, error) {
	path, isText := strings.CutPrefix(text, "file://")
	if !isText {
		var isBytes bool
		if path, isBytes = strings.CutPrefix(text, "fileb://"); !isBytes {
			return nil, nil
		}
	}
	path = c.expand(path)
	content, err := c.readParamfile(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("Unable to load paramfile %s: %s", text, systemError(err, path)) //nolint:staticcheck // a message for people, as AWS's
	case len(content) > maxParamfile:
		return nil, fmt.Errorf("Unable to load paramfile %s: it has more than %d bytes", text, maxParamfile) //nolint:staticcheck // a message for people, as AWS's
	}
	if !isText {
		return content, nil
	}
	encoding, _ := c.Lookup("AWS_CLI_FILE_ENCODING")
	decoded, known := decodeText(content, encoding)
	switch {
	case !known:
		return nil, fmt.Errorf("Unable to load paramfile %s: unknown encoding: %s", text, encoding) //nolint:staticcheck // a message for people, as AWS's
	case !utf8.ValidString(decoded):
		//nolint:staticcheck // a message for people, as AWS's
		return nil, fmt.Errorf("Unable to load paramfile (%s), text contents could not be decoded.  "+
			"If this is a binary file, please use the fileb:// prefix instead of the file:// prefix.", path)
	}
	// As every text file, read with \n alone at the ends of lines.
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(decoded), nil
}

// readParamfile reads a file to its end, or to one byte more than it may have.
func (c *Command) readParamfile(path string) ([]byte, error) {
	in := c.Stdin
	if path != "/dev/stdin" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	return io.ReadAll(io.LimitReader(in, maxParamfile+1))
}

// decodeText decodes content, which is no UTF-8 afterwards if it is none of the encoding;
// known tells whether the encoding is one that is known. Empty is UTF-8.
func decodeText(content []byte, encoding string) (text string, known bool) {
	switch strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(encoding)) {
	case "", "utf8":
		return string(content), true
	case "ascii", "usascii":
		if slices.ContainsFunc(content, func(b byte) bool { return b >= utf8.RuneSelf }) {
			return "\xff", true
		}
		return string(content), true
	case "latin1", "iso88591":
		runes := make([]rune, len(content))
		for i, b := range content {
			runes[i] = rune(b)
		}
		return string(runes), true
	case "utf16":
		little := bytes.HasPrefix(content, []byte{0xff, 0xfe})
		if len(content)%2 != 0 || !little && !bytes.HasPrefix(content, []byte{0xfe, 0xff}) {
			return "\xff", true
		}
		var order binary.ByteOrder = binary.BigEndian
		if little {
			order = binary.LittleEndian
		}
		var units []uint16
		for i := 2; i < len(content); i += 2 {
			units = append(units, order.Uint16(content[i:]))
		}
		return string(utf16.Decode(units)), true
	}
	return "", false
}

// expand replaces a leading ~ and variables in a path.
func (c *Command) expand(path string) string {
	if path == "~" || strings.HasPrefix(path, "~/") {
		path = c.home() + path[1:]
	}
	var b strings.Builder
	for rest := path; rest != ""; {
		before, after, found := strings.Cut(rest, "$")
		b.WriteString(before)
		if !found {
			break
		}
		name := after[:len(after)-len(strings.TrimLeft(after, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"))]
		length := len(name)
		if strings.HasPrefix(after, "{") {
			name, _, _ = strings.Cut(after[1:], "}")
			length = min(len(name)+2, len(after))
		}
		if v, ok := c.Lookup(name); ok && name != "" {
			b.WriteString(v)
		} else {
			// What is no variable stays.
			b.WriteString("$" + after[:length])
		}
		rest = after[length:]
	}
	return b.String()
}

// systemError words the error of a system call on path.
func systemError(err error, path string) string {
	text, number := err.Error(), 0
	var errno syscall.Errno
	if errors.As(err, &errno) {
		number = int(errno)
		text = errno.Error()
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	if errors.Is(err, fs.ErrNotExist) {
		text = "No such file or directory"
	}
	return fmt.Sprintf("[Errno %d] %s: %s", number, text, quoteText(path))
}

// home is the user's directory; empty: nobody knows it.
func (c *Command) home() string {
	for _, name := range []string{"HOME", "USERPROFILE"} {
		if dir, _ := c.Lookup(name); dir != "" {
			return dir
		}
	}
	if u, err := user.Current(); err == nil {
		return u.HomeDir
	}
	return ""
}

// configPath is a path in the directory where AWS's tools keep their configuration; empty:
// there is none. The working directory, which may be anybody's, is no place for it.
func (c *Command) configPath(variable, name string) string {
	if path, _ := c.Lookup(variable); path != "" {
		return c.expand(path)
	}
	home := c.home()
	if home == "" {
		return ""
	}
	return filepath.Join(home, ".aws", name)
}

// unpack turns the words of an option into a value: JSON where it looks like JSON,
// shorthand for what has parts, and the word itself for the rest.
func (c *Command) unpack(shape *api.Shape, word any, name string) (any, error) {
	if b, ok := word.([]byte); ok {
		if shape.Kind == api.String {
			return b, nil
		}
		return nil, failed("%s takes no binary file: use file:// instead of fileb://", name)
	}
	if complex(shape) && !looksLikeJSON(word) {
		return c.shorthand(shape, word, name)
	}
	switch word := word.(type) {
	case *big.Int:
		return word, nil
	case []string:
		return unpackList(shape, word, name)
	case string:
		return unpackWord(shape, word, name)
	}
	return nil, failed("%s: unexpected %T", name, word)
}

// complex reports whether the shape is one that shorthand is for.
func complex(shape *api.Shape) bool {
	switch shape.Kind {
	case api.Structure, api.Map:
		return true
	case api.List:
		return shape.Elem.Kind == api.Structure || shape.Elem.Kind == api.Map || shape.Elem.Kind == api.List
	}
	return false
}

// looksLikeJSON looks at the first word.
func looksLikeJSON(word any) bool {
	text, _ := word.(string)
	if list, ok := word.([]string); ok && len(list) > 0 {
		text = list[0]
	}
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")
}

func (c *Command) shorthand(shape *api.Shape, word any, name string) (any, error) {
	parse := func(shape *api.Shape, text string) (any, error) {
		v, err := parseShorthand(text, c.loadValue)
		if err != nil {
			var f *failure
			if errors.As(err, &f) {
				return nil, err
			}
			return nil, badParameter(name, "%v", err)
		}
		if shape == nil {
			return v, nil
		}
		typed, err := typed(shape, v)
		if err != nil {
			return nil, failed("%v", err)
		}
		return typed, nil
	}
	switch word := word.(type) {
	case []string:
		list := make([]any, len(word))
		for i, text := range word {
			var err error
			if list[i], err = parse(shape.Elem, text); err != nil {
				return nil, err
			}
		}
		return list, nil
	case string:
		if shape.Kind == api.List {
			// The content of a file: the list itself is wanted there.
			return parse(nil, word)
		}
		return parse(shape, word)
	}
	return nil, failed("%s: unexpected %T", name, word)
}

// loadValue reads the file that a shorthand value after @= names. Other values stay.
func (c *Command) loadValue(text string) (any, error) {
	content, err := c.paramfile(text)
	if err != nil {
		return nil, failed("%v", err)
	}
	if content == nil {
		return text, nil
	}
	return content, nil
}

func unpackList(shape *api.Shape, list []string, name string) (any, error) {
	if len(list) == 1 && strings.HasPrefix(strings.TrimSpace(list[0]), "[") {
		return unpackJSON(list[0], name)
	}
	out := make([]any, len(list))
	for i, text := range list {
		var err error
		if out[i], err = unpackWord(shape.Elem, text, name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func unpackWord(shape *api.Shape, text, name string) (any, error) {
	switch shape.Kind {
	case api.Integer, api.Long:
		n, err := parseInt(text)
		if err != nil {
			return nil, failed("%v", err)
		}
		return n, nil
	case api.Structure, api.Map:
		if !strings.HasPrefix(strings.TrimLeftFunc(text, pythonSpace), "{") {
			return nil, badParameter(name, "Invalid JSON:\n%s", text)
		}
		return unpackJSON(text, name)
	case api.List:
		if strings.HasPrefix(strings.TrimLeftFunc(text, pythonSpace), "[") {
			return unpackJSON(text, name)
		}
		return []any{text}, nil
	}
	return text, nil
}

func unpackJSON(text, name string) (any, error) {
	v, err := decodeJSON(text)
	if err != nil {
		return nil, badParameter(name, "Invalid JSON: %v\nJSON received: %s", err, text)
	}
	return v, nil
}
