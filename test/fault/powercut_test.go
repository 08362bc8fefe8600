package fault_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// F3: the power fails under load. The data directory is on ext4 on a loop device whose file is on
// btrfs; a cut is a copy of that file which shares its blocks, and so is of one moment: it has
// what had reached the device, and not what only the kernel's cache had. A second server then
// starts on the copy. What is acknowledged before the copy begins must be there.
//
// The test shows that it would see a loss: the same with SQLite's synchronous lowered from FULL
// to NORMAL must lose something. Not simulated: a device that reorders or tears what it writes.
func TestPowerCut(t *testing.T) {
	onlyLong(t)
	root(t, "mkfs.btrfs", "mkfs.ext4", "losetup")
	for name, c := range map[string]struct {
		program string
		cuts    int
		loses   bool
	}{
		"as shipped": {program(t), 20, false},
		"synchronous lowered": {build(t, change{
			name: "lowered", file: "internal/store/sqlite_file.go", old: `"synchronous(FULL)"`, new: `"synchronous(NORMAL)"`,
		}), 4, true},
	} {
		t.Run(name, func(t *testing.T) {
			lost, acknowledged := 0, 0
			r := newRig(t)
			n := newNode(t, c.program)
			n.data = filepath.Join(r.disk, "data")
			n.start()
			l := newLedger(t, n)
			stop := l.load(8, n)
			for cut := range c.cuts {
				after(t.Context(), 100*time.Millisecond, 900*time.Millisecond)
				before := l.snapshot()
				image := r.cut(t)
				second := newNode(t, c.program)
				second.data = filepath.Join(image, "data")
				took := second.start()
				b := before.count(second)
				second.kill()
				command(t, "umount", image)
				t.Logf("cut %d: acknowledged %d, known %d, found %d, lost %d, split %d; started in %v",
					cut, len(before.latencies), b.known, b.found, b.lost, b.split, took.Round(time.Millisecond))
				lost += b.lost
				acknowledged += b.known
				if b.split > 0 {
					t.Errorf("cut %d: %d identities split", cut, b.split)
				}
				if !c.loses && b.lost > 0 {
					t.Errorf("cut %d: %d acknowledged writes lost", cut, b.lost)
				}
			}
			stop()
			if acknowledged == 0 {
				t.Error("nothing was acknowledged")
			}
			if c.loses && lost == 0 {
				t.Error("nothing was lost although nothing was synced: the test is blind")
			}
			n.kill() // before what it stands on goes
		})
	}
}

// The same of PostgreSQL's data directory: the server, its database and the disk end at once, and
// begin again with what the copy has. Lowered is synchronous_commit.
func TestPowerCut_Postgres(t *testing.T) {
	onlyLong(t)
	root(t, "mkfs.btrfs", "mkfs.ext4", "losetup")
	for name, c := range map[string]struct {
		lower string
		cuts  int
		loses bool
	}{
		"as shipped":          {"", 5, false},
		"synchronous lowered": {"ALTER SYSTEM SET synchronous_commit = off", 3, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			if err := os.Chmod(r.disk, 0o755); err != nil { //nolint:gosec // PostgreSQL runs as another user
				t.Fatal(err)
			}
			if err := os.Chmod(r.dir, 0o755); err != nil { //nolint:gosec // as above
				t.Fatal(err)
			}
			t.Setenv("TMPDIR", r.disk) // where the database is
			server := pgtest.Start(t)
			t.Setenv("TMPDIR", "")
			k := &cluster{server: server, url: server.Database(t)}
			n := newNode(t, program(t), "--store", k.url, "--auto-migrate")
			if c.lower != "" {
				k.sql(t, c.lower)
				k.sql(t, "SELECT pg_reload_conf()")
			}
			n.start()
			command(t, "sync", "-f", r.disk) // the cluster, which is made without
			lost := 0
			for cut := range c.cuts {
				l := newLedger(t, n)
				stop := l.load(8, n)
				l.next(time.Now())
				after(t.Context(), 300*time.Millisecond, 1200*time.Millisecond)
				before := l.snapshot()
				image := r.copy(t)
				stop()
				n.kill()
				server.Kill(t)
				command(t, "umount", r.disk)
				mount(t, r.disk, "-o", "loop", image)
				r.image = image
				begun := time.Now()
				server.Restart(t)
				n.start()
				took := time.Since(begun)
				b := before.count(n)
				t.Logf("cut %d: acknowledged %d, known %d, found %d, lost %d, split %d; started in %v",
					cut, len(before.latencies), b.known, b.found, b.lost, b.split, took.Round(time.Millisecond))
				lost += b.lost
				if b.known == 0 {
					t.Error("nothing was acknowledged")
				}
				if b.split > 0 || !c.loses && b.lost > 0 {
					t.Errorf("cut %d: %d acknowledged writes lost, %d identities split", cut, b.lost, b.split)
				}
			}
			if c.loses && lost == 0 {
				t.Error("nothing was lost although nothing was synced: the test is blind")
			}
			n.kill()
			server.Kill(t) // before what it stands on goes
		})
	}
}

// A rig is a disk whose power can fail.
type rig struct {
	dir, disk string
	image     string // what the disk is
	cuts      int
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir, err := os.MkdirTemp("", "pk-rig-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &rig{dir: dir, disk: filepath.Join(dir, "inner")}
	outer := filepath.Join(dir, "outer")
	r.image = filepath.Join(outer, "disk.img")
	for _, s := range []struct{ image, size, mkfs, at string }{
		{filepath.Join(dir, "outer.img"), "3G", "mkfs.btrfs", outer},
		{r.image, "400M", "mkfs.ext4", r.disk},
	} {
		command(t, "truncate", "-s", s.size, s.image)
		command(t, s.mkfs, "-q", s.image)
		mount(t, s.at, "-o", "loop", s.image)
	}
	return r
}

// copy returns an image of what a power cut now leaves.
func (r *rig) copy(t *testing.T) string {
	t.Helper()
	r.cuts++
	image := filepath.Join(r.dir, "outer", fmt.Sprintf("crash%d.img", r.cuts))
	command(t, "cp", "--reflink=always", r.image, image)
	return image
}

// cut returns where an image of what a power cut now leaves is mounted.
func (r *rig) cut(t *testing.T) string {
	t.Helper()
	image := r.copy(t)
	at := filepath.Join(r.dir, fmt.Sprintf("snap%d", r.cuts))
	mount(t, at, "-o", "loop", image) // ext4 replays its journal
	return at
}
