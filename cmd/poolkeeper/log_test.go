package main

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestLog_Batches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out countingWriter
		log, flush := newLog(&config{logFormat: "text", logLevel: "info"}, new(slog.LevelVar), &out)
		written := func(when string, lines, writes int) {
			t.Helper()
			synctest.Wait()
			if gotLines, gotWrites := out.counts(); gotLines != lines || gotWrites != writes {
				t.Errorf("%s: %d lines in %d writes, want %d in %d", when, gotLines, gotWrites, lines, writes)
			}
		}
		log.Info("one")
		log.Info("two")
		log.Debug("not logged")
		written("at once", 0, 0)
		time.Sleep(logDelay)
		written("after the delay", 2, 1)
		log.Info("three")
		log.With("k", 1).WithGroup("g").Warn("four")
		written("behind a warning", 4, 2)
		log.Info("five")
		flush()
		written("at the end", 5, 3)
		time.Sleep(2 * logDelay)
		written("when nothing waits", 5, 3)
		log.Info(strings.Repeat("x", logBatch))
		written("when much waits", 6, 4)
	})
}

func TestLog_JSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, flush := newLog(&config{logFormat: "json", logLevel: "debug"}, new(slog.LevelVar), &out)
	log.Debug("m", slog.Int("n", 1))
	flush()
	if !strings.Contains(out.String(), `"level":"DEBUG","msg":"m","n":1}`) {
		t.Errorf("got %s", &out)
	}
}

// A countingWriter counts lines and writes. The log writes from a timer's goroutine too.
type countingWriter struct {
	mu            sync.Mutex
	lines, writes int
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes++
	w.lines += bytes.Count(p, []byte("\n"))
	return len(p), nil
}

func (w *countingWriter) counts() (lines, writes int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lines, w.writes
}
