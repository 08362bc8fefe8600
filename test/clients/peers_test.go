package clients_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The peers are those of Debian's packages awscli and python3-boto3: others of the same
// name that may come first in a PATH have other versions, and other texts.
const (
	awsCLI = "/usr/bin/aws"
	python = "/usr/bin/python3"
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
