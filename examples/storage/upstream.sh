#!/bin/sh
# A role of Poolkeeper with the store's STS behind it: see README.md.
. "$(dirname "$0")/servers.sh"

# Poolkeeper: a pool, and a role for its identities.
POOL=$(pk cognito-identity create-identity-pool --identity-pool-name app --no-allow-unauthenticated-identities \
	--developer-provider-name login.example --query IdentityPoolId --output text)
OURS=$(pk iam create-role --role-name app --query Role.Arn --output text --assume-role-policy-document '{
  "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {
      "StringEquals": {"cognito-identity.amazonaws.com:aud": "'"$POOL"'"},
      "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}}}]}')
pk cognito-identity set-identity-pool-roles --identity-pool-id "$POOL" --roles authenticated="$OURS"

# The store: trust the issuer's tokens for the pool, and let each identity have a folder.
store iam create-open-id-connect-provider --url "$ISSUER" --client-id-list "$POOL" --thumbprint-list '[]' >/dev/null
store iam create-policy --policy-name own-folder --policy-document '{"Version": "2012-10-17", "Statement": [{
  "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::photos/${jwt:sub}/*"}]}' >/dev/null
THEIRS=$(store iam create-role --role-name app --query Role.Arn --output text --assume-role-policy-document '{
  "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Federated": "'"$ISSUER"'"}, "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {"StringEquals": {"oidc:aud": "'"$POOL"'"}}}]}')
POLICY=$(store iam list-policies --query "Policies[?PolicyName=='own-folder'].Arn" --output text)
store iam attach-role-policy --role-name app --policy-arn "$POLICY"

# Poolkeeper: the role's credentials come from there.
poolkeeper upstream set "$OURS" --url "$STORE" --role "$THEIRS" --data "$dir/poolkeeper"

# The backend: a token for alice.
set -- $(pk cognito-identity get-open-id-token-for-developer-identity --identity-pool-id "$POOL" \
	--logins login.example=alice --query '[IdentityId, Token]' --output text)
IDENTITY=$1 TOKEN=$2

# Alice: what the Cognito credentials provider of every SDK does. She knows of no store's STS.
CREDENTIALS=$(aws --endpoint-url "$ISSUER" cognito-identity get-credentials-for-identity --no-sign-request \
	--identity-id "$IDENTITY" --logins cognito-identity.amazonaws.com="$TOKEN" \
	--query 'Credentials.[AccessKeyId, SecretKey, SessionToken]' --output text)

echo "hello from alice" >"$dir/hello"
as_user "$CREDENTIALS" s3api put-object --bucket photos --key "$IDENTITY/hello" --body "$dir/hello" >/dev/null
as_user "$CREDENTIALS" s3api get-object --bucket photos --key "$IDENTITY/hello" "$dir/back" >/dev/null
echo "read back: $(cat "$dir/back")"

if as_user "$CREDENTIALS" s3api put-object --bucket photos --key somebody-else/hello --body "$dir/hello" >/dev/null 2>"$dir/refusal"; then
	echo "written into somebody else's folder" >&2
	exit 1
fi
echo "refused: $(grep -o '([A-Za-z]*)' "$dir/refusal")"
