package pagein

import (
	"os"
	"syscall"
	"unsafe"
)

// Advice of madvise(2) that package syscall does not name.
const (
	populateWrite = 23 // since Linux 5.14
	collapse      = 25 // since Linux 6.1
)

// hugePage is the size of a huge page where pages are of 4 KiB. The runtime aligns its
// heap to more than that.
const hugePage = 2 << 20

// heap is an object of the heap: what is allocated first lies together.
var heap = new([64]byte)

func init() {
	start := uintptr(unsafe.Pointer(heap)) &^ (hugePage - 1)
	advise(start, start+hugePage, collapse)
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	if start, end := data(string(maps)); end != 0 {
		advise(start, end, populateWrite)
	}
}

// advise ignores refusals: what was not paged in now is when it is touched.
func advise(start, end, advice uintptr) {
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, start, end-start, advice)
}
