#!/bin/sh
# Our token at the store's own STS: see README.md.
. "$(dirname "$0")/servers.sh"

# Poolkeeper: a pool.
POOL=$(pk cognito-identity create-identity-pool --identity-pool-name app --no-allow-unauthenticated-identities \
	--developer-provider-name login.example --query IdentityPoolId --output text)

# The store: trust the issuer's tokens for the pool, and let each identity have a folder.
store iam create-open-id-connect-provider --url "$ISSUER" --client-id-list "$POOL" --thumbprint-list '[]' >/dev/null
store iam create-policy --policy-name own-folder --policy-document '{"Version": "2012-10-17", "Statement": [{
  "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::photos/${jwt:sub}/*"}]}' >/dev/null
ROLE=$(store iam create-role --role-name app --query Role.Arn --output text --assume-role-policy-document '{
  "Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Federated": "'"$ISSUER"'"}, "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {"StringEquals": {"oidc:aud": "'"$POOL"'"}}}]}')
POLICY=$(store iam list-policies --query "Policies[?PolicyName=='own-folder'].Arn" --output text)
store iam attach-role-policy --role-name app --policy-arn "$POLICY"

# The backend: a token for alice.
set -- $(pk cognito-identity get-open-id-token-for-developer-identity --identity-pool-id "$POOL" \
	--logins login.example=alice --query '[IdentityId, Token]' --output text)
IDENTITY=$1 TOKEN=$2

# Alice: credentials of the store for the token, without any of her own.
CREDENTIALS=$(aws --endpoint-url "$STORE" sts assume-role-with-web-identity --no-sign-request \
	--role-arn "$ROLE" --role-session-name alice --web-identity-token "$TOKEN" \
	--query 'Credentials.[AccessKeyId, SecretAccessKey, SessionToken]' --output text)

echo "hello from alice" >"$dir/hello"
as_user "$CREDENTIALS" s3api put-object --bucket photos --key "$IDENTITY/hello" --body "$dir/hello" >/dev/null
as_user "$CREDENTIALS" s3api get-object --bucket photos --key "$IDENTITY/hello" "$dir/back" >/dev/null
echo "read back: $(cat "$dir/back")"

if as_user "$CREDENTIALS" s3api put-object --bucket photos --key somebody-else/hello --body "$dir/hello" >/dev/null 2>"$dir/refusal"; then
	echo "written into somebody else's folder" >&2
	exit 1
fi
echo "refused: $(grep -o '([A-Za-z]*)' "$dir/refusal")"
