package server

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/principal"
)

const (
	// maxUses bounds the uses that wait to be noted. More are dropped: a later
	// request with the key is noted instead.
	maxUses = 256
	// maxUsers bounds the keys that are remembered as noted.
	maxUsers = 4096
)

// KeyUses notes when access keys are used, for GetAccessKeyLastUsed. No request waits for
// it, and none fails by it.
type KeyUses struct {
	noteUse func(ctx context.Context, id, service, region string) error
	log     *slog.Logger
	uses    chan keyUse

	mu sync.Mutex // guards noted
	// noted tells when this process last handed on a use of a key, so that nearly every
	// request is done with a look at it.
	noted map[string]time.Time
}

type keyUse struct{ id, service, region string }

// NewKeyUses returns a KeyUses that hands what it is told to note, which
// [principal.Service.NoteKeyUse] is. Nothing is handed on before Run.
func NewKeyUses(note func(ctx context.Context, id, service, region string) error, log *slog.Logger) *KeyUses {
	return &KeyUses{noteUse: note, log: log, uses: make(chan keyUse, maxUses), noted: map[string]time.Time{}}
}

// Note takes notice of a request that was authenticated and authorised. Of the access
// keys of sessions nothing is kept.
func (u *KeyUses) Note(c api.Caller, service string, now time.Time) {
	if u == nil || !strings.HasPrefix(c.AccessKeyID, "AKIA") {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if last, ok := u.noted[c.AccessKeyID]; ok && now.Sub(last) < principal.UsesApart {
		return
	}
	select {
	case u.uses <- keyUse{c.AccessKeyID, service, c.Region}:
	default:
		return
	}
	if len(u.noted) >= maxUsers {
		clear(u.noted)
	}
	u.noted[c.AccessKeyID] = now
}

// Run hands on what was noted until ctx ends, and then what is left, for which it takes at
// most the time given. Call it once, and end ctx when no more requests are served.
func (u *KeyUses) Run(ctx context.Context, atEnd time.Duration) {
	handing := context.WithoutCancel(ctx)
	for ctx.Err() == nil {
		select {
		case use := <-u.uses:
			u.hand(handing, use)
		case <-ctx.Done():
		}
	}
	rest, stop := context.WithTimeout(handing, atEnd)
	defer stop()
	for {
		select {
		case use := <-u.uses:
			u.hand(rest, use)
		default:
			return
		}
	}
}

func (u *KeyUses) hand(ctx context.Context, use keyUse) {
	err := u.noteUse(ctx, use.id, use.service, use.region)
	if err == nil {
		return
	}
	u.mu.Lock()
	delete(u.noted, use.id)
	u.mu.Unlock()
	u.log.WarnContext(ctx, "the use of an access key is not noted", "key", use.id, "cause", err)
}
