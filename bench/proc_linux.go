package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of times in /proc: 1/100 s on every architecture that Go runs on.
const tick = 10 * time.Millisecond

// processCPU reads fields 14 and 15 of /proc/PID/stat, utime and stime: proc(5).
func processCPU(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is a name in parentheses that may hold anything.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const first, utime, stime = 3, 14, 15
	if len(fields) <= stime-first {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	var ticks int64
	for _, at := range []int{utime, stime} {
		n, err := strconv.ParseInt(string(fields[at-first]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// processMemory reads the second field of /proc/PID/statm, the resident pages.
func processMemory(pid int) (int64, error) {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(statm), &size, &resident); err != nil {
		return 0, fmt.Errorf("/proc/%d/statm: %w", pid, err)
	}
	return resident * int64(os.Getpagesize()), nil
}

// ownCPU is the time that this process has spent on cores so far.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the arguments are fixed
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func fdatasync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }

// inMemory reports whether a directory is on a file system that keeps nothing on disk.
func inMemory(dir string) bool {
	const tmpfs, ramfs = 0x01021994, 0x858458f6
	var s syscall.Statfs_t
	err := syscall.Statfs(dir, &s)
	return err == nil && (s.Type == tmpfs || s.Type == ramfs)
}

// endWithParent has the kernel kill the child when this process ends, however it does.
func endWithParent(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// processor names the machine's CPU as the kernel does.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
