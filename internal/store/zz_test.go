package store
import ("testing";"syscall";"fmt";"math/rand/v2";"github.com/poolkeeper/poolkeeper/internal/identity")
func cpu() float64 { var r syscall.Rusage; syscall.Getrusage(0,&r); return float64(r.Utime.Nano()+r.Stime.Nano())/1000 }
func TestZZ(t *testing.T) {
	for _, size := range []uint64{1000, 200000} {
	b := &testing.B{}
	_ = b
	db := openNew(t)
	fillT(t, db, size)
	logins := make([]identity.Login, 4096)
	for k := range logins { logins[k] = benchLogin(rand.Uint64N(size)) }
	const N = 100000
	for range 3 {
	c0 := cpu()
	for n := range N {
		err := db.View(t.Context(), func(t identity.Tx) error { _, err := t.IdentityOfLogin(benchPool, logins[n%len(logins)]); return err })
		if err != nil { t.Fatal(err) }
	}
	c1 := cpu()
	c, _ := db.readers.take(t.Context())
	_, pool, _ := splitID(benchPool)
	for n := range N {
		l := logins[n%len(logins)]
		c.exec(beginRead)
		c.first(selectLogin, pool.value(), []byte(l.Provider), []byte(l.Subject))
		c.exec(commit)
	}
	c2 := cpu()
	c.exec(beginRead)
	for n := range N {
		l := logins[n%len(logins)]
		c.first(selectLogin, pool.value(), []byte(l.Provider), []byte(l.Subject))
	}
	c3 := cpu()
	db.readers.give(c, true)
	c4 := cpu()
	for range N { db.View(t.Context(), func(t identity.Tx) error { _, err := t.Pool(benchPool); return err }) }
	c5 := cpu()
	fmt.Printf("size %d: view %.2f driver %.2f nobegin %.2f cached %.2f us CPU\n", size, (c1-c0)/N, (c2-c1)/N, (c3-c2)/N, (c5-c4)/N)
	}}
}
func fillT(b testing.TB, db *DB, n uint64) {
	err := db.Update(b.Context(), func(t identity.Tx) error {
		t.InsertPool(&identity.Pool{ID: benchPool, Account: "111122223333", Name: "bench"})
		for k := uint64(0); k < n; k++ { if err := t.InsertIdentity(benchIdentity(k)); err != nil { return err } }
		return nil
	})
	if err != nil { b.Fatal(err) }
}
