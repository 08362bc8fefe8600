# To be read by the examples: starts a Poolkeeper and a store on a throw-away directory,
# and stops them at the end. Sets ISSUER and STORE, where they are, and defines
#   pk …     Poolkeeper's command line, which is AWS's, at Poolkeeper, as its root
#   store …  AWS's own command line, at the store, as its administrator
#   as_user CREDENTIALS …  the same, with temporary credentials
#
# Needs poolkeeper, weed and aws in the PATH. POOLKEEPER_PORT and STORE_PORT choose other ports.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
running=""
finish() {
	for process in $running; do kill "$process" 2>/dev/null || true; done
	wait
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

port=${POOLKEEPER_PORT:-7665}
ISSUER=http://127.0.0.1:$port
STORE=http://127.0.0.1:${STORE_PORT:-8333}
export HOME="$dir" AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true AWS_PAGER=""
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE

store_id=STOREADMINISTRATOR store_secret=$(od -An -N20 -tx1 /dev/urandom | tr -d ' \n')
pk() { AWS_ACCESS_KEY_ID=$pk_id AWS_SECRET_ACCESS_KEY=$pk_secret poolkeeper "$@" --endpoint-url "$ISSUER"; }
store() { AWS_ACCESS_KEY_ID=$store_id AWS_SECRET_ACCESS_KEY=$store_secret aws --endpoint-url "$STORE" "$@"; }
as_user() {
	user=$1
	shift
	# shellcheck disable=SC2086
	set -- $user "$@"
	id=$1 secret=$2 token=$3
	shift 3
	AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=$token aws --endpoint-url "$STORE" "$@"
}

# until_done tries a command until it succeeds, for a minute.
until_done() {
	tries=0
	until "$@" >"$dir/try" 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 60 ] || { cat "$dir/try" "$dir/poolkeeper.log" "$dir/store.log" >&2; exit 1; }
		sleep 1
	done
}

poolkeeper serve --data "$dir/poolkeeper" --listen "127.0.0.1:$port" --allow-private-endpoints >"$dir/welcome" 2>"$dir/poolkeeper.log" &
running="$running $!"
AWS_ACCESS_KEY_ID=$store_id AWS_SECRET_ACCESS_KEY=$store_secret sh "$here/store.sh" "$dir/store" "${STORE_PORT:-8333}" >"$dir/store.log" 2>&1 &
running="$running $!"

until_done grep 'export AWS_SECRET_ACCESS_KEY=' "$dir/welcome"
pk_id=$(sed -n 's/.*export AWS_ACCESS_KEY_ID=//p' "$dir/welcome")
pk_secret=$(sed -n 's/.*export AWS_SECRET_ACCESS_KEY=//p' "$dir/welcome")
until_done store s3api create-bucket --bucket photos
