package sts

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
	"github.com/poolkeeper/poolkeeper/internal/identity"
	"github.com/poolkeeper/poolkeeper/internal/principal"
	"github.com/poolkeeper/poolkeeper/internal/wire"
)

const (
	// hour is for how long, in seconds, credentials are asked for when the role does not say.
	hour = 3600
	// attempts at an upstream: one that fails in passing is asked once more.
	attempts = 2
	// maxAnswer is how long an upstream's answer may be, in bytes.
	maxAnswer = 64 << 10
)

var assumeRoleWithWebIdentity = api.STS.Operation("AssumeRoleWithWebIdentity")

// upstream returns credentials of the role that stands behind one here, for a token of the
// identity that is made for it. It takes no longer than its attempts may.
//
// A refusal is told as a misconfigured pool, and whatever may be otherwise the next time as
// a failure of an external service.
func (s *Service) upstream(ctx context.Context, f identity.ForIdentity, a *principal.Admission) (*api.STSCredentials, error) {
	u := a.Role.Upstream
	target, err := s.target(f.RoleARN, u)
	if err != nil {
		return nil, err
	}
	// A store ends a session with the token it was given for (observed on SeaweedFS 4.53), so
	// a token of the usual ten minutes would get no credentials for longer.
	lifetime := time.Duration(cmp.Or(u.Duration, hour)) * time.Second
	token, err := s.issuer.Issue(ctx, identity.Claims{
		Subject: f.IdentityID, Audience: f.PoolID, AMR: f.AMR, PrincipalTags: f.Tags,
		PoolARN: identity.PoolARN(f.Account, f.PoolID), Algorithm: f.SigningAlgorithm, IssuedAt: a.Time, Lifetime: lifetime,
	})
	if err != nil {
		return nil, fmt.Errorf("issue token for upstream: %w", err)
	}
	form := wire.AppendForm(nil, api.STS, assumeRoleWithWebIdentity, &api.AssumeRoleWithWebIdentityInput{
		RoleArn: u.RoleARN, RoleSessionName: sessionName, WebIdentityToken: token, Policy: u.Policy, DurationSeconds: u.Duration,
	})
	for n := 1; ; n++ {
		c, err := s.ask(ctx, u.URL, form)
		if err == nil {
			return c, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		why := fmt.Errorf("upstream %s of %s: %w", target.Host, f.RoleARN, err)
		var passing *passingError
		switch {
		case !errors.As(err, &passing):
			return nil, api.PoolMisconfigured.With().Because(why)
		case n == attempts:
			return nil, api.ExternalFailure.With().Because(why)
		}
	}
}

// target returns where the upstream of a role is.
func (s *Service) target(roleARN string, u *principal.Upstream) (*url.URL, error) {
	target, err := url.Parse(u.URL)
	if err != nil || target.Scheme != "https" && !(s.insecure && target.Scheme == "http") {
		return nil, api.PoolMisconfigured.With().Because(fmt.Errorf("upstream of %s: its URL is not https", roleARN))
	}
	return target, nil
}

// A passingError may be over at the next attempt.
type passingError struct{ error }

func (e *passingError) Unwrap() error { return e.error }

// passing are the codes by which an STS says so, beside a status of 500 and more. Source: AWS's
// lists of common errors; the STS API reference; S3 stores' own.
var passing = []api.Code{
	api.IDPCommunicationError, api.Throttling, api.InternalFailure, api.ServiceFailure,
	"InternalError", "RequestLimitExceeded", "ServiceUnavailable", "SlowDown", "ThrottlingException",
}

// ask makes one attempt. Its errors hold nothing of what was sent.
func (s *Service) ask(ctx context.Context, to string, form []byte) (*api.STSCredentials, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(form))
	if err != nil {
		return nil, errors.New("its URL is none")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", "Poolkeeper")
	resp, err := s.client.Do(req)
	if err != nil {
		var withURL *url.Error
		if errors.As(err, &withURL) {
			err = withURL.Err
		}
		return nil, &passingError{err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, &passingError{fmt.Errorf("read answer: %w", err)}
	case len(body) > maxAnswer:
		return nil, &passingError{fmt.Errorf("its answer is longer than %d bytes", maxAnswer)}
	case resp.StatusCode != http.StatusOK:
		return nil, refusal(resp.StatusCode, body)
	}
	var out api.AssumeRoleWithWebIdentityOutput
	if err := wire.DecodeXML(assumeRoleWithWebIdentity, body, &out); err != nil {
		return nil, &passingError{fmt.Errorf("its answer is not understood: %w", err)}
	}
	c := out.Credentials
	if c == nil || c.AccessKeyId == "" || c.SecretAccessKey == "" || c.SessionToken == "" || !c.Expiration.After(s.now()) {
		return nil, &passingError{errors.New("its answer holds no credentials that are valid now")}
	}
	return c, nil
}

// refusal is the error of an answer other than 200.
func refusal(status int, body []byte) error {
	err := fmt.Errorf("it answered %d", status)
	said := wire.ParseErrorXML(body)
	if said != nil {
		message := said.Message
		if strings.Contains(message, "eyJ") {
			message = "left out, since it repeats a token" // as all of them begin
		}
		err = fmt.Errorf("it answered %d %.100q: %.500q", status, said.Code, message)
	}
	again := status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
	if again || said != nil && slices.Contains(passing, said.Code) {
		return &passingError{err}
	}
	return err
}
