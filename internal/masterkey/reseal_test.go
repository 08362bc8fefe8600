package masterkey

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/store"
	"github.com/poolkeeper/poolkeeper/internal/store/pgtest"
)

// While the master key is replaced, servers that know both make access keys, and one that knows
// the old one alone tries. Afterwards the new key opens all of them.
func TestReseal_WhileServersSeal(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	url := pgtest.Database(t)
	open := func() *store.DB {
		db, err := store.Open(ctx, store.Config{URL: url, Migrate: true, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	makeKey := func(name string) *seal.Key {
		k, err := seal.CreateFile(filepath.Join(t.TempDir(), name))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	old, next := makeKey("old"), makeKey("next")
	db := open()
	err := db.Update(ctx, func(tx identity.Tx) error {
		return tx.PutSetting(identity.SettingSeal, old.Seal("setting/"+identity.SettingSeal, []byte("x")))
	})
	if err != nil {
		t.Fatal(err)
	}
	root := principal.Root("111122223333")
	root.Region, root.Now = "us-east-1", time.Now()

	var mu sync.Mutex
	var ids []string
	var servers sync.WaitGroup
	done := make(chan struct{})
	begun := make(chan struct{}, 100)
	for i, key := range []*seal.Key{next.With(old), old.With(next), old} {
		s, err := principal.New(principal.Config{Store: open().Principals(), Seal: key, NewID: func(prefix string) string { return prefix + rand.Text()[:17] }, Issuer: "https://issuer.example"})
		if err != nil {
			t.Fatal(err)
		}
		servers.Go(func() {
			tick := time.NewTicker(25 * time.Millisecond) // leaves the machine something for others
			defer tick.Stop()
			for n := 0; ; n++ {
				if n == 8 {
					begun <- struct{}{}
				}
				select {
				case <-done:
					return
				case <-tick.C:
				}
				name := fmt.Sprintf("u%d-%d", i, n)
				if _, err := s.CreateUser(ctx, root, &api.CreateUserInput{UserName: name}); err != nil {
					t.Error(err)
					return
				}
				made, err := s.CreateAccessKey(ctx, root, &api.CreateAccessKeyInput{UserName: name})
				switch {
				case err == nil:
					mu.Lock()
					ids = append(ids, made.AccessKey.AccessKeyId)
					mu.Unlock()
				case key != old || !errors.Is(err, seal.ErrWrongKey):
					t.Errorf("server %d: %v", i, err)
					return
				}
			}
		})
	}
	for range 3 {
		<-begun
	}
	bounded, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	n, err := reseal(bounded, open(), next.With(old))
	if err != nil || n < 24 {
		t.Errorf("resealed %d, %v", n, err)
	}
	for deadline := time.Now().Add(time.Minute); ; {
		mu.Lock()
		enough := len(ids) > n+6
		mu.Unlock()
		if enough || time.Now().After(deadline) {
			break
		}
		if err := db.Check(ctx); err != nil { // a round trip to wait for
			t.Fatal(err)
		}
	}
	close(done)
	servers.Wait()
	if len(ids) <= n {
		t.Errorf("%d access keys, of which %d are from before", len(ids), n)
	}
	err = db.Principals().View(ctx, func(tx principal.Tx) error {
		for _, id := range ids {
			k, err := tx.AccessKey(id)
			if err != nil {
				return err
			}
			if _, err := next.Open(principal.SecretPurpose(id), k.Secret); err != nil {
				t.Errorf("access key %s: %v", id, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
