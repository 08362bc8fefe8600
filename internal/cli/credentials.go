package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/sigv4"
)

// credentials finds what to sign with, where AWS's command line looks and in its order.
func (s *settings) credentials(ctx context.Context) (sigv4.Credentials, error) {
	if !s.explicit {
		found, err := s.fromEnvironment()
		if err != nil || found != (sigv4.Credentials{}) {
			return found, err
		}
	}
	found, err := s.fromProfile(ctx, s.profile, nil)
	if err != nil || found != (sigv4.Credentials{}) {
		return found, err
	}
	for _, source := range []func(context.Context) (sigv4.Credentials, error){s.fromContainer, s.fromMetadata} {
		if found, err = source(ctx); err != nil || found != (sigv4.Credentials{}) {
			return found, err
		}
	}
	return found, unconfigured("NoCredentials", `Unable to locate credentials. You can configure credentials by running "%s configure".`, s.Name)
}

func (s *settings) fromEnvironment() (c sigv4.Credentials, err error) {
	c.AccessKeyID, _ = s.Lookup("AWS_ACCESS_KEY_ID")
	if c.AccessKeyID == "" {
		return sigv4.Credentials{}, nil
	}
	if c.SecretAccessKey, _ = s.Lookup("AWS_SECRET_ACCESS_KEY"); c.SecretAccessKey == "" {
		return sigv4.Credentials{}, failed("Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY")
	}
	if c.SessionToken, _ = s.Lookup("AWS_SESSION_TOKEN"); c.SessionToken == "" {
		c.SessionToken, _ = s.Lookup("AWS_SECURITY_TOKEN")
	}
	s.debugf("Found credentials in environment variables.")
	return c, nil
}

// fromProfile takes the credentials of a profile: a role, or a key. via are the profiles
// that the way led through.
func (s *settings) fromProfile(ctx context.Context, name string, via []string) (none sigv4.Credentials, err error) {
	if slices.Contains(via, name) {
		return none, failed("Infinite loop in credential configuration detected. Attempting to load from profile %s which has already been visited. Visited profiles: %s", name, quoted(asList(via)))
	}
	p, found := s.files.merged(name)
	if !found && len(via) > 0 {
		return none, failed(`The source profile "%s" must have credentials.`, name)
	}
	role := p["role_arn"]
	switch {
	case role != "" && (p["source_profile"] != "" || p["credential_source"] != ""):
		return s.assumed(ctx, name, p, append(via, name))
	case role != "" && p["web_identity_token_file"] != "":
		return s.fromWebIdentity(ctx, p["web_identity_token_file"], role, p["role_session_name"])
	}
	if len(via) == 0 && !s.explicit {
		file, _ := s.Lookup("AWS_WEB_IDENTITY_TOKEN_FILE")
		role, _ := s.Lookup("AWS_ROLE_ARN")
		session, _ := s.Lookup("AWS_ROLE_SESSION_NAME")
		if file != "" && role != "" {
			return s.fromWebIdentity(ctx, file, role, session)
		}
	}
	if signOn, err := s.signOn(name); err != nil {
		return none, err
	} else if signOn != nil {
		return s.fromSSO(ctx, name, signOn)
	}
	return s.own(ctx, name)
}

// own takes the key of a profile itself.
func (s *settings) own(ctx context.Context, name string) (sigv4.Credentials, error) {
	c, err := keys(s.files.credentials[name], "shared-credentials-file")
	if err != nil || c != (sigv4.Credentials{}) {
		return c, err
	}
	if p, _ := s.files.merged(name); p["credential_process"] != "" {
		return s.fromProcess(ctx, p["credential_process"])
	}
	return keys(s.files.config[name], "config-file")
}

func asList(names []string) []any {
	list := make([]any, len(names))
	for i, n := range names {
		list[i] = n
	}
	return list
}

// keys takes a key that stands in a profile.
func keys(p map[string]string, where string) (sigv4.Credentials, error) {
	c := sigv4.Credentials{AccessKeyID: p["aws_access_key_id"], SecretAccessKey: p["aws_secret_access_key"], SessionToken: p["aws_session_token"]}
	if c.SessionToken == "" {
		c.SessionToken = p["aws_security_token"]
	}
	switch {
	case c.AccessKeyID == "":
		return sigv4.Credentials{}, nil
	case c.SecretAccessKey == "":
		return sigv4.Credentials{}, failed("Partial credentials found in %s, missing: aws_secret_access_key", where)
	}
	return c, nil
}

// assumed takes a role with the credentials of another profile or source, which are not
// looked for where the role's are kept.
func (s *settings) assumed(ctx context.Context, name string, p map[string]string, via []string) (none sigv4.Credentials, err error) {
	input := newObject()
	input.set("RoleArn", p["role_arn"])
	if session := p["role_session_name"]; session != "" {
		input.set("RoleSessionName", session)
	}
	if id := p["external_id"]; id != "" {
		input.set("ExternalId", id)
	}
	if seconds := p["duration_seconds"]; seconds != "" {
		n, err := parseInt(seconds)
		if err != nil {
			return none, failed("%v", err)
		}
		input.set("DurationSeconds", n)
	}
	serial := p["mfa_serial"]
	if serial != "" {
		input.set("SerialNumber", serial)
	}
	return s.cached(cacheKey(wireJSON, input), "", func() (temporary, error) {
		source, err := s.source(ctx, name, p, via)
		if err != nil {
			return temporary{}, err
		}
		s.nameSession(input)
		if serial != "" {
			code, err := s.Ask("Enter MFA code for " + serial + ": ")
			if err != nil {
				return temporary{}, failed("Profile %s needs a code of the MFA device %s: %v", name, serial, err)
			}
			input.set("TokenCode", strings.TrimSpace(code))
		}
		return s.exchange(ctx, "AssumeRole", input, source)
	})
}

// source finds the credentials that take the role of a profile.
func (s *settings) source(ctx context.Context, name string, p map[string]string, via []string) (found sigv4.Credentials, err error) {
	switch from := p["credential_source"]; from {
	case "":
		if p["source_profile"] == name {
			found, err = s.own(ctx, name)
		} else {
			found, err = s.fromProfile(ctx, p["source_profile"], via)
		}
	case "Environment":
		found, err = s.fromEnvironment()
	case "Ec2InstanceMetadata":
		found, err = s.fromMetadata(ctx)
	case "EcsContainer":
		found, err = s.fromContainer(ctx)
	default:
		err = failed(`The credential source "%s" referenced in profile "%s" is not valid.`, from, name)
	}
	if err == nil && found == (sigv4.Credentials{}) {
		err = failed(`The source profile "%s" must have credentials.`, p["source_profile"])
	}
	return found, err
}

// nameSession gives a session a name, where none is configured.
func (s *settings) nameSession(input *object) {
	if _, named := input.get("RoleSessionName"); !named {
		input.set("RoleSessionName", fmt.Sprintf("poolkeeper-session-%d", s.Now().Unix()))
	}
}

func (s *settings) fromWebIdentity(ctx context.Context, file, role, session string) (sigv4.Credentials, error) {
	input := newObject()
	input.set("RoleArn", role)
	if session != "" {
		input.set("RoleSessionName", session)
	}
	return s.cached(cacheKey(wireJSON, input), "", func() (temporary, error) {
		token, err := os.ReadFile(s.expand(file))
		if err != nil {
			return temporary{}, failed("%s", systemError(err, file))
		}
		s.nameSession(input)
		input.set("WebIdentityToken", string(token))
		return s.exchange(ctx, "AssumeRoleWithWebIdentity", input, sigv4.Credentials{})
	})
}

// exchange asks the security token service for credentials.
func (s *settings) exchange(ctx context.Context, name string, input *object, source sigv4.Credentials) (none temporary, err error) {
	i := slices.IndexFunc(s.Services, func(s *api.Service) bool { return s.Name == "sts" })
	if i < 0 || s.Services[i].Operation(name) == nil {
		return none, failed("The profile wants %s, which this program does not have.", name)
	}
	// --endpoint-url is for the service that is called.
	other := *s
	other.globals = &globals{words: words{}, readTimeout: s.readTimeout, connectTimeout: s.connectTimeout}
	for k, v := range s.words {
		if k != "endpoint-url" {
			other.words[k] = v
		}
	}
	sts := &call{Command: s.Command, globals: other.globals, service: s.Services[i], operation: s.Services[i].Operation(name)}
	caller, err := sts.caller(&other)
	if err != nil {
		return none, err
	}
	caller.credentials = func(context.Context) (sigv4.Credentials, error) { return source, nil }
	answer, err := caller.call(ctx, sts.operation, input)
	if err != nil {
		return none, err
	}
	v, _ := answer.get("Credentials")
	o, _ := v.(*object)
	if o == nil {
		return none, failed("%s answers without credentials.", name)
	}
	text := func(name string) string { v, _ := o.values[name].(string); return v }
	return temporary{text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken"), text("Expiration")}, nil
}

// fromProcess runs a program that prints credentials.
func (s *settings) fromProcess(ctx context.Context, command string) (sigv4.Credentials, error) {
	bad := func(format string, args ...any) error {
		return failed("Error when retrieving credentials from custom-process: %s", fmt.Sprintf(format, args...))
	}
	words := splitWords(command)
	if len(words) == 0 {
		return sigv4.Credentials{}, bad("the command is empty")
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env = s.Environ
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		if errors.Len() > 0 {
			return sigv4.Credentials{}, bad("%s", errors.String())
		}
		return sigv4.Credentials{}, bad("%v", err)
	}
	var answer struct {
		Version                                    int
		AccessKeyID, SecretAccessKey, SessionToken string
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return sigv4.Credentials{}, bad("%v", err)
	}
	if answer.Version != 1 {
		return sigv4.Credentials{}, bad("Unsupported version '%d' for credential process provider, supported versions: 1", answer.Version)
	}
	if answer.AccessKeyID == "" || answer.SecretAccessKey == "" {
		return sigv4.Credentials{}, bad("Missing required key in response")
	}
	return sigv4.Credentials{AccessKeyID: answer.AccessKeyID, SecretAccessKey: answer.SecretAccessKey, SessionToken: answer.SessionToken}, nil
}

// metadataTimeout is how long the machine's own service may take.
const metadataTimeout = time.Second

// metadata is the service by which machines at AWS know themselves.
const metadata = "http://169.254.169.254"

// fetch gets a small text.
func (s *settings) fetch(ctx context.Context, method, url string, header map[string]string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	transport := &http.Transport{DialContext: s.Dial, DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, 1<<16))
}

// fromContainer asks the service that the environment of a container names.
func (s *settings) fromContainer(ctx context.Context) (sigv4.Credentials, error) {
	url, _ := s.Lookup("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if path, _ := s.Lookup("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); path != "" {
		url = "http://169.254.170.2" + path
	}
	if url == "" {
		return sigv4.Credentials{}, nil
	}
	token, _ := s.Lookup("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if file, _ := s.Lookup("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return sigv4.Credentials{}, failed("%s", systemError(err, file))
		}
		token = strings.TrimSpace(string(content))
	}
	header := map[string]string{}
	if token != "" {
		header["Authorization"] = token
	}
	text, err := s.fetch(ctx, http.MethodGet, url, header)
	if err != nil {
		return sigv4.Credentials{}, failed("Error when retrieving credentials from container-role: %v", err)
	}
	return machineCredentials(text)
}

// machineCredentials reads what container and machine services answer.
func machineCredentials(text []byte) (sigv4.Credentials, error) {
	var answer struct{ AccessKeyID, SecretAccessKey, Token string }
	if err := json.Unmarshal(text, &answer); err != nil || answer.AccessKeyID == "" {
		return sigv4.Credentials{}, failed("The machine's credential service answers without credentials.")
	}
	return sigv4.Credentials{AccessKeyID: answer.AccessKeyID, SecretAccessKey: answer.SecretAccessKey, SessionToken: answer.Token}, nil
}

// ask asks the machine's own service for path; nil: there is none, or it is switched off.
func (s *settings) ask(ctx context.Context, paths ...string) []byte {
	if off, _ := s.Lookup("AWS_EC2_METADATA_DISABLED"); strings.EqualFold(off, "true") {
		return nil
	}
	token, err := s.fetch(ctx, http.MethodPut, metadata+"/latest/api/token", map[string]string{"X-aws-ec2-metadata-token-ttl-seconds": "21600"})
	if err != nil {
		return nil
	}
	var text []byte
	for _, p := range paths {
		// The answer to one path is the end of the next.
		path := p + strings.TrimSpace(string(text))
		if text, err = s.fetch(ctx, http.MethodGet, metadata+path, map[string]string{"X-aws-ec2-metadata-token": string(token)}); err != nil {
			return nil
		}
	}
	return text
}

// fromMetadata asks a machine at AWS for the credentials of its role.
func (s *settings) fromMetadata(ctx context.Context) (sigv4.Credentials, error) {
	const path = "/latest/meta-data/iam/security-credentials/"
	text := s.ask(ctx, path, path)
	if text == nil {
		return sigv4.Credentials{}, nil
	}
	return machineCredentials(text)
}

// metadataRegion asks a machine at AWS where it is.
func (s *settings) metadataRegion() string {
	return strings.TrimSpace(string(s.ask(context.Background(), "/latest/meta-data/placement/region")))
}
