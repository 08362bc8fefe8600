//go:build !linux

package main

import (
	"errors"
	"os"
	"os/exec"
	"time"
)

var errPlatform = errors.New("the benchmark reads /proc: it runs on Linux only")

func processCPU(int) (time.Duration, error) { return 0, errPlatform }
func processMemory(int) (int64, error)      { return 0, errPlatform }
func ownCPU() time.Duration                 { return 0 }
func fdatasync(*os.File) error              { return errPlatform }
func inMemory(string) bool                  { return false }
func endWithParent(*exec.Cmd)               {}
func processor() string                     { return "unknown processor" }
