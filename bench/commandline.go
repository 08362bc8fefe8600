package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Rows of the command line. Each is a whole process, from its start to its end.
const (
	cliFloor    = "floor: a Go program that prints a line"
	cliSkeleton = "command line: skeleton, nothing sent"
	cliCall     = "command line: a call, local server"
	cliAWS      = "command line: the same by Debian's aws"
)

// awsCLI is AWS's command line, to compare with.
const awsCLI = "/usr/bin/aws"

// commandLine measures commands as a script calls them: without a call, and with one, side
// by side with the real aws where it is installed.
func (b *bench) commandLine(ctx context.Context, p *product) error {
	b.progress("command line")
	_, err := os.Stat(awsCLI)
	real := err == nil
	if !real {
		b.note("The command line is not compared: there is no %s.", awsCLI)
	}
	printfloor := filepath.Join(b.dir, "printfloor")
	if err := build(ctx, printfloor, "bench/printfloor"); err != nil {
		return err
	}
	describe := []string{
		"cognito-identity", "describe-identity-pool", "--identity-pool-id", p.checker.pool,
		"--endpoint-url", p.server.url, "--region", region,
	}
	env := append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID="+p.caller.credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+p.caller.credentials.SecretAccessKey)
	run := func(row, program string, args ...string) error {
		c := exec.CommandContext(ctx, program, args...)
		c.Env = env
		began := time.Now()
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", row, err, out)
		}
		b.add(row, 0, point{P50: milli(time.Since(began)), CPU: cpuOf(c).Seconds() * 1e6})
		return nil
	}
	for range starts {
		if err := run(cliFloor, printfloor); err != nil {
			return err
		}
		if err := run(cliSkeleton, b.program, "cognito-identity", "get-open-id-token-for-developer-identity", "--generate-cli-skeleton"); err != nil {
			return err
		}
		if err := run(cliCall, b.program, describe...); err != nil {
			return err
		}
		if real {
			if err := run(cliAWS, awsCLI, describe...); err != nil {
				return err
			}
		}
	}
	return nil
}

// commandLineGoals are the goals that commandLine measures.
func (b *bench) commandLineGoals() []goal {
	skeleton := b.row(cliSkeleton).spread(func(p point) float64 { return p.CPU / 1000 })
	goals := []goal{
		atMost("command line: CPU of a skeleton", skeleton, 15, " ms"),
		// The goal in milliseconds is for a machine where the floor takes 1.5.
		atMost("command line: CPU of a skeleton / the floor's", b.ratio(cliSkeleton, cliFloor, cpu), 10, ""),
	}
	if b.row(cliAWS) != nil {
		goals = append(goals, atLeast("command line: aws / ours, a call, whole process", b.ratio(cliAWS, cliCall, p50), 30))
	}
	return goals
}
