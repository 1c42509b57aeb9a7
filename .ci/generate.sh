#!/bin/sh
# Writes the documents of all interfaces into a folder: OpenAPI of both APIs, AsyncAPI of the streams, and the Postman collection.
set -eu
cd "$(dirname "$0")/.."
into=${1:?the folder to write into}
mkdir -p "$into"
# The programs of the whole workspace, so that nothing is compiled a second time with fewer features.
cargo build --quiet --workspace --bins
programs="${CARGO_TARGET_DIR:-target}/debug"
"$programs/order-api" openapi >"$into/order-api.json"
"$programs/metrics-service" openapi >"$into/metrics-service.json"
cargo run --quiet -p contract --features schema --example asyncapi >"$into/asyncapi.json"
command -v python3 >/dev/null 2>&1 || { echo 'generate: python3 is missing, which makes the Postman collection: install it, then run this again' >&2; exit 1; }
python3 tests/clients/postman/generate.py "$into/order-api.json" >"$into/orderflow.postman_collection.json"
