#!/bin/sh
# usage: store.sh DIRECTORY PORT
#
# A SeaweedFS of this machine alone, until it is stopped: S3, STS and IAM on PORT, and what
# it needs besides on the three ports after it, and on those 10,000 above. Its administrator
# has the access key of the environment. What no policy allows is denied.
set -eu
dir=$1 port=$2
mkdir -p "$dir/data"
cat >"$dir/iam.json" <<END
{
  "sts": {"signingKey": "$(head -c 32 /dev/urandom | base64)"},
  "policy": {"defaultEffect": "Deny"},
  "oidcProviderStore": {"storeType": "filer"},
  "roleStore": {"storeType": "filer"}
}
END
cd "$dir" # for what it writes beside its data
exec weed -logtostderr server -ip=127.0.0.1 -ip.bind=127.0.0.1 -dir="$dir/data" \
	-master.port=$((port + 1)) -master.volumeSizeLimitMB=64 -master.telemetry=false \
	-volume.port=$((port + 2)) -volume.max=0 -volume.preStopSeconds=0 \
	-filer -filer.port=$((port + 3)) -filer.localSocket="$dir/filer.sock" \
	-s3 -s3.port="$port" -s3.port.iceberg=0 -s3.port.lance=0 -s3.localSocket="$dir/s3.sock" \
	-s3.iam.config="$dir/iam.json" -s3.iam.readOnly=false
