package audit

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// version is that of the form of events.
const version = "1.08"

// An Event is one CloudTrail record, with its members in CloudTrail's order.
type Event struct {
	EventVersion string       `json:"eventVersion"`
	UserIdentity UserIdentity `json:"userIdentity"`
	// EventTime is when the request came, in whole seconds UTC.
	EventTime       time.Time `json:"eventTime"`
	EventSource     string    `json:"eventSource"`
	EventName       string    `json:"eventName"`
	AWSRegion       string    `json:"awsRegion"`
	SourceIPAddress string    `json:"sourceIPAddress"`
	UserAgent       string    `json:"userAgent,omitzero"`
	// ErrorCode and ErrorMessage are there when the call was refused.
	ErrorCode    string `json:"errorCode,omitzero"`
	ErrorMessage string `json:"errorMessage,omitzero"`
	// RequestParameters and ResponseElements are objects, or null where there is nothing
	// to tell, or more than 100 KB.
	RequestParameters jsontext.Value `json:"requestParameters"`
	ResponseElements  jsontext.Value `json:"responseElements"`
	RequestID         string         `json:"requestID,omitzero"`
	// EventID is of this event alone: who reads it twice has read one event.
	EventID   string     `json:"eventID"`
	ReadOnly  bool       `json:"readOnly"`
	Resources []Resource `json:"resources,omitempty"`
	EventType string     `json:"eventType"`
	// ManagementEvent is false for what CloudTrail calls data events.
	ManagementEvent bool `json:"managementEvent"`
	// RecipientAccountID is the account that the call concerns: the caller's, or
	// where anybody may call that of the identity pool. Empty when it is not known.
	RecipientAccountID string `json:"recipientAccountId,omitzero"`
	EventCategory      string `json:"eventCategory"`
}

// A UserIdentity is who called.
type UserIdentity struct {
	// Type is Root, IAMUser, AssumedRole, WebIdentityUser for a caller for whom an identity
	// provider vouches, or Unknown for any other who did not sign.
	Type        string `json:"type"`
	PrincipalID string `json:"principalId,omitzero"`
	ARN         string `json:"arn,omitzero"`
	AccountID   string `json:"accountId,omitzero"`
	AccessKeyID string `json:"accessKeyId,omitzero"`
	UserName    string `json:"userName,omitzero"`
	// IdentityProvider is there for a WebIdentityUser.
	IdentityProvider string          `json:"identityProvider,omitzero"`
	SessionContext   *SessionContext `json:"sessionContext,omitzero"`
}

// A SessionContext tells about a session.
type SessionContext struct {
	// SessionIssuer is there for an assumed role.
	SessionIssuer *SessionIssuer `json:"sessionIssuer,omitzero"`
	// WebIDFederationData is there when the role was taken by a token of an identity provider.
	WebIDFederationData *WebIDFederationData `json:"webIdFederationData,omitzero"`
	Attributes          SessionAttributes    `json:"attributes"`
}

// WebIDFederationData is for whom an identity provider has vouched.
type WebIDFederationData struct {
	FederatedProvider string `json:"federatedProvider"`
	// Attributes are what condition keys hold of it. Entries of amr that name users are
	// left out.
	Attributes map[string]string `json:"attributes"`
}

// SessionAttributes tell when the credentials of a session were made, and how.
type SessionAttributes struct {
	CreationDate     time.Time `json:"creationDate"`
	MFAAuthenticated string    `json:"mfaAuthenticated"`
}

// A SessionIssuer is whose permissions a session has.
type SessionIssuer struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	// ARN is that of the role, without the role's path, which a session does not tell.
	ARN       string `json:"arn"`
	AccountID string `json:"accountId"`
	UserName  string `json:"userName"`
}

// A Resource is what the call was about.
type Resource struct {
	AccountID string `json:"accountId"`
	Type      string `json:"type"`
	ARN       string `json:"ARN"`
}

// Source returns the eventSource of a service: NAME.amazonaws.com, and
// poolkeeper.internal for the operators' own service, which AWS does not have.
func Source(s *api.Service) string {
	if s.Version == "" {
		return s.Name + ".internal"
	}
	return s.Name + ".amazonaws.com"
}

// isData reports whether CloudTrail counts the operation among data events. Those of the
// identity pool service are the ones that its users, or a backend for them, call.
func isData(s *api.Service, op *api.Operation) bool {
	return s == api.CognitoIdentity && (op.Public || op.Audit == api.AuditIssue)
}

// identityOf returns who calls, by the form of the caller's ARN.
func identityOf(c api.Caller) UserIdentity {
	u := UserIdentity{
		Type: "Unknown", PrincipalID: c.ID, ARN: c.Principal, AccountID: c.Account,
		AccessKeyID: c.AccessKeyID, UserName: c.User,
	}
	if c.Session != nil {
		u.SessionContext = &SessionContext{Attributes: SessionAttributes{c.Session.Issued.UTC().Truncate(time.Second), "false"}}
	}
	_, resource, _ := cutARN(c.Principal)
	kind, _, _ := strings.Cut(resource, "/")
	switch kind {
	case "root":
		u.Type = "Root"
	case "user":
		u.Type = "IAMUser"
	case "assumed-role":
		u.Type = "AssumedRole"
		if c.Session == nil {
			break
		}
		if w := c.Session.WebIdentity; w != nil {
			u.SessionContext.WebIDFederationData = federation(w)
		}
		id, _, _ := strings.Cut(c.ID, ":")
		u.SessionContext.SessionIssuer = &SessionIssuer{
			Type: "Role", PrincipalID: id, ARN: "arn:aws:iam::" + c.Account + ":role/" + c.Session.Role,
			AccountID: c.Account, UserName: c.Session.Role,
		}
	}
	return u
}

// webIdentityUser returns who calls by a token of an identity provider.
func webIdentityUser(w *api.WebIdentity) UserIdentity {
	return UserIdentity{
		Type: "WebIdentityUser", PrincipalID: w.Provider + ":" + w.Audience + ":" + w.Subject,
		UserName: w.Subject, IdentityProvider: w.Provider,
	}
}

// federation tells of a web identity.
func federation(w *api.WebIdentity) *WebIDFederationData {
	_, prefix, ok := strings.Cut(w.Provider, ":oidc-provider/")
	if !ok {
		prefix = w.Provider
	}
	attributes := map[string]string{prefix + ":aud": w.Audience, prefix + ":sub": w.Subject}
	if len(w.AMR) > 0 {
		attributes[prefix+":amr"] = w.AMR[0]
	}
	return &WebIDFederationData{w.Provider, attributes}
}

// cutARN returns the region and the resource of an ARN.
func cutARN(arn string) (region, resource string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return "", "", false
	}
	return parts[3], parts[5], true
}

// Bounds of texts in bytes; source: "CloudTrail record contents", but for the last, which
// keeps a document that is padded from hiding what else a request says.
const (
	maxText     = 1 << 10
	maxElements = 100 << 10
	maxString   = 32 << 10
)

// Words that stand for values. The second is ours.
const (
	hidden  = "HIDDEN_DUE_TO_SECURITY_REASONS"
	omitted = "OMITTED_DUE_TO_LENGTH"
)

// cut returns the beginning of a text that is too long.
func cut(text string) string {
	if len(text) > maxText {
		text = text[:maxText]
	}
	return strings.ToValidUTF8(text, "\ufffd")
}

// errorCode returns the code of a refusal as CloudTrail spells it: the modelled exceptions
// of the Query services have the word that the wire leaves out.
func errorCode(op *api.Operation, p api.Protocol, c api.Code) string {
	if p == api.Query && !c.Shared() && op.Declares(c) && !strings.HasSuffix(string(c), "Exception") {
		return string(c) + "Exception"
	}
	return string(c)
}

// abouts are the request parameters by which calls that concern no Resources say what they
// are about, the telling ones first.
var abouts = []string{
	"identityId", "userName", "roleName", "policyArn", "policyName", "openIDConnectProviderArn", "sAMLProviderArn",
	"url", "name", "identityPoolName", "resourceArn", "accessKeyId",
}

// About returns, in a word for people, what the call was about; empty where nothing tells.
func (e *Event) About() string {
	if len(e.Resources) > 0 {
		return e.Resources[0].ARN[strings.LastIndexByte(e.Resources[0].ARN, '/')+1:]
	}
	var parameters map[string]any
	if len(e.RequestParameters) == 0 || json.Unmarshal(e.RequestParameters, &parameters) != nil {
		return ""
	}
	for _, name := range abouts {
		if text, ok := parameters[name].(string); ok {
			return text
		}
	}
	return ""
}

// AppendLine appends the event as one line.
func (e *Event) AppendLine(dst []byte) []byte {
	// What is not UTF-8 is replaced, so there is nothing that could fail.
	line, err := json.Marshal(e, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true), json.Deterministic(true))
	if err != nil {
		panic(fmt.Sprintf("audit: event %s of %s: %v", e.EventID, e.EventName, err))
	}
	return append(append(dst, line...), '\n')
}

var errNoEvent = errors.New("not an audit event")

// Parse reads an event from its line, with or without the line feed. Members that are
// not known are passed over: a later version may have added them.
func Parse(line []byte) (*Event, error) {
	e := new(Event)
	if err := json.Unmarshal(line, e); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoEvent, err)
	}
	if e.EventID == "" || e.EventName == "" || e.EventTime.IsZero() {
		return nil, fmt.Errorf("%w: it has no id, name or time", errNoEvent)
	}
	return e, nil
}
