package pagein

import (
	"os"
	"runtime"
	"testing"
	"unsafe"
)

func TestData(t *testing.T) {
	t.Parallel()
	const (
		code     = "00400000-00ca3000 r-xp 00000000 fe:00 247278                     /usr/bin/poolkeeper\n"
		constant = "00ca3000-01542000 r--p 008a3000 fe:00 247278                     /usr/bin/poolkeeper\n"
		stored   = "01542000-015ce000 rw-p 01142000 fe:00 247278                     /usr/bin/poolkeeper\n"
		zeroes   = "015ce000-03619000 rw-p 00000000 00:00 0 \n"
		writable = "7f0000002000-7f0000003000 rw-p 00001000 fe:00 9                  /lib/x.so\n"
		library  = "7f0000000000-7f0000001000 r-xp 00000000 fe:00 9                  /lib/x.so\n"
	)
	for _, c := range []struct {
		name, maps string
		start, end uintptr
	}{
		{"a static program", code + constant + stored + zeroes, 0x1542000, 0x15ce000},
		{"a library behind it", code + constant + stored + zeroes + library + writable, 0x1542000, 0x15ce000},
		{"no data of a file", code + zeroes, 0, 0},
		{"nothing", "", 0, 0},
		{"a line cut short", stored[:20], 0, 0},
		{"no address", "x-y rw-p 00000000 fe:00 1 /p\n", 0, 0},
		{"ends where it starts", "1000-1000 rw-p 00000000 fe:00 1 /p\n", 0, 0},
		{"an address of 65 bits", "10000000000000000-10000000000001000 rw-p 00000000 fe:00 1 /p\n", 0, 0},
	} {
		if start, end := data(c.maps); start != c.start || end != c.end {
			t.Errorf("%s: got %#x to %#x, want %#x to %#x", c.name, start, end, c.start, c.end)
		}
	}
}

// TestData_Own: what is found is where this program's data is.
func TestData_Own(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc/self/maps on " + runtime.GOOS)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	start, end := data(string(maps))
	if at := uintptr(unsafe.Pointer(&stored)); at < start || at >= end {
		t.Errorf("%#x is not from %#x to %#x, of\n%s", at, start, end, maps)
	}
}

// stored is data of the image, not of the zeroed memory behind it.
var stored = [8]byte{1}
