//go:build !unix

package main

// restrictNewFiles does nothing where files inherit their permissions from the folder.
func restrictNewFiles() {}
