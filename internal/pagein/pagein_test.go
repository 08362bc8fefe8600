package pagein

import (
	"os"
	"runtime"
	"slices"
	"testing"
	"unsafe"
)

func TestImage(t *testing.T) {
	t.Parallel()
	const (
		code     = "00400000-00ca3000 r-xp 00000000 fe:00 247278                     /usr/bin/poolkeeper\n"
		constant = "00ca3000-01542000 r--p 008a3000 fe:00 247278                     /usr/bin/poolkeeper\n"
		data     = "01542000-015ce000 rw-p 01142000 fe:00 247278                     /usr/bin/poolkeeper\n"
		zeroes   = "015ce000-03619000 rw-p 00000000 00:00 0 \n"
		library  = "7f0000000000-7f0000001000 r-xp 00000000 fe:00 9                  /lib/x.so\n"
	)
	both := []span{{0x400000, 0xca3000, false}, {0x1542000, 0x15ce000, true}}
	for _, c := range []struct {
		name, maps string
		want       []span
	}{
		{"a static program", code + constant + data + zeroes, both},
		{"a library behind it", code + constant + data + zeroes + library + data, both},
		{"a header before its code", constant + code + data, both},
		{"no code", constant + data, nil},
		{"no data of a file", code + zeroes, both[:1]},
		{"nothing", "", nil},
		{"a line cut short", code[:20], nil},
		{"no address", "x-y r-xp 00000000 fe:00 1 /p\n", nil},
		{"ends where it starts", "1000-1000 r-xp 00000000 fe:00 1 /p\n", nil},
		{"an address of 65 bits", "10000000000000000-10000000000001000 r-xp 00000000 fe:00 1 /p\n", nil},
	} {
		if got := image(c.maps); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// TestImage_Own: what is found is where this program's code and data are.
func TestImage_Own(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc/self/maps on " + runtime.GOOS)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	spans := image(string(maps))
	if len(spans) != 2 {
		t.Fatalf("got %v of\n%s", spans, maps)
	}
	pc, _, _, _ := runtime.Caller(0)
	variable := uintptr(unsafe.Pointer(&stored))
	for i, at := range []uintptr{pc, variable} {
		if s := spans[i]; at < s.start || at >= s.end {
			t.Errorf("%#x is not in %v", at, s)
		}
	}
}

// stored is data of the image, not of the zeroed memory behind it.
var stored = [8]byte{1}
