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

// A span is memory from start up to end, and whether it may be written.
type span struct {
	start, end uintptr
	writable   bool
}

// image returns the code and the data of the program: of the lines of /proc/self/maps,
// the first executable mapping of a file, and the first writable one after it. What it
// can not read it leaves out. See proc_pid_maps(5).
func image(maps string) (spans []span) {
	for line := range strings.Lines(maps) {
		f := strings.Fields(line)
		if len(f) < 5 || len(f[1]) < 3 || f[4] == "0" { // no inode: no file
			continue
		}
		code, data := f[1][2] == 'x', f[1][1] == 'w'
		if wanted := len(spans) == 0 && code || len(spans) == 1 && data; !wanted {
			continue
		}
		from, to, _ := strings.Cut(f[0], "-")
		start, err := strconv.ParseUint(from, 16, strconv.IntSize)
		if err != nil {
			return spans
		}
		end, err := strconv.ParseUint(to, 16, strconv.IntSize)
		if err != nil || end <= start {
			return spans
		}
		spans = append(spans, span{uintptr(start), uintptr(end), data})
	}
	return spans
}
