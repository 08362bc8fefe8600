package cli

import (
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
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
		return p.render(w, format, p.text("color"), p.operation.Name, result)
	})
}

// render prints v in a format. The title is that of a table.
func (c *Command) render(w io.Writer, format, color, title string, v any) error {
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
		text = renderTable(title, v, c.styler(color), c.Terminal)
	}
	_, err := io.WriteString(w, text)
	return err
}

// paged lets write write to the terminal's pager, or to standard output where there is none.
func (c *Command) paged(s *settings, write func(io.Writer) error) error {
	words := strings.Fields(s.pager())
	if c.Terminal == 0 || len(words) == 0 {
		return write(c.Stdout)
	}
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
		// It may be a secret that is told only once. That the default is not there is no news.
		if words[0] != defaultPager {
			fmt.Fprintf(c.Stderr, "warning: the pager can not be started: %v\n", err)
		}
		return write(c.Stdout)
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
