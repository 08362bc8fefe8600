package metrics

import (
	"time"
)

// latency are the bounds of times, in seconds: from what a cached read takes to what a
// provider on the other side of the world may.
var latency = []float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// groups are the bounds of how many changes share a commit.
var groups = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256}

// Look is what is looked up when somebody reads the metrics. A function that is nil, or that
// returns false, leaves its metric out.
type Look struct {
	// Version is that of the program.
	Version string
	// Now is the time.
	Now func() time.Time
	// Connections are open to the public listener.
	Connections func() float64
	// SigningQueue is how many signatures wait.
	SigningQueue func() float64
	// ActiveKeySince is when the key that signs began to.
	ActiveKeySince func() (time.Time, bool)
	// AuditWaitsSince is the time of the first change that is not in the audit log yet; the
	// zero time: there is none.
	AuditWaitsSince func() (time.Time, bool)
	// StoreReads counts reads that were answered from memory, and all others.
	StoreReads func() (memory, database uint64)
	// StoreRetries counts transactions that ran again.
	StoreRetries func() uint64
	// Refused counts what rate limits have refused, by what was limited.
	Refused func() map[string]uint64
	// CertificateExpires is when the TLS certificate ends.
	CertificateExpires func() (time.Time, bool)
	// Checks tells of each condition of being ready whether it holds.
	Checks func() map[string]bool
}

// Instruments is everything that is measured. Its methods may be called by many goroutines.
type Instruments struct {
	Registry

	requests      Counter
	requestTime   Histogram
	panics        Counter
	signingWait   Histogram
	signingTime   Histogram
	commitTime    Histogram
	commitUpdates Histogram
	readTime      Histogram
	verifications Counter
	verifyTime    Histogram
	keyLookups    Counter
	keyFetches    Counter
	guestsRemoved Counter
	reloads       Counter
}

// New returns instruments that have measured nothing.
func New(l Look) *Instruments {
	m := new(Instruments)
	m.requests = m.Counter("poolkeeper_requests_total", "Requests answered, by operation and outcome: ok, or the code of the error.", "service", "operation", "outcome")
	m.requestTime = m.Histogram("poolkeeper_request_duration_seconds", "Time from the head of a request to its answer.", latency, "service", "operation")
	m.panics = m.Counter("poolkeeper_panics_total", "Requests in which the program has failed. More than none is a mistake in it.")
	m.gauge("poolkeeper_connections", "Open connections of the public listener.", l.Connections)
	m.counts("poolkeeper_rate_limited_total", "Requests refused by a rate limit, by what was limited.", l.Refused, "scope")

	m.signingWait = m.Histogram("poolkeeper_signing_wait_seconds", "Time that an RSA signature waits for a worker.", latency)
	m.signingTime = m.Histogram("poolkeeper_signing_duration_seconds", "Time that an RSA signature takes.", latency)
	m.gauge("poolkeeper_signing_queue_length", "RSA signatures that wait for a worker.", l.SigningQueue)
	m.since("poolkeeper_signing_key_age_seconds", "Time for which the signing key has been signing.", l.Now, l.ActiveKeySince)

	m.commitTime = m.Histogram("poolkeeper_store_commit_duration_seconds", "Time from the first statement of a writing transaction until it is durable.", latency)
	m.commitUpdates = m.Histogram("poolkeeper_store_commit_updates", "Changes that one durable commit covers.", groups)
	m.readTime = m.Histogram("poolkeeper_store_read_duration_seconds", "Time of reading transactions that reach the database.", latency)
	if l.StoreReads != nil {
		m.CounterFunc("poolkeeper_store_reads_total", "Reading transactions, by whether memory had all rows.", func(emit Emit) {
			memory, database := l.StoreReads()
			emit(float64(memory), "memory")
			emit(float64(database), "database")
		}, "from")
	}
	if l.StoreRetries != nil {
		m.CounterFunc("poolkeeper_store_retries_total", "Transactions that ran again.", func(emit Emit) { emit(float64(l.StoreRetries())) })
	}

	m.verifications = m.Counter("poolkeeper_login_verifications_total", "Login tokens verified, by kind of provider and outcome: ok, or why not.", "kind", "outcome")
	m.verifyTime = m.Histogram("poolkeeper_login_verification_duration_seconds", "Time of verifying a login token, with what the provider is asked.", latency, "kind")
	m.keyLookups = m.Counter("poolkeeper_provider_key_lookups_total", "Lookups of a provider's keys, by whether memory had them: hit or miss.", "result")
	m.keyFetches = m.Counter("poolkeeper_provider_key_fetches_total", "Fetches of a provider's keys: ok or failed.", "outcome")

	m.since("poolkeeper_audit_lag_seconds", "Age of the oldest change that is not in the audit log yet; 0: none.", l.Now, l.AuditWaitsSince)
	m.guestsRemoved = m.Counter("poolkeeper_guests_removed_total", "Guests removed for not being used.")
	m.reloads = m.Counter("poolkeeper_reloads_total", "Reloads of configuration or certificate: ok or failed.", "outcome")
	if l.CertificateExpires != nil {
		m.Gauge("poolkeeper_certificate_expiry_timestamp_seconds", "When the TLS certificate ends.", func(emit Emit) {
			if t, ok := l.CertificateExpires(); ok {
				emit(float64(t.Unix()))
			}
		})
	}
	if l.Checks != nil {
		m.Gauge("poolkeeper_ready", "Conditions of being ready: 1 holds, 0 does not.", func(emit Emit) {
			checks := l.Checks()
			for _, name := range sorted(checks) {
				emit(bit(checks[name]), name)
			}
		}, "check")
	}
	m.process(l.Version)
	return m
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (m *Instruments) gauge(name, help string, look func() float64) {
	if look != nil {
		m.Gauge(name, help, func(emit Emit) { emit(look()) })
	}
}

func (m *Instruments) counts(name, help string, look func() map[string]uint64, label string) {
	if look == nil {
		return
	}
	m.CounterFunc(name, help, func(emit Emit) {
		n := look()
		for _, of := range sorted(n) {
			emit(float64(n[of]), of)
		}
	}, label)
}

// since makes a gauge of how long ago a time was; the zero time is 0.
func (m *Instruments) since(name, help string, now func() time.Time, look func() (time.Time, bool)) {
	if look == nil {
		return
	}
	m.Gauge(name, help, func(emit Emit) {
		t, ok := look()
		switch {
		case !ok:
		case t.IsZero():
			emit(0)
		default:
			emit(max(0, now().Sub(t).Seconds()))
		}
	})
}

// Request tells of a request. The outcome is ok or an error code.
func (m *Instruments) Request(service, operation, outcome string, took time.Duration) {
	m.requests.Inc(service, operation, outcome)
	m.requestTime.Observe(took.Seconds(), service, operation)
}

// Panic tells of a request in which the program has failed.
func (m *Instruments) Panic() { m.panics.Inc() }

// Signature tells of an RSA signature.
func (m *Instruments) Signature(waited, took time.Duration) {
	m.signingWait.Observe(waited.Seconds())
	m.signingTime.Observe(took.Seconds())
}

// Commit tells of a durable commit.
func (m *Instruments) Commit(updates int, took time.Duration) {
	m.commitTime.Observe(took.Seconds())
	m.commitUpdates.Observe(float64(updates))
}

// Read tells of a reading transaction that has reached the database.
func (m *Instruments) Read(took time.Duration) { m.readTime.Observe(took.Seconds()) }

// Verification tells of a login token. The outcome is ok or a reason.
func (m *Instruments) Verification(kind, outcome string, took time.Duration) {
	m.verifications.Inc(kind, outcome)
	m.verifyTime.Observe(took.Seconds(), kind)
}

// KeyLookup tells of a lookup of a provider's keys, and KeyFetch of a fetch.
func (m *Instruments) KeyLookup(cached bool) {
	if cached {
		m.keyLookups.Inc("hit")
	} else {
		m.keyLookups.Inc("miss")
	}
}

// KeyFetch tells of a fetch of a provider's keys.
func (m *Instruments) KeyFetch(err error) { m.keyFetches.Inc(outcome(err)) }

// GuestsRemoved tells that guests were removed.
func (m *Instruments) GuestsRemoved(n int) { m.guestsRemoved.f.of(nil).count.Add(uint64(max(0, n))) }

// Reload tells that configuration or certificate were read again.
func (m *Instruments) Reload(err error) { m.reloads.Inc(outcome(err)) }

func outcome(err error) string {
	if err != nil {
		return "failed"
	}
	return "ok"
}
