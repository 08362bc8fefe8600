package sigv4

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Policy says what signatures a server takes. All fields are required.
type Policy struct {
	// Now is the server's time.
	Now time.Time
	// Skew is how far the client's clock may differ either way. It is also how
	// long a signature lives, unless X-Amz-Expires says otherwise.
	Skew time.Duration
	// Service is the signing name.
	Service string
	// Region reports whether the server serves a region. It is called with
	// names that the client made up.
	Region func(string) bool
}

// Check refuses, with an [*Error], a signature that would be of no use even if
// it were genuine. It looks, in this order, at the form of the date, the age, the
// signed headers, the algorithm, the form and then the content of the credential
// scope, and a declared hash of the payload. It is AWS's order: a client with
// several faults is told of the same one.
//
// Signed must be: Host, and every X-Amz- header that is there. SignedHeaders must
// be in lower case and in order, and name only headers that are there: what else it
// could mean differs from one implementation to the next.
func (s *Signature) Check(p Policy) error {
	s.checked = false
	if err := s.checkTime(p); err != nil {
		return err
	}
	if err := s.checkHeaders(); err != nil {
		return err
	}
	if s.algorithm != algorithm {
		return algorithmOther.with(s.algorithm)
	}
	if err := s.checkScope(p); err != nil {
		return err
	}
	s.message.hashBody()
	// Clients that mean to leave the payload unsigned, or to sign it in chunks,
	// say so here: UNSIGNED-PAYLOAD, STREAMING-….
	if declared := s.message.request.Header[amzContentSHA256]; len(declared) > 0 && declared[0] != string(s.message.payload[:]) {
		return payloadDiffers.with(declared[0])
	}
	s.checked = true
	return nil
}

func (s *Signature) checkTime(p Policy) error {
	t, ok := parseTime(s.date, !s.presigned)
	if !ok {
		return dateForm.with(s.date)
	}
	s.Time, s.message.stamp = t, s.date
	if len(s.date) != len(isoBasic) {
		s.message.stamp = t.Format(isoBasic)
	}

	life := p.Skew
	if s.expires != "" {
		const week = 7 * 24 * 60 * 60
		seconds, err := strconv.ParseUint(s.expires, 10, 32)
		if err != nil || seconds < 1 || seconds > week {
			return expiresForm.with(s.expires)
		}
		life = time.Duration(seconds) * time.Second
	}
	now := p.Now.UTC().Truncate(time.Second)
	if earliest := now.Add(-life); t.Before(earliest) {
		return expired.with(s.message.stamp, earliest.Format(isoBasic), now.Format(isoBasic), span(life))
	}
	if latest := now.Add(p.Skew); t.After(latest) {
		return notYetCurrent.with(s.message.stamp, latest.Format(isoBasic), now.Format(isoBasic), span(p.Skew))
	}
	return nil
}

// parseTime reads ISO 8601 basic format, and RFC 1123 where HTTP dates are allowed.
func parseTime(v string, httpDate bool) (time.Time, bool) {
	// time.Parse alone would take a fraction of a second.
	if len(v) == len(isoBasic) {
		t, err := time.Parse(isoBasic, v)
		return t, err == nil
	}
	if !httpDate {
		return time.Time{}, false
	}
	t, err := time.Parse(http.TimeFormat, v)
	return t, err == nil
}

// span prints a window as AWS does, who has only windows of whole minutes.
func span(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min.", d/time.Minute)
	}
	return fmt.Sprintf("%d sec.", d/time.Second)
}

func (s *Signature) checkHeaders() error {
	r, list := s.message.request, s.message.signedHeaders
	var (
		host, ordered = false, true
		amz           int
		absent        string
		previous      string
	)
	for name := range strings.SplitSeq(list, ";") {
		if name <= previous || name != strings.ToLower(name) {
			ordered = false
		}
		previous = name
		// The case does not count here, as observed on DynamoDB.
		if strings.EqualFold(name, "host") {
			host = true
			if r.Host != "" {
				continue
			}
		} else if len(r.values(name)) > 0 {
			if isAmz(name) {
				amz++
			}
			continue
		}
		if absent == "" {
			absent = name
		}
	}
	if !host {
		return notSigned.with("Host")
	}
	if !ordered {
		return signedUnordered.with(list)
	}
	for key := range r.Header {
		if isAmz(key) {
			amz--
		}
	}
	// The names of the list are distinct, so that counting is enough.
	if amz != 0 {
		return notSigned.with(unsigned(r, list))
	}
	if absent != "" {
		return signedAbsent.with(absent)
	}
	return nil
}

// unsigned returns the first X-Amz- header that is not in the list, which is in
// order.
func unsigned(r *Request, list string) string {
	signed := strings.Split(list, ";")
	least := ""
	for key := range r.Header {
		if !isAmz(key) || least != "" && key > least {
			continue
		}
		// No name of the list stands for a key that is not canonical.
		_, found := slices.BinarySearch(signed, strings.ToLower(key))
		if !found || key != http.CanonicalHeaderKey(key) {
			least = key
		}
	}
	return least
}

func (s *Signature) checkScope(p Policy) error {
	if strings.Count(s.credential, "/") != 4 {
		return credentialForm.with(s.credential)
	}
	var id string
	id, s.message.scope, _ = strings.Cut(s.credential, "/")
	// It is counted by, remembered and cached under: as a part of the header, of up to tens of
	// kilobytes, it would keep all of that.
	s.AccessKeyID = strings.Clone(id)
	date, rest, _ := strings.Cut(s.message.scope, "/")
	region, rest, _ := strings.Cut(rest, "/")
	service, last, _ := strings.Cut(rest, "/")
	s.Date, s.Region, s.Service = date, region, service

	var wrong faults
	if !p.Region(s.Region) {
		wrong.add(scopeRegion, s.Region)
	}
	if s.Service != p.Service {
		wrong.add(scopeService, p.Service)
	}
	if last != terminator {
		wrong.add(scopeTerminator, last)
	}
	if day := s.message.stamp[:len(isoDate)]; s.Date != day {
		wrong.add(scopeDate, s.Date, day, s.message.stamp)
	}
	if wrong.any() {
		return wrong.err()
	}
	return nil
}
