package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// configureOptions are those of configure. What is not given is asked for.
func configureOptions() []option {
	return []option{
		{name: "--access-key-id", dest: "access-key-id", metavar: "id", doc: "The access key id."},
		{name: "--secret-access-key-file", dest: "secret-access-key-file", metavar: "file", doc: "A file with the secret access key; - is standard input."},
	}
}

// configure writes a profile: the endpoint, the region and the output format into the
// configuration file, the key into the credentials file, both for their owner alone.
func (c *Command) configure(g *globals, args []string) error {
	if slices.Equal(args, []string{"help"}) {
		return c.page(g, c.helpConfigure())
	}
	p := pass{options: configureOptions()}
	taken, rest, err := p.parse(args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return &failure{code: exitArguments, message: "Unknown options: " + strings.Join(rest, ", "), usage: usageBefore}
	}
	files, err := c.readProfiles()
	if err != nil {
		return err
	}
	profile := g.text("profile")
	if profile == "" {
		if profile, _ = c.Lookup("AWS_PROFILE"); profile == "" {
			profile = "default"
		}
	}
	if strings.ContainsAny(profile, "[]\"\n\r") {
		return wrong("A profile can not be called %s.", quoteText(profile))
	}
	old, _ := files.merged(profile)
	in := bufio.NewReader(c.Stdin)
	ask := func(prompt, given, old string, secret bool) (string, error) {
		if given != "" {
			return given, nil
		}
		shown := old
		switch {
		case old == "":
			shown = "None"
		case secret:
			shown = "****************" + old[max(0, len(old)-4):]
		}
		fmt.Fprintf(c.Stderr, "%s [%s]: ", prompt, shown)
		line, err := in.ReadString('\n')
		if err != nil && line == "" {
			return "", failed("%s is not given", prompt)
		}
		if line = strings.TrimSpace(line); line == "" {
			return old, nil
		}
		return line, nil
	}
	secret := ""
	if file := taken.text("secret-access-key-file"); file != "" {
		if file == "-" {
			file = "/dev/stdin"
		}
		content, err := c.paramfile("file://" + file)
		if err != nil {
			return failed("%v", err)
		}
		secret = strings.TrimSpace(content.(string))
	}
	var config, key [][2]string
	for _, question := range []struct {
		prompt, given, name string
		hide                bool
		to                  *[][2]string
	}{
		{"Access key id", taken.text("access-key-id"), "aws_access_key_id", true, &key},
		{"Secret access key", secret, "aws_secret_access_key", true, &key},
		{"Region", g.text("region"), "region", false, &config},
		{"Endpoint URL", g.text("endpoint-url"), "endpoint_url", false, &config},
		{"Output format", g.text("output"), "output", false, &config},
	} {
		value, err := ask(question.prompt, question.given, old[question.name], question.hide)
		if err != nil {
			return err
		}
		if strings.ContainsAny(value, "\n\r") {
			return wrong("%s: has a line break", question.prompt)
		}
		if question.name == "endpoint_url" && value != "" {
			if _, err := endpoint(value); err != nil {
				return err
			}
		}
		if question.name == "region" && value != "" && !validRegion(value) {
			return failed("Provided region_name '%s' doesn't match a supported format.", value)
		}
		if question.name == "output" && value != "" && !slices.Contains(formats, value) {
			return failed("Unknown output type: %s", value)
		}
		if value != "" && value != old[question.name] {
			*question.to = append(*question.to, [2]string{question.name, value})
		}
	}
	section := "profile " + profile
	if strings.ContainsAny(profile, " \t") {
		section = `profile "` + profile + `"`
	}
	if profile == "default" {
		section = profile
	}
	if err := writeSection(c.configPath("AWS_CONFIG_FILE", "config"), section, config); err != nil {
		return failed("%v", err)
	}
	if err := writeSection(c.configPath("AWS_SHARED_CREDENTIALS_FILE", "credentials"), profile, key); err != nil {
		return failed("%v", err)
	}
	return nil
}

func (c *Command) helpConfigure() string {
	var m manual
	m.name("configure", "writes a profile.")
	m.section("DESCRIPTION")
	m.paragraph(7, "Writes a profile: endpoint, region, output format and key, so that commands need no options. "+
		"What the options do not say is asked for; an empty answer keeps what is there. "+
		"The key goes into the credentials file, the rest into the configuration file, where AWS's tools and SDKs read them too.")
	m.section("OPTIONS")
	for _, o := range configureOptions() {
		m.lines(7, o.synopsis())
		m.paragraph(10, o.doc)
	}
	m.paragraph(7, "And of the global options --profile, --region, --endpoint-url and --output.")
	return m.String()
}

// writeSection puts settings into a section of a file, and leaves everything else in the
// file as it is. The file is replaced at once.
func writeSection(path, section string, settings [][2]string) error {
	if len(settings) == 0 {
		return nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var lines []string
	if text := strings.TrimRight(string(content), "\n"); text != "" {
		lines = strings.Split(text, "\n")
	}
	begin := slices.IndexFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "["+section+"]" })
	if begin < 0 {
		begin = len(lines)
		lines = append(lines, "["+section+"]")
	}
	for _, s := range settings {
		line := s[0] + " = " + s[1]
		at := begin + 1
		for ; at < len(lines) && !strings.HasPrefix(lines[at], "["); at++ {
			name, _, ok := strings.Cut(lines[at], "=")
			if ok && name == strings.TrimLeft(name, " \t") && strings.EqualFold(strings.TrimSpace(name), s[0]) {
				break
			}
		}
		switch {
		case at < len(lines) && !strings.HasPrefix(lines[at], "["):
			lines[at] = line
		default:
			for at > begin+1 && strings.TrimSpace(lines[at-1]) == "" {
				at--
			}
			lines = slices.Insert(lines, at, line)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".poolkeeper-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(strings.Join(lines, "\n") + "\n")
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
