package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/wire"
)

// A printer prints answers as the command wants them.
type printer struct {
	*call
	settings *settings
}

// format is the output format, which may be known wrong only now.
func (p *printer) format() (string, error) {
	format := p.text("output")
	if format == "" {
		format = p.settings.output()
	}
	if !slices.Contains(formats, format) {
		return "", failed("Unknown output type: %s", format)
	}
	return format, nil
}

// print prints the whole answer.
func (p *printer) print(answer any) error {
	format, err := p.format()
	if err != nil {
		return err
	}
	result, err := p.query.search(answer)
	if err != nil {
		return failed("%v", err)
	}
	if format == "yaml-stream" && isEmptyObject(result) {
		return nil
	}
	return p.paged(p.settings, func(w io.Writer) error {
		return render(w, format, p.styler(p.text("color")), p.operation.Name, result)
	})
}

// render prints v in a format. The title is that of a table.
func render(w io.Writer, format string, s styler, title string, v any) error {
	var text string
	switch format {
	case "json":
		if !isEmptyObject(v) {
			text = printedJSON.encode(v) + "\n"
		}
	case "text":
		var t textOutput
		t.value(v, "", false, nil)
		text = t.String()
	case "yaml":
		if !isEmptyObject(v) {
			text = encodeYAML(v)
		}
	case "yaml-stream":
		text = encodeYAML([]any{v})
	case "table":
		text = renderTable(title, v, s)
	}
	_, err := io.WriteString(w, text)
	return err
}

// paged lets write write to the terminal's pager, or to standard output where there is none.
func (c *Command) paged(s *settings, write func(io.Writer) error) error {
	pager := s.pager()
	if c.Terminal == 0 || pager == "" {
		return write(c.Stdout)
	}
	words := strings.Fields(pager)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = c.Environ
	if _, ok := c.Lookup("LESS"); !ok {
		cmd.Env = append(slices.Clone(cmd.Env), "LESS=FRX")
	}
	cmd.Stdout, cmd.Stderr = c.Stdout, c.Stderr
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return unconfigured("", "Unable to redirect output to pager. Received the following error when opening pager:\n%v", err)
	}
	// Whoever leaves the pager early has seen enough.
	_ = write(in)
	in.Close()
	return cmd.Wait()
}

// styler paints the parts of a table.
type styler struct{ on bool }

func (c *Command) styler(color string) styler {
	return styler{on: color == "on" || color != "off" && c.Terminal > 0}
}

func (s styler) cell(text string) string {
	if !s.on {
		return text
	}
	return "\x1b[1m\x1b[34m" + text + "\x1b[0m"
}

func (s styler) edge(text string) string {
	if !s.on {
		return text
	}
	return "\x1b[2m\x1b[33m" + text + "\x1b[0m"
}

// JSON renders an output for people and scripts: indented, names in order, and times
// as ISO 8601 where the wire has seconds.
func JSON(shape *api.Shape, out any) ([]byte, error) {
	var v any
	if err := json.Unmarshal(wire.AppendJSON(nil, shape, out), &v); err != nil {
		return nil, fmt.Errorf("render %s: %w", shape.Name, err)
	}
	return json.MarshalIndent(readable(shape, v), "", "    ")
}

// readable replaces the timestamps in v.
func readable(shape *api.Shape, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if shape.Kind == api.Map {
				v[name] = readable(shape.Elem, value)
			} else if m := shape.Member(name); m != nil {
				v[name] = readable(m.Shape, value)
			}
		}
	case []any:
		for i := range v {
			v[i] = readable(shape.Elem, v[i])
		}
	case float64:
		if shape.Kind == api.Timestamp {
			return time.UnixMilli(int64(math.Round(v * 1000))).UTC().Format("2006-01-02T15:04:05.000Z07:00")
		}
	}
	return v
}
