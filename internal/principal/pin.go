package principal

import (
	"errors"
	"fmt"
	"strings"

	"github.com/poolkeeper/poolkeeper/internal/iam"
	"github.com/poolkeeper/poolkeeper/internal/identity"
)

// pins returns the unique ids of the users and roles that a trust policy names, by ARN: whom
// it means, when others get the names. Names that nobody has are left out.
func pins(tx Tx, trust *iam.Policy) (map[string]string, error) {
	ids := map[string]string{}
	for _, arn := range trust.Named() {
		e, err := named(tx, arn)
		if err != nil {
			return nil, err
		}
		if e != nil {
			ids[arn] = e.ID
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return ids, nil
}

// named returns who has the ARN of a user or a role; nil: nobody has it.
func named(tx Tx, arn string) (e *Entity, err error) {
	account, resource, _ := strings.Cut(strings.TrimPrefix(arn, "arn:aws:iam::"), ":")
	name := resource[strings.LastIndexByte(resource, '/')+1:]
	var found string
	switch {
	case strings.HasPrefix(resource, "user/"):
		var u *User
		if u, err = tx.Users().Get(account, name); err == nil {
			e, found = &u.Entity, u.ARN()
		}
	case strings.HasPrefix(resource, "role/"):
		var r *Role
		if r, err = tx.Roles().Get(account, name); err == nil {
			e, found = &r.Entity, r.ARN()
		}
	}
	switch {
	case errors.Is(err, identity.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", arn, err)
	case found != arn:
		return nil, nil
	}
	return e, nil
}

// trustNow returns the trust policy as AWS shows it: with the ARNs that the principals have
// now, and with the unique ids of those that are gone.
func (r *Role) trustNow(tx Tx) (string, error) {
	names := map[string]string{}
	for arn, id := range r.Trusted {
		e, err := named(tx, arn)
		if err != nil {
			return "", err
		}
		if e != nil && e.ID == id {
			continue
		}
		if names[arn], err = arnOfID(tx, arn, id); err != nil {
			return "", err
		}
	}
	if len(names) == 0 {
		return r.Trust, nil
	}
	return iam.Renamed(r.Trust, names), nil
}

// arnOfID returns the ARN of the user or role with a unique id, which once had an ARN of the
// account; the id, when it is gone.
func arnOfID(tx Tx, was, id string) (string, error) {
	account, resource, _ := strings.Cut(strings.TrimPrefix(was, "arn:aws:iam::"), ":")
	if strings.HasPrefix(resource, "role/") {
		return id, nil // roles keep their names
	}
	for u, err := range users.after(tx, account, "") {
		if err != nil {
			return "", err
		}
		if u.ID == id {
			return u.ARN(), nil
		}
	}
	return id, nil
}
