package cli

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A loss is a failure that is likely to pass by itself.
type loss struct {
	// throttled: calls came too fast. timeout: no answer came in time.
	throttled, timeout bool
	// after is how long the service asks to wait.
	after time.Duration
}

// retries says how often, and after what time, a call is tried again: as AWS's standard mode
// does, and with AWS_NEW_RETRIES_2026=true as that mode is to become. Sources: AWS SDKs and
// Tools Reference Guide, "Retry behavior"; what was before, observed.
type retries struct {
	// attempts of one call, the first included, are made at most.
	attempts int
	// renewed: the mode as it is to become.
	renewed bool
	// quota is what may still be spent, over all calls of a command; spent is what the last
	// retry took of it.
	quota, spent int
}

const (
	fullQuota = 500
	// maxBackoff bounds what is waited, and patienceAfter what a service may ask for beyond.
	maxBackoff    = 20 * time.Second
	patienceAfter = 5 * time.Second
)

// retries reads the configuration.
func (s *settings) retries() (*retries, error) {
	if mode := s.either("AWS_RETRY_MODE", "retry_mode"); mode != "" && !slices.Contains([]string{"standard", "adaptive"}, mode) {
		return nil, failed(`Invalid value provided to "mode": "%s" must be one of: "standard" or "adaptive"`, mode)
	}
	renewed, _ := s.Lookup("AWS_NEW_RETRIES_2026")
	r := &retries{attempts: 3, renewed: strings.EqualFold(renewed, "true"), quota: fullQuota}
	text := s.either("AWS_MAX_ATTEMPTS", "max_attempts")
	if text == "" {
		return r, nil
	}
	n, err := parseInt(text)
	if err != nil {
		return nil, failed("%v", err)
	}
	if n.Sign() <= 0 || !n.IsInt64() {
		return nil, failed(`Value provided to "max_attempts": %s must be an integer greater than or equal to one.`, n)
	}
	r.attempts = int(n.Int64())
	return r, nil
}

// next tells whether another attempt follows the given one, which is 1 for the first, and when.
// jitter is random, from 0 up to 1.
func (r *retries) next(attempt int, l *loss, jitter float64) (delay time.Duration, again bool) {
	cost := r.cost(l)
	if attempt >= r.attempts || cost > r.quota {
		return 0, false
	}
	r.quota -= cost
	r.spent = cost
	base := time.Second
	if r.renewed && !l.throttled {
		base = 50 * time.Millisecond
	}
	most := base << min(attempt-1, 10)
	if !r.renewed {
		return min(time.Duration(jitter*float64(most)), maxBackoff), true
	}
	delay = time.Duration(jitter * float64(min(most, maxBackoff)))
	return min(max(delay, l.after), delay+patienceAfter), true
}

func (r *retries) cost(l *loss) int {
	switch {
	case r.renewed && !l.throttled:
		return 14
	case !r.renewed && l.timeout:
		return 10
	default:
		return 5
	}
}

// succeeded gives back what the attempt took that succeeded, and a little for the first.
func (r *retries) succeeded(attempt int) {
	back := 1
	if attempt > 1 {
		back = r.spent
	}
	r.quota = min(r.quota+back, fullQuota)
}

// passing returns what was lost with an answer that refuses; nil: the refusal will not pass.
func passing(service *api.Service, resp *http.Response, code string) *loss {
	l := new(loss)
	if ms, err := strconv.ParseUint(resp.Header.Get("X-Amz-Retry-After"), 10, 31); err == nil {
		l.after = time.Duration(ms) * time.Millisecond
	}
	switch code {
	case "PriorRequestNotComplete", "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException",
		"TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException",
		"RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "RequestThrottled", "SlowDown", "EC2ThrottledException":
		l.throttled = true
		return l
	case "RequestTimeout", "RequestTimeoutException":
		return l
	}
	// The provider of a web identity did not answer, which the status does not tell.
	if service.Name == "sts" && code == "IDPCommunicationError" || slices.Contains([]int{500, 502, 503, 504}, resp.StatusCode) {
		return l
	}
	return nil
}
