package identity

import "strings"

// PoolARN returns the ARN of an identity pool.
func PoolARN(account, poolID string) string {
	return "arn:aws:cognito-identity:" + region(poolID) + ":" + account + ":identitypool/" + poolID
}

// RootARN returns the principal ARN of an account's root.
func RootARN(account string) string { return "arn:aws:iam::" + account + ":root" }

// poolOfARN returns the pool id that an ARN names, if it is the ARN of an
// identity pool of the caller's account and region.
func poolOfARN(c Caller, arn string) (id string, ok bool) {
	_, id, found := strings.Cut(arn, ":identitypool/")
	return id, found && region(id) == c.Region && arn == PoolARN(c.Account, id)
}

// providerOfARN returns the part of an IAM provider's ARN behind kind and a
// slash, if the ARN is one of that kind in the account.
func providerOfARN(account, kind, arn string) (name string, ok bool) {
	name, found := strings.CutPrefix(arn, "arn:aws:iam::"+account+":"+kind+"/")
	return name, found && name != "" && !strings.ContainsAny(name, " \t\r\n")
}

// region returns the region that a REGION:GUID names.
func region(id string) string {
	r, _, _ := strings.Cut(id, ":")
	return r
}
