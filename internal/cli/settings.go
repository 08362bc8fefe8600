package cli

import (
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// settings are the configuration as AWS's tools have it: the options of the command, the
// environment, and a profile of the configuration and credentials files.
type settings struct {
	*Command
	*globals
	// profile is the name of the profile; explicit tells that --profile gave it.
	profile  string
	explicit bool
	// files are what stands in the files.
	files *profiles
	// scoped is the profile, of both files.
	scoped map[string]string
}

// profiles are the sections of both files.
type profiles struct {
	// config and credentials are the profiles of each.
	config, credentials map[string]map[string]string
	// services are the services sections: by name, then service, then setting.
	services map[string]map[string]string
	// sessions are the sso-session sections.
	sessions map[string]map[string]string
}

// configuration reads the files and finds the profile.
func (c *Command) configuration(g *globals) (*settings, error) {
	s := &settings{Command: c, globals: g}
	var err error
	if s.files, err = c.readProfiles(); err != nil {
		return nil, err
	}
	named := true
	s.profile = g.text("profile")
	if s.explicit = s.profile != ""; !s.explicit {
		if s.profile, named = c.Lookup("AWS_PROFILE"); !named {
			s.profile, named = c.Lookup("AWS_DEFAULT_PROFILE")
		}
	}
	if !named {
		s.profile = "default"
	}
	var found bool
	s.scoped, found = s.files.merged(s.profile)
	if named && !found {
		return nil, failed("The config profile (%s) could not be found", s.profile)
	}
	return s, nil
}

// merged is the profile of a name: what the credentials file has overrides.
func (p *profiles) merged(name string) (map[string]string, bool) {
	out := map[string]string{}
	config, inConfig := p.config[name]
	credentials, inCredentials := p.credentials[name]
	for _, from := range []map[string]string{config, credentials} {
		for k, v := range from {
			out[k] = v
		}
	}
	return out, inConfig || inCredentials
}

func (c *Command) readProfiles() (*profiles, error) {
	p := &profiles{config: map[string]map[string]string{}, services: map[string]map[string]string{}, sessions: map[string]map[string]string{}}
	names, config, err := c.readINI(c.configPath("AWS_CONFIG_FILE", "config"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		// Of two that name one profile the later counts.
		section, words := config[name], splitWords(name)
		switch {
		case name == "default":
			p.config[name] = section
		case len(words) == 2 && words[0] == "profile":
			p.config[words[1]] = section
		case len(words) == 2 && words[0] == "services":
			p.services[words[1]] = section
		case len(words) == 2 && words[0] == "sso-session":
			p.sessions[words[1]] = section
		}
	}
	_, p.credentials, err = c.readINI(c.configPath("AWS_SHARED_CREDENTIALS_FILE", "credentials"))
	return p, err
}

// get is a setting of the profile; empty: it has none.
func (s *settings) get(name string) string { return s.scoped[name] }

// either is a variable of the environment, or else a setting of the profile.
func (s *settings) either(variable, name string) string {
	if v, _ := s.Lookup(variable); v != "" {
		return v
	}
	return s.get(name)
}

// output is the output format that is configured.
func (s *settings) output() string {
	if v := s.either("AWS_DEFAULT_OUTPUT", "output"); v != "" {
		return v
	}
	return "json"
}

const defaultPager = "less"

// pager is the command that shows long output; empty: none.
func (s *settings) pager() string {
	if s.is("no-cli-pager") {
		return ""
	}
	if v, ok := s.Lookup("AWS_PAGER"); ok {
		return v
	}
	if v, ok := s.scoped["cli_pager"]; ok {
		return v
	}
	if v, ok := s.Lookup("PAGER"); ok {
		return v
	}
	return defaultPager
}

// region is the region; empty: none is configured.
func (s *settings) region() (string, error) {
	name, given := s.words["region"].(string)
	if !given {
		for _, v := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
			if name, _ = s.Lookup(v); name != "" {
				break
			}
		}
		if name == "" {
			name = s.get("region")
		}
		if name == "" {
			return s.metadataRegion(), nil
		}
	}
	if !validRegion(name) {
		return "", failed("Provided region_name '%s' doesn't match a supported format.", name)
	}
	return name, nil
}

// validRegion takes the labels of host names that are not numbers.
func validRegion(name string) bool {
	return name != "" && len(name) <= 63 && name[0] != '-' && name[len(name)-1] != '-' &&
		strings.Trim(name, "0123456789") != "" &&
		strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// endpointURL is where the command or the configuration says a service is; empty: at its own
// address.
func (s *settings) endpointURL(service *api.Service) string {
	if v := s.text("endpoint-url"); v != "" {
		return v
	}
	return s.configuredURL(service.Name)
}

// configuredURL is where the configuration says a service is.
func (s *settings) configuredURL(service string) string {
	if strings.EqualFold(s.either("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"), "true") {
		return ""
	}
	id := strings.ReplaceAll(service, "-", "_")
	for _, v := range []string{"AWS_ENDPOINT_URL_" + strings.ToUpper(id), "AWS_ENDPOINT_URL"} {
		if v, _ := s.Lookup(v); v != "" {
			return v
		}
	}
	for line := range strings.Lines(s.files.services[s.get("services")][id]) {
		name, value, _ := strings.Cut(line, "=")
		if strings.TrimSpace(name) == "endpoint_url" {
			return strings.TrimSpace(value)
		}
	}
	return s.get("endpoint_url")
}

// readINI reads a configuration file into its sections, with their names in the file's order.
// A setting whose value goes on in indented lines keeps them, each behind a newline. What is no
// file, or can not be read, is an empty one.
func (c *Command) readINI(path string) (names []string, sections map[string]map[string]string, err error) {
	sections = map[string]map[string]string{}
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return nil, sections, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		fmt.Fprintf(c.Stderr, "warning: the configuration can not be read: %v\n", err)
		return nil, sections, nil
	}
	bad := failed("Unable to parse config file: %s", path)
	if !utf8.Valid(content) {
		return nil, nil, bad
	}
	var section map[string]string
	key := ""
	for line := range strings.Lines(strings.TrimPrefix(string(content), "\ufeff")) {
		text := strings.TrimSpace(line)
		if text == "" || text[0] == '#' || text[0] == ';' {
			continue
		}
		indented := line[0] == ' ' || line[0] == '\t'
		if indented && key != "" {
			section[key] += "\n" + text
			continue
		}
		if text[0] == '[' {
			name, _, ok := strings.Cut(text[1:], "]")
			if _, twice := sections[name]; !ok || name == "" || twice {
				return nil, nil, bad
			}
			section, key = map[string]string{}, ""
			sections[name] = section
			names = append(names, name)
			continue
		}
		i := strings.IndexAny(text, "=:")
		if i <= 0 || section == nil {
			return nil, nil, bad
		}
		key = strings.ToLower(strings.TrimSpace(text[:i]))
		if _, twice := section[key]; twice {
			return nil, nil, bad
		}
		section[key] = strings.TrimSpace(text[i+1:])
	}
	return names, sections, nil
}

// splitWords splits a text at spaces, as a shell does: quotes keep together.
func splitWords(text string) []string {
	var words []string
	var word strings.Builder
	inWord, quote := false, rune(0)
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inWord = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, inWord = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words
}

// timestampsAsSent tells whether timestamps are printed as they came.
func (s *settings) timestampsAsSent() (bool, error) {
	switch format := s.get("cli_timestamp_format"); format {
	case "wire":
		return true, nil
	case "", "iso8601":
		return false, nil
	default:
		return false, unconfigured("Configuration", `Unknown cli_timestamp_format value: %s, valid values are "wire" or "iso8601"`, format)
	}
}

// debugf says on standard error what is done, if --debug asks for it. It never gets a
// secret, a token or a body to say.
func (s *settings) debugf(format string, args ...any) {
	if s.is("debug") {
		fmt.Fprintf(s.Stderr, "%s - MainThread - %s - DEBUG - %s\n", s.Now().Format("2006-01-02 15:04:05,000"), s.Name, fmt.Sprintf(format, args...))
	}
}
