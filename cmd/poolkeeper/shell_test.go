package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// A shell is one that completes our commands.
type shell struct {
	// program and args start it as for a person. HOME among them is the home.
	program string
	args    []string
	// path is what it reads first in the home, and rc what stands there: the script is loaded,
	// and Ctrl-T writes the line to the file $LINE and empties it.
	path, rc string
	// needs is a file without which the shell is not tested; empty: none.
	needs string
}

func shells() map[string]shell {
	const bash = `
PS1='ready$ '
source <(poolkeeper completion bash)
show() { printf '%s|\n' "$READLINE_LINE" >"$LINE"; READLINE_LINE=; READLINE_POINT=0; }
bind -x '"\C-t": show'
bind 'set enable-bracketed-paste off'
bind 'set completion-query-items 0'
bind 'set page-completions off'
stty columns 250
`
	const more = "/usr/share/bash-completion/bash_completion"
	args := []string{"--noprofile", "--rcfile", "HOME/rc", "-i"}
	return map[string]shell{
		"bash":                      {program: "bash", args: args, path: "rc", rc: bash},
		"bash with bash-completion": {program: "bash", args: args, path: "rc", rc: "source " + more + "\n" + bash, needs: more},
		"zsh": {program: "zsh", args: []string{"-d", "-i"}, path: ".zshrc", rc: `
PS1='ready$ '
stty columns 250
unsetopt ZLE_BRACKETED_PASTE 2>/dev/null
fpath=($HOME/functions $fpath)
mkdir -p $HOME/functions
poolkeeper completion zsh >$HOME/functions/_poolkeeper
autoload -U compinit && compinit -D -u
LISTMAX=1000
show() { print -r -- "$BUFFER|" >$LINE; BUFFER= }
zle -N show
bindkey -e
bindkey '^T' show
`},
		// Without that directory fish reads all manuals in a process of its own, which goes on
		// writing into the home when fish has gone.
		"fish": {program: "fish", args: []string{"-i"}, path: ".config/fish/config.fish", rc: `
mkdir -p ~/.local/share/fish/generated_completions
stty columns 250
function fish_prompt; echo 'ready$ '; end
function fish_greeting; end
poolkeeper completion fish | source
bind \ct 'echo (commandline)"|" >$LINE; commandline ""'
`},
	}
}

// TestShells: real shells complete our commands on a terminal, and show what they are.
func TestShells(t *testing.T) {
	for name, sh := range shells() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sh.start(t)
			if name == "bash" && s.knows(t, "_get_comp_words_by_ref") {
				t.Error("bash-completion is there, which this is to do without")
			}
			for _, test := range []struct{ typed, want string }{
				{"poolkeeper ser", "poolkeeper serve "},
				{"poolkeeper serve --log-fo", "poolkeeper serve --log-format "},
				{"poolkeeper pool-signing unse", "poolkeeper pool-signing unset "},
				{"poolkeeper cognito-identity get-id --acc", "poolkeeper cognito-identity get-id --account-id "},
				{"poolkeeper audit --output tex", "poolkeeper audit --output text "},
				{"poolkeeper audit --output=tex", "poolkeeper audit --output=text "},
				// Behind values with colons, equal signs and spaces.
				{"poolkeeper cognito-identity get-id --identity-pool-id us-east-1:2b0f --acc", "poolkeeper cognito-identity get-id --identity-pool-id us-east-1:2b0f --account-id "},
				{"poolkeeper cognito-identity get-id --logins 'a b=c:d' --acc", "poolkeeper cognito-identity get-id --logins 'a b=c:d' --account-id "},
				{"poolkeeper --output=json pool-signing unse", "poolkeeper --output=json pool-signing unset "},
				// Files, where there may be one.
				{"poolkeeper policy check my", `poolkeeper policy check my\ policy.json `},
				{"poolkeeper serve --config my", `poolkeeper serve --config my\ policy.json `},
				{"poolkeeper version my", "poolkeeper version my"},
			} {
				if got := s.complete(t, test.typed); got != test.want {
					t.Errorf("%q becomes %q, want %q\n%s", test.typed, got, test.want, s.screen())
				}
			}
			s.list(t, "poolkeeper ", "Identity pools: stable", "Run the server")
			s.list(t, "poolkeeper cognito-identity get-id --", "The account of the identity pool.")
		})
	}
}

// A terminal is a shell that runs on one.
type terminal struct {
	in   io.Writer
	line string
	mu   sync.Mutex
	out  bytes.Buffer
}

func (s *terminal) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(p)
}

// screen is what the shell has shown.
func (s *terminal) screen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.String()
}

func (sh shell) start(t *testing.T) *terminal {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("script(1), which gives a shell its terminal, takes other options on " + runtime.GOOS)
	}
	for _, needed := range []string{sh.program, "script", sh.needs} {
		if _, err := exec.LookPath(needed); needed == "" || err == nil || errors.Is(err, os.ErrPermission) {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing", needed)
		}
		t.Skipf("%s is not here", needed)
	}
	home := t.TempDir()
	for path, content := range map[string]string{sh.path: sh.rc, "my policy.json": "{}"} {
		path = filepath.Join(home, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	words := append([]string{sh.program}, sh.args...)
	s := &terminal{line: filepath.Join(home, "line")}
	// script gives it a terminal.
	cmd := exec.Command("script", "-qec", strings.ReplaceAll(strings.Join(words, " "), "HOME", home), "/dev/null")
	cmd.Dir = home
	cmd.Env = []string{"HOME=" + home, "LINE=" + s.line, "PATH=" + os.Getenv("PATH"), "TERM=xterm", "LC_ALL=C.UTF-8"}
	cmd.Stdout, cmd.Stderr = s, s
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.in = in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.write(t, "\x15exit\n")
		stuck := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		if err := cmd.Wait(); err != nil {
			t.Errorf("exit: %v", err)
		}
		stuck.Stop()
	})
	s.until(t, "the prompt", func() bool { return strings.Contains(s.screen(), "ready$ ") })
	return s
}

// until waits for something.
func (s *terminal) until(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("no %s after a minute: %q", what, s.screen())
		}
	}
}

func (s *terminal) write(t *testing.T, keys string) {
	t.Helper()
	if _, err := io.WriteString(s.in, keys); err != nil {
		t.Fatal(err)
	}
}

// complete types words and then Tab, and returns the line that they become.
func (s *terminal) complete(t *testing.T, words string) (line string) {
	t.Helper()
	if err := os.Remove(s.line); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	s.write(t, words+"\t\x14")
	s.until(t, "line", func() bool {
		content, _ := os.ReadFile(s.line)
		text, whole := strings.CutSuffix(string(content), "|\n")
		line = text
		return whole
	})
	return line
}

// list types words and Tab twice, and waits for texts in what is shown.
func (s *terminal) list(t *testing.T, words string, texts ...string) {
	t.Helper()
	before := len(s.screen())
	s.write(t, words+"\t\t")
	for _, text := range texts {
		s.until(t, fmt.Sprintf("%q", text), func() bool { return strings.Contains(s.screen()[before:], text) })
	}
	s.write(t, "\x15")
}

// knows reports whether the shell has a function.
func (s *terminal) knows(t *testing.T, function string) bool {
	t.Helper()
	before := len(s.screen())
	s.write(t, "declare -F "+function+"; echo known=$?.\n")
	s.until(t, "answer", func() bool {
		return strings.Contains(s.screen()[before:], "known=0.") || strings.Contains(s.screen()[before:], "known=1.")
	})
	return strings.Contains(s.screen()[before:], "known=0.")
}
