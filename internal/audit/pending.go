package audit

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// A Pending is a call that is on its way, and that becomes an event as soon as it changes
// something. It travels in the context of the call, so that every operation is
// recorded without knowing of it. It is of one goroutine at a time.
type Pending struct {
	// Service and Operation are what is called.
	Service   *api.Service
	Operation *api.Operation
	// Caller is who calls, with address and time.
	Caller api.Caller
	// Input points to the operation's input; nil: it is not read yet.
	Input any
	// RequestID is the id of the answer. UserAgent is what the client says it is.
	RequestID, UserAgent string
	// NewID returns a fresh UUID.
	NewID func() string

	answer   any
	arn      string
	web      *api.WebIdentity
	recorded bool
}

type key struct{}

// With returns a context that carries p.
func With(ctx context.Context, p *Pending) context.Context {
	return context.WithValue(ctx, key{}, p)
}

// From returns the Pending that ctx carries. Nil: what happens in it is no call of
// anybody, and not recorded.
func From(ctx context.Context) *Pending {
	p, _ := ctx.Value(key{}).(*Pending)
	return p
}

// Answer notes what the operation will answer if the transaction that runs becomes
// durable: a pointer to the operation's output. Each run of a closure that changes
// something calls it, where there is something to answer.
func Answer(ctx context.Context, out any) {
	if p := From(ctx); p != nil {
		p.answer = out
	}
}

// By notes for whom an identity provider vouches who calls a public operation.
func By(ctx context.Context, w *api.WebIdentity) {
	if p := From(ctx); p != nil {
		p.web = w
	}
}

// On notes the ARN of the identity pool, or of the role, that a call concerns whose caller
// and input do not tell it: that of a public operation.
func On(ctx context.Context, arn string) {
	if p := From(ctx); p != nil {
		p.arn = arn
	}
}

// Line returns the line of the event that the call has become, under an id of its own.
func (p *Pending) Line() []byte { return p.event(p.answer, nil).AppendLine(nil) }

// SetRecorded notes that an event of the call is durable in the outbox of the store.
func (p *Pending) SetRecorded() { p.recorded = true }

// Recorded reports whether there is one.
func (p *Pending) Recorded() bool { return p.recorded }

// event returns the call as an event. It is refused with err, or has been answered with out.
func (p *Pending) event(out any, err error) *Event {
	data := isData(p.Service, p.Operation)
	e := &Event{
		EventVersion:       version,
		UserIdentity:       identityOf(p.Caller),
		EventTime:          p.Caller.Now.UTC().Truncate(time.Second),
		EventSource:        Source(p.Service),
		EventName:          p.Operation.Name,
		AWSRegion:          p.region(),
		SourceIPAddress:    cmp.Or(p.Caller.SourceIP, Source(api.Control)),
		UserAgent:          cut(p.UserAgent),
		RequestParameters:  elements(p.Operation.Input, p.Input, request),
		RequestID:          p.RequestID,
		EventID:            p.NewID(),
		ReadOnly:           !data && p.Operation.Audit != api.AuditChange,
		EventType:          "AwsApiCall",
		ManagementEvent:    !data,
		RecipientAccountID: p.Caller.Account,
		EventCategory:      "Management",
	}
	if data {
		e.EventCategory = "Data"
	}
	if p.web != nil && p.Caller.Principal == "" {
		e.UserIdentity = webIdentityUser(p.web)
	}
	if r, ok := p.resource(); ok {
		e.Resources = []Resource{r}
		if data || p.Caller.Account == "" {
			e.RecipientAccountID = r.AccountID
		}
	}
	if err == nil {
		if p.Operation.Audit != api.AuditRead {
			e.ResponseElements = elements(p.Operation.Output, out, response)
		}
		return e
	}
	refused, ok := errors.AsType[*api.Error](err)
	if !ok {
		refused = api.Internal.With()
	}
	e.ErrorCode = errorCode(p.Operation, p.Service.Protocol, refused.Code)
	if !slices.Contains(repeating, refused.Code) {
		e.ErrorMessage = cut(refused.Message)
	}
	return e
}

// repeating are the codes of texts that repeat what was sent, which may be secret.
var repeating = []api.Code{api.ValidationException, api.ValidationError, api.SerializationException, api.MalformedInput}

// region returns the region that the request was signed for, or else the one that what it
// names is in.
func (p *Pending) region() string {
	if p.Caller.Region != "" {
		return p.Caller.Region
	}
	region, _, _ := strings.Cut(cmp.Or(p.member("IdentityPoolId"), p.member("IdentityId")), ":")
	return region
}

// member returns the text of a member of the input, if there is one of that name.
func (p *Pending) member(name string) string {
	i := slices.IndexFunc(p.Operation.Input.Members, func(m api.Member) bool { return m.Name == name })
	if p.Input == nil || i < 0 {
		return ""
	}
	return reflect.ValueOf(p.Input).Elem().Field(i).String()
}

// resource returns what the call is about, where that is an identity pool, or a role to be
// taken: AWS names these.
func (p *Pending) resource() (r Resource, ok bool) {
	arn := p.arn
	if arn == "" {
		switch where := p.Operation.Resource; where.Form {
		case api.PoolByID:
			id := p.member(where.Member)
			region, _, _ := strings.Cut(id, ":")
			arn = "arn:aws:cognito-identity:" + region + ":" + p.Caller.Account + ":identitypool/" + id
		case api.ByARN:
			arn = p.member(where.Member)
		}
	}
	_, resource, _ := cutARN(arn)
	switch kind, name, _ := strings.Cut(resource, "/"); {
	case name == "":
		return r, false
	case kind == "identitypool":
		r.Type = "AWS::Cognito::IdentityPool"
	case kind == "role":
		r.Type = "AWS::IAM::Role"
	default:
		return r, false
	}
	r.ARN, r.AccountID = arn, strings.Split(arn, ":")[4]
	return r, true
}
