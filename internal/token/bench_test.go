//go:build unix

package token_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/token"
)

func benchClaims() identity.Claims {
	c := claims(time.Now())
	c.AMR = []string{"authenticated", "login.my.app", "login.my.app:us-east-1:99999999-8888-7777-6666-555555555555:user-4711"}
	c.PoolARN = "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:99999999-8888-7777-6666-555555555555"
	return c
}

// bareSignature returns the cryptographic operation alone, of a signature over 700 bytes.
func bareSignature(b *testing.B, algorithm string) func() {
	input := make([]byte, 700)
	var sign func() ([]byte, error)
	switch algorithm {
	case token.RS512:
		k := rsaKey(b, 2048)
		sign = func() ([]byte, error) { d := sha512.Sum512(input); return k.Sign(rand.Reader, d[:], crypto.SHA512) }
	case token.RS256:
		k := rsaKey(b, 2048)
		sign = func() ([]byte, error) { d := sha256.Sum256(input); return k.Sign(rand.Reader, d[:], crypto.SHA256) }
	case token.ES256:
		k := ecdsaKey(b, elliptic.P256())
		sign = func() ([]byte, error) { d := sha256.Sum256(input); return ecdsa.SignASN1(rand.Reader, k, d[:]) }
	case token.EdDSA:
		_, k, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		sign = func() ([]byte, error) { return k.Sign(nil, input, crypto.Hash(0)) }
	}
	return func() {
		if _, err := sign(); err != nil {
			b.Fatal(err)
		}
	}
}

// cpu returns the processor time of the process: what a machine shared with others
// disturbs least.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Issue with the embedded store, against the bare signature, in turns of 50.
func BenchmarkRing_Issue(b *testing.B) {
	for _, algorithm := range algorithms {
		b.Run(algorithm, func(b *testing.B) {
			c := config(b, openStore(b, time.Now), time.Now)
			c.Algorithm = algorithm
			r := ensured(b, c)
			cl := benchClaims()
			bare := bareSignature(b, algorithm)
			issue(b, r, cl)
			const turn = 50
			var whole, alone []time.Duration
			for range (b.N + turn - 1) / turn {
				t0 := cpu(b)
				for range turn {
					issue(b, r, cl)
				}
				t1 := cpu(b)
				for range turn {
					bare()
				}
				whole = append(whole, (t1-t0)/turn)
				alone = append(alone, (cpu(b)-t1)/turn)
			}
			b.ReportMetric(micros(whole, 0.5), "issue-cpu-us")
			b.ReportMetric(micros(alone, 0.5), "bare-cpu-us")
			b.ReportMetric(micros(whole, 0.5)/micros(alone, 0.5), "x-bare")
		})
	}
}

// The allocations of Issue alone.
func BenchmarkRing_Issue_Allocs(b *testing.B) {
	for _, algorithm := range algorithms {
		b.Run(algorithm, func(b *testing.B) {
			c := config(b, openStore(b, time.Now), time.Now)
			c.Algorithm = algorithm
			r := ensured(b, c)
			cl := benchClaims()
			b.ReportAllocs()
			for b.Loop() {
				issue(b, r, cl)
			}
		})
	}
}

// RSA by 16 callers at once: through the queue of a ring, and each in its own goroutine.
func BenchmarkRing_Issue_Tail(b *testing.B) {
	const callers = 16
	c := config(b, openStore(b, time.Now), time.Now)
	c.Algorithm = token.RS512
	r := ensured(b, c)
	cl := benchClaims()
	bare := bareSignature(b, token.RS512)
	for name, op := range map[string]func(){"queue": func() { issue(b, r, cl) }, "inline": bare} {
		b.Run(name, func(b *testing.B) {
			took := make([][]time.Duration, callers)
			var all sync.WaitGroup
			for i := range callers {
				all.Go(func() {
					for range (b.N + callers - 1) / callers {
						t0 := time.Now()
						op()
						took[i] = append(took[i], time.Since(t0))
					}
				})
			}
			all.Wait()
			each := slices.Concat(took...)
			b.ReportMetric(micros(each, 0.5)/1000, "p50-ms")
			b.ReportMetric(micros(each, 0.99)/1000, "p99-ms")
			b.ReportMetric(micros(each, 1)/1000, "max-ms")
		})
	}
}

// micros returns a quantile in microseconds.
func micros(d []time.Duration, quantile float64) float64 {
	slices.Sort(d)
	return float64(d[int(quantile*float64(len(d)-1))].Nanoseconds()) / 1000
}
