#!/bin/sh
# pull_image_to_local.sh IMAGE [PROJECT]: copies IMAGE into PROJECT (google_containers) of your own registry, whose host is in $REGISTRY.
# Unlike docker pull, tag and push it keeps all platforms and the digest. Logins: $AUTH_FILE (auth.json), else docker's own.
set -eu
[ $# -ge 1 ] && [ $# -le 2 ] || { echo "usage: REGISTRY=hub.example.com $0 IMAGE [PROJECT]" >&2; exit 2; }
[ -n "${REGISTRY:-}" ] || { echo "error: REGISTRY is not set
  hint: export REGISTRY=hub.example.com" >&2; exit 2; }
exec mirrorctl sync "$1" --to "$REGISTRY/${2:-google_containers}" ${AUTH_FILE:+--auth "$AUTH_FILE"}
