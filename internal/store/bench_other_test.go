//go:build !linux

package store

import (
	"os"
	"testing"
	"time"
)

func fdatasync(f *os.File) error { return f.Sync() }

func reportCPU(*testing.B, time.Duration) {}

func cpuTime(*testing.B) time.Duration { return 0 }
