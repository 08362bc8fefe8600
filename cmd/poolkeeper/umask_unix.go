//go:build unix

package main

import "syscall"

// restrictNewFiles makes everything that the process creates its owner's alone.
func restrictNewFiles() { syscall.Umask(0o077) }
