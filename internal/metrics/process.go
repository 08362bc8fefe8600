package metrics

import (
	"bytes"
	"cmp"
	"maps"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
)

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// goMetrics are what is told of the Go runtime: by the names that the usual dashboards for Go
// programs know, where they have one.
var goMetrics = []struct{ name, help, kind, source string }{
	{"go_goroutines", "Goroutines.", "gauge", "/sched/goroutines:goroutines"},
	{"go_sched_gomaxprocs_threads", "Threads that run Go code at a time.", "gauge", "/sched/gomaxprocs:threads"},
	{"go_memstats_heap_alloc_bytes", "Bytes of heap objects.", "gauge", "/memory/classes/heap/objects:bytes"},
	{"go_memstats_sys_bytes", "Bytes taken from the system.", "gauge", "/memory/classes/total:bytes"},
	{"go_memstats_alloc_bytes_total", "Bytes ever allocated.", "counter", "/gc/heap/allocs:bytes"},
	{"go_gc_cycles_total", "Garbage collections.", "counter", "/gc/cycles/total:gc-cycles"},
	{"go_cpu_gc_seconds_total", "CPU seconds of garbage collection, estimated.", "counter", "/cpu/classes/gc/total:cpu-seconds"},
	{"go_sync_mutex_wait_seconds_total", "Seconds that goroutines have waited for locks.", "counter", "/sync/mutex/wait/total:seconds"},
}

// process adds metrics of the runtime and the process.
func (r *Registry) process(version string) {
	for _, m := range goMetrics {
		r.add(&family{name: m.name, help: m.help, kind: m.kind, collect: func(emit Emit) {
			sample := []metrics.Sample{{Name: m.source}}
			metrics.Read(sample)
			switch v := sample[0].Value; v.Kind() {
			case metrics.KindUint64:
				emit(float64(v.Uint64()))
			case metrics.KindFloat64:
				emit(v.Float64())
			}
		}})
	}
	r.Gauge("poolkeeper_build_info", "1, with the version of the program and of Go.", func(emit Emit) {
		emit(1, version, runtime.Version())
	}, "version", "goversion")
	if runtime.GOOS != "linux" {
		return
	}
	r.CounterFunc("process_cpu_seconds_total", "CPU seconds of the process.", func(emit Emit) {
		if f := stat(); f != nil {
			emit((f(14) + f(15)) / clockTicks)
		}
	})
	r.Gauge("process_resident_memory_bytes", "Bytes of memory that the process has in use.", func(emit Emit) {
		if f := stat(); f != nil {
			emit(f(24) * float64(os.Getpagesize()))
		}
	})
	r.Gauge("process_open_fds", "Open file descriptors.", func(emit Emit) {
		if dir, err := os.Open("/proc/self/fd"); err == nil {
			defer dir.Close()
			names, _ := dir.Readdirnames(-1)
			emit(float64(len(names) - 1)) // but for this one
		}
	})
}

// clockTicks is USER_HZ, which is 100 on every architecture that Go runs on.
const clockTicks = 100

// stat returns the fields of /proc/self/stat by their numbers in proc(5), or nil.
func stat() func(field int) float64 {
	text, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return nil
	}
	// The second field is a name in parentheses, which may hold anything.
	_, rest, ok := bytes.Cut(text[bytes.LastIndexByte(text, ')')+1:], []byte(" "))
	fields := bytes.Fields(rest)
	if !ok || len(fields) < 23 {
		return nil
	}
	return func(n int) float64 {
		v, _ := strconv.ParseFloat(string(fields[n-3]), 64)
		return v
	}
}
