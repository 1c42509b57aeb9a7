#!/bin/sh
# The files in openapi/ are generated: fails if they are not what the code says now.
set -eu
cd "$(dirname "$0")/.."
now=$(mktemp -d)
trap 'rm -rf "$now"' EXIT
.ci/generate.sh "$now"
if diff -ru openapi "$now"; then
    echo "openapi/ is what the code says"
else
    echo "openapi/ is not what the code says (- is the file, + is the code): run  make openapi  and commit the result" >&2
    exit 1
fi
