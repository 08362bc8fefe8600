// Package pagein asks the kernel, as the program starts, for the memory that start-up
// touches anyway: in a few calls, where touching it would fault hundreds of times. A
// fault costs a fraction of a microsecond on hardware and, measured, twenty on some
// virtual machines, where faults are half of the time that a command takes.
//
// It acts once, when it is imported, and only on Linux; its imports are few, so that it
// is initialised before what it is for. What it asks for is advice: a kernel that does
// not know it refuses, and nothing differs but the time.
package pagein

import (
	"strconv"
	"strings"
)

// data returns where the program's data is: of the lines of /proc/self/maps, the first writable
// mapping of a file. Zeroes: it is not among them. See proc_pid_maps(5).
func data(maps string) (start, end uintptr) {
	for line := range strings.Lines(maps) {
		f := strings.Fields(line)
		if len(f) < 5 || len(f[1]) < 2 || f[1][1] != 'w' || f[4] == "0" { // no inode: no file
			continue
		}
		from, to, _ := strings.Cut(f[0], "-")
		first, err := strconv.ParseUint(from, 16, strconv.IntSize)
		if err != nil {
			return 0, 0
		}
		last, err := strconv.ParseUint(to, 16, strconv.IntSize)
		if err != nil || last <= first {
			return 0, 0
		}
		return uintptr(first), uintptr(last)
	}
	return 0, 0
}
