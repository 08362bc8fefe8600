package clients_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The peers are those of Debian's packages awscli and python3-boto3: others of the same
// name that may come first in a PATH have other versions, and other texts.
const (
	awsCLI = "/usr/bin/aws"
	python = "/usr/bin/python3"
	// Any version of these that is new enough will do: the SDK has a version of its own.
	node     = "/usr/bin/node"
	chromium = "/usr/bin/chromium"
)

// needAWSCLI skips a test that needs the AWS command line where there is none.
func needAWSCLI(t *testing.T) {
	t.Helper()
	cmd := exec.Command(awsCLI, "--version")
	cmd.Env = []string{"HOME=" + t.TempDir()}
	out, err := cmd.Output()
	if err == nil && !strings.HasPrefix(string(out), "aws-cli/2.") {
		err = fmt.Errorf("it is %s", out)
	}
	need(t, err, "version 2 of "+awsCLI+" (Debian's package awscli)")
}

// needBoto3 skips a test that needs boto3 where there is none.
func needBoto3(t *testing.T) {
	t.Helper()
	cmd := exec.Command(python, "-c", "import boto3")
	cmd.Env = []string{"HOME=" + t.TempDir()}
	need(t, cmd.Run(), "boto3 for "+python+" (Debian's package python3-boto3)")
}

// needNode skips a test that needs the AWS SDK for JavaScript where there is none.
func needNode(t *testing.T) {
	t.Helper()
	cmd := exec.Command(node, "--input-type=module", "--eval", `
		import "@aws-sdk/credential-providers";
		import "esbuild";
		if (parseInt(process.versions.node) < 20) throw new Error("it is " + process.versions.node);`)
	cmd.Dir = filepath.Dir(jsFile(t, "package.json"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	need(t, err, node+" from version 20 on, and `npm ci` in "+cmd.Dir)
}

// needChromium skips a test that needs a browser where there is none.
func needChromium(t *testing.T) {
	t.Helper()
	_, err := os.Stat(chromium)
	need(t, err, chromium+" (Debian's package chromium)")
}

// need skips a test whose peer is missing, but not in CI, where nobody would notice.
func need(t *testing.T, missing error, peer string) {
	t.Helper()
	switch {
	case missing == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("this test needs %s: %v", peer, missing)
	default:
		t.Skipf("this test needs %s: %v", peer, missing)
	}
}

// environAWS is the environment of a client of AWS: the root access key of the world,
// and nothing that the machine happens to be configured with.
func (w *world) environAWS(more ...string) []string {
	return w.environ(append([]string{
		"AWS_ACCESS_KEY_ID=" + w.keyID,
		"AWS_SECRET_ACCESS_KEY=" + w.secret,
		"AWS_DEFAULT_REGION=us-east-1",
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_PAGER=",
		"NO_PROXY=*",
	}, more...)...)
}
