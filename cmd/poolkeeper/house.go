package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/uuid"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/audit"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/masterkey"
	"github.com/poolkeeper/poolkeeper/internal/metrics"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/seal"
	"github.com/poolkeeper/poolkeeper/internal/store"
	"github.com/poolkeeper/poolkeeper/internal/sts"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

// Settings in the store.
const (
	settingAccount = "account"
	settingIssuer  = "issuer"
	// settingHome is the home region, which the ids of signing keys begin with.
	settingHome = "home-region"
	// settingRegions are the regions that the last server has served, with commas, so that
	// commands without one see all pools.
	settingRegions = "regions"
	// settingRootKey is the id of the root access key of the first start. Without it
	// the first start has not come to its end, and nobody has seen a key.
	settingRootKey = "root-access-key"
	// settingSeal is a known text sealed with the master key: it tells a wrong key at once.
	settingSeal = identity.SettingSeal
)

// defaultAccount is the account where none is named.
const defaultAccount = "000000000000"

// errNoData: there is nothing in the data directory.
var errNoData = errors.New("no data")

// A house is an open data directory with the rooms on top of it.
type house struct {
	store      *store.DB
	master     *seal.Key
	lock       *flock.Flock // of the data directory, where the store is elsewhere
	keys       *token.Ring
	identities *identity.Service
	principals *principal.Service
	exchange   *sts.Service
	guests     *identity.Guests // nil: they stay
	account    string
	issuer     string
	home       string
	regions    []string
	// fresh: no start on this data directory has made a root access key yet.
	fresh bool
}

// open opens the data directory. With create it makes what is missing, and then
// listened is the issuer of a first start; empty: it must be configured. What is done is
// measured by m; nil: it is not.
func (p *program) open(ctx context.Context, c *config, create bool, listened string, log *slog.Logger, m *metrics.Instruments) (_ *house, err error) {
	h := new(house)
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	master, err := p.openStore(ctx, c, create, h, log, m)
	if err != nil {
		return nil, err
	}
	s := h.store
	if err := h.settle(ctx, c, master, listened, log); err != nil {
		return nil, err
	}
	if master, err = masterkey.Sealing(ctx, s, master); err != nil {
		return nil, err
	}
	if err := s.UseIDKey(ctx, func(tx identity.Tx) ([]byte, error) { return identity.IDKey(tx, master) }); err != nil {
		return nil, err
	}
	h.master = master
	algorithm := c.signingAlgorithm
	if algorithm == "" {
		if algorithm, err = h.newestAlgorithm(ctx); err != nil {
			return nil, err
		}
	}
	ring := token.Config{
		Store: s, Seal: master, Issuer: h.issuer,
		Algorithm: algorithm, KeyIDPrefix: h.home,
		Now: p.now, PublishAhead: c.publishAhead, RotateEvery: c.rotateEvery, Certificates: c.certificates, Log: log,
	}
	if m != nil {
		ring.Observe = m.Signature
	}
	h.keys, err = token.New(ring)
	if err != nil {
		return nil, err
	}
	if create {
		if err := h.keys.Ensure(ctx); err != nil {
			return nil, fmt.Errorf("signing keys: %w", err)
		}
	}
	if err := h.furnish(c, p.now, master, log, m); err != nil {
		return nil, err
	}
	return h, nil
}

func (h *house) close() {
	if h.keys != nil {
		h.keys.Close()
	}
	if h.store != nil {
		_ = h.store.Close() // what was acknowledged is durable already
	}
	if h.lock != nil {
		_ = h.lock.Close()
	}
}

// newestKey reads the master key, or makes it where there is no database yet.
func (p *program) newestKey(c *config, create bool) (*seal.Key, error) {
	if text := p.getenv("POOLKEEPER_MASTER_KEY"); text != "" {
		if c.masterKeyFile != "" {
			return nil, usageError{errors.New("the master key is given twice: by POOLKEEPER_MASTER_KEY and by a file")}
		}
		key, err := seal.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("POOLKEEPER_MASTER_KEY: %w", err)
		}
		return key, nil
	}
	var key *seal.Key
	var err error
	if c.masterKeyFile == "" {
		key, err = masterkey.Read(c.data, create)
	} else {
		key, err = seal.ReadFile(c.masterKeyFile)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && create && c.masterKeyFile != "":
		return seal.CreateFile(c.masterKeyFile)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the master key of this data directory is not there: %w\nPut it there, or name its file with --master-key-file", err)
	}
	return key, err
}

// settle reads the settings that a data directory keeps, and makes them at first.
func (h *house) settle(ctx context.Context, c *config, master *seal.Key, listened string, log *slog.Logger) error {
	check := master.Seal("setting/"+settingSeal, []byte("poolkeeper"))
	var previous string
	err := h.store.Update(ctx, func(tx identity.Tx) error {
		h.fresh, h.account, h.issuer, previous = false, "", "", ""
		sealed, err := tx.Setting(settingSeal)
		if errors.Is(err, identity.ErrNotFound) {
			sealed = check
			err = tx.PutSetting(settingSeal, check)
		}
		if err != nil {
			return err
		}
		if _, err := master.Open("setting/"+settingSeal, sealed); err != nil {
			return fmt.Errorf("this is not the master key of this data directory or store: %w", err)
		}
		account, err := setting(tx, settingAccount, c.account, defaultAccount)
		if err != nil {
			return err
		}
		if c.account != "" && c.account != account {
			return usageError{fmt.Errorf("--account: this data directory belongs to account %s", account)}
		}
		issuer, err := setting(tx, settingIssuer, c.issuer, listened)
		if err != nil {
			return err
		}
		if issuer == "" {
			return usageError{errors.New("--issuer: the first start on an address beyond loopback needs it: the URL by which verifiers reach this server")}
		}
		if c.issuer != "" && c.issuer != issuer {
			if err := tx.PutSetting(settingIssuer, []byte(c.issuer)); err != nil {
				return err
			}
			previous, issuer = issuer, c.issuer
		}
		home, err := setting(tx, settingHome, c.home(), "")
		if err != nil {
			return err
		}
		regions, err := setting(tx, settingRegions, strings.Join(c.regions, ","), home)
		if err != nil {
			return err
		}
		if now := strings.Join(c.regions, ","); now != "" && now != regions {
			regions = now
			if err := tx.PutSetting(settingRegions, []byte(regions)); err != nil {
				return err
			}
		}
		h.account, h.issuer, h.home, h.regions = account, issuer, home, strings.Split(regions, ",")
		_, err = tx.Setting(settingRootKey)
		if h.fresh = errors.Is(err, identity.ErrNotFound); !h.fresh {
			return err
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if previous != "" {
		log.WarnContext(ctx, "the issuer has changed: whoever trusts the old one refuses new tokens", "old", previous, "new", h.issuer)
	}
	return nil
}

// makeRootKey makes the root access key of a first start. It returns nil when first
// starts that were cut short, or the operator, have made as many as the root may have:
// then that is how it is.
func (h *house) makeRootKey(ctx context.Context, now time.Time) (*api.AccessKey, error) {
	err := h.store.View(ctx, func(tx identity.Tx) error { _, err := tx.Setting(settingRootKey); return err })
	if !errors.Is(err, identity.ErrNotFound) {
		return nil, err // another server on this store was first
	}
	// It is recorded like any other change.
	root, in := principal.Root(h.account), new(api.CreateAccessKeyInput)
	root.Region, root.Now = h.home, now
	recorded := audit.With(ctx, &audit.Pending{
		Service: api.IAM, Operation: api.IAM.Operation("CreateAccessKey"), Caller: root, Input: in,
		RequestID: uuid.NewString(), UserAgent: "poolkeeper serve", NewID: uuid.NewString,
	})
	made, err := h.principals.CreateAccessKey(recorded, root, in)
	key, id := (*api.AccessKey)(nil), ""
	if refused, ok := errors.AsType[*api.Error](err); ok && refused.Code == api.LimitExceeded {
		err = nil
	}
	if made != nil {
		key, id = made.AccessKey, made.AccessKey.AccessKeyId
	}
	if err == nil {
		err = h.store.Update(ctx, func(tx identity.Tx) error { return tx.PutSetting(settingRootKey, []byte(id)) })
	}
	if err != nil {
		return nil, fmt.Errorf("root access key: %w", err)
	}
	return key, nil
}

// newestAlgorithm is what a command that is told no algorithm keeps to.
func (h *house) newestAlgorithm(ctx context.Context) (algorithm string, err error) {
	err = h.store.View(ctx, func(tx identity.Tx) error {
		keys, err := tx.SigningKeys()
		for _, k := range keys {
			if !k.ForPools {
				algorithm = k.Algorithm
			}
		}
		return err
	})
	return algorithm, err
}

// setting returns the value kept, or keeps and returns the first one that is not empty.
func setting(tx identity.Tx, name string, first, otherwise string) (string, error) {
	kept, err := tx.Setting(name)
	if err == nil {
		return string(kept), nil
	}
	if !errors.Is(err, identity.ErrNotFound) {
		return "", err
	}
	value := cmp.Or(first, otherwise)
	return value, tx.PutSetting(name, []byte(value))
}

// purge frees the space of deleted pools in bounded steps until ctx ends.
func (h *house) purge(ctx context.Context, log *slog.Logger) {
	const (
		step  = 500
		pause = 50 * time.Millisecond
		idle  = time.Minute
	)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		var more bool
		err := h.store.Update(ctx, func(tx identity.Tx) (err error) {
			more, err = tx.PurgeDeleted(step)
			return err
		})
		if err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "purge deleted identity pools", "cause", err)
		}
		if err == nil && more {
			timer.Reset(pause)
		} else {
			timer.Reset(idle)
		}
	}
}

// noteGuests writes the uses of guests each minute until ctx ends, and then what is left.
func (h *house) noteGuests(ctx context.Context, log *slog.Logger) {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
			defer cancel()
			if err := h.guests.Write(last); err != nil {
				log.WarnContext(last, "uses of guests are lost", "cause", err)
			}
			return
		case <-ticker.C:
		}
		if err := h.guests.Write(ctx); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "guests", "cause", err)
		}
	}
}

// sweep removes, each day, the guests that are not used, in bounded steps, until ctx ends.
func (h *house) sweep(ctx context.Context, log *slog.Logger, m *metrics.Instruments) {
	const (
		first = time.Minute // also after a failure
		pause = 50 * time.Millisecond
		round = 24 * time.Hour
	)
	step := time.NewTimer(first)
	defer step.Stop()
	place, total := "", 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-step.C:
		}
		removed, next, err := h.guests.Sweep(ctx, place)
		if err != nil {
			if ctx.Err() == nil {
				log.ErrorContext(ctx, "guests", "cause", err)
			}
			step.Reset(first)
			continue
		}
		m.GuestsRemoved(removed)
		total += removed
		if place = next; place != "" {
			step.Reset(pause)
			continue
		}
		if total > 0 {
			log.InfoContext(ctx, "guests removed that were not used", "guests", total)
		}
		total = 0
		step.Reset(round)
	}
}
