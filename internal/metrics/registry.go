// Package metrics counts and times what the server does, and writes it in the text format
// of Prometheus. Every instrument there is stands in [Instruments]; how they are kept and
// written is beside it. It asks nobody: who does something tells, and what is looked up when
// somebody reads the metrics is a function that is handed in. It serves no HTTP.
//
// Format: Prometheus exposition, text version 0.0.4.
package metrics

import (
	"bytes"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// ContentType is that of what [Registry.WriteTo] writes.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// maxSeries bounds the series of one family. Label values all come from lists in the
// program, so nothing should ever come near it; what would go beyond is counted as "other".
const maxSeries = 2048

// maxLabels is how many labels a family may have.
const maxLabels = 3

// A Registry holds families of instruments in the order in which they were made.
type Registry struct{ families []*family }

// A family is all series of one name.
type family struct {
	name, help, kind string
	labels           []string
	buckets          []float64 // of a histogram: upper bounds, ascending
	collect          func(Emit)

	// series is replaced by a copy when one is added, which is rare, so that all others are
	// found without a lock or memory of their own. Nil: there are none.
	series atomic.Pointer[map[labelValues]*series]
	mu     sync.Mutex // held to replace series
}

// labelValues are the values of a family's labels, in their order.
type labelValues [maxLabels]string

// A series is one counter or histogram. Sums are in float64bits.
type series struct {
	count atomic.Uint64
	sum   atomic.Uint64
	// of holds how many observations fell into each bucket, the last one without bound.
	of []atomic.Uint64
}

// Emit gives the value of a series when metrics are read.
type Emit func(value float64, labels ...string)

func (r *Registry) add(f *family) *family {
	r.families = append(r.families, f)
	return f
}

// A Counter counts by labels.
type Counter struct{ f *family }

// Counter makes a counter. Its name ends in _total.
func (r *Registry) Counter(name, help string, labels ...string) Counter {
	return Counter{r.add(&family{name: name, help: help, kind: "counter", labels: labels})}
}

// Inc counts one more.
func (c Counter) Inc(labels ...string) { c.f.of(labels).count.Add(1) }

// A Histogram tells how observations are spread, by labels.
type Histogram struct{ f *family }

// Histogram makes a histogram with buckets up to the bounds, which ascend.
func (r *Registry) Histogram(name, help string, bounds []float64, labels ...string) Histogram {
	return Histogram{r.add(&family{name: name, help: help, kind: "histogram", labels: labels, buckets: bounds})}
}

// Observe adds an observation.
func (h Histogram) Observe(v float64, labels ...string) {
	s := h.f.of(labels)
	at, _ := slices.BinarySearch(h.f.buckets, v)
	s.of[at].Add(1)
	for {
		old := s.sum.Load()
		if s.sum.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+v)) {
			return
		}
	}
}

// Gauge makes a gauge that is asked for when metrics are read. A function that has nothing to
// say emits nothing.
func (r *Registry) Gauge(name, help string, collect func(Emit), labels ...string) {
	r.add(&family{name: name, help: help, kind: "gauge", labels: labels, collect: collect})
}

// CounterFunc is [Registry.Gauge] for what only grows.
func (r *Registry) CounterFunc(name, help string, collect func(Emit), labels ...string) {
	r.add(&family{name: name, help: help, kind: "counter", labels: labels, collect: collect})
}

func (f *family) of(labels []string) *series {
	var k labelValues
	copy(k[:], labels)
	if s, ok := f.all()[k]; ok {
		return s
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.all()
	if len(all) >= maxSeries {
		for i := range labels {
			k[i] = "other"
		}
	}
	if s, ok := all[k]; ok {
		return s
	}
	more := make(map[labelValues]*series, len(all)+1)
	maps.Copy(more, all)
	more[k] = &series{of: make([]atomic.Uint64, len(f.buckets)+1)}
	f.series.Store(&more)
	return more[k]
}

// all returns the series there are. The map is not written to any more.
func (f *family) all() map[labelValues]*series {
	if all := f.series.Load(); all != nil {
		return *all
	}
	return nil
}

// WriteTo writes all metrics.
func (r *Registry) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	for _, f := range r.families {
		f.write(&b)
	}
	return b.WriteTo(w)
}

// Names returns the names of all families.
func (r *Registry) Names() []string {
	var names []string
	for _, f := range r.families {
		names = append(names, f.name)
	}
	return names
}

func (f *family) write(b *bytes.Buffer) {
	b.WriteString("# HELP " + f.name + " " + f.help + "\n# TYPE " + f.name + " " + f.kind + "\n")
	if f.collect != nil {
		f.collect(func(v float64, labels ...string) { f.line(b, "", labels, "", v) })
		return
	}
	if len(f.labels) == 0 {
		f.of(nil) // nothing yet is 0, and rates need a first value
	}
	all := f.all()
	for _, k := range slices.SortedFunc(maps.Keys(all), func(x, y labelValues) int { return slices.Compare(x[:], y[:]) }) {
		s, labels := all[k], k[:len(f.labels)]
		if f.kind == "counter" {
			f.line(b, "", labels, "", float64(s.count.Load()))
			continue
		}
		// One that is counted meanwhile is in the buckets and the count, or in neither.
		total := uint64(0)
		for i := range s.of {
			total += s.of[i].Load()
			bound := "+Inf"
			if i < len(f.buckets) {
				bound = strconv.FormatFloat(f.buckets[i], 'g', -1, 64)
			}
			f.line(b, "_bucket", labels, bound, float64(total))
		}
		f.line(b, "_sum", labels, "", math.Float64frombits(s.sum.Load()))
		f.line(b, "_count", labels, "", float64(total))
	}
}

var escape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func (f *family) line(b *bytes.Buffer, suffix string, labels []string, le string, v float64) {
	b.WriteString(f.name)
	b.WriteString(suffix)
	open := byte('{')
	label := func(name, value string) {
		b.WriteByte(open)
		open = ','
		b.WriteString(name + `="`)
		_, _ = escape.WriteString(b, value) // a buffer takes all
		b.WriteByte('"')
	}
	for i, name := range f.labels {
		label(name, labels[i])
	}
	if le != "" {
		label("le", le)
	}
	if open == ',' {
		b.WriteByte('}')
	}
	b.WriteByte(' ')
	b.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
	b.WriteByte('\n')
}
