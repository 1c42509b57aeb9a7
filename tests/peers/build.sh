#!/bin/sh
# Builds what Orderflow is compared with, into the folder that is given. Only there: nothing is installed elsewhere.
set -eu
target=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")"

# A CARGO_TARGET_DIR of the caller's would put it among Orderflow's own.
cargo build --release --locked --manifest-path apalis/Cargo.toml --target-dir "$target/apalis"

mkdir -p "$target/bullmq"
cp bullmq/package.json bullmq/package-lock.json bullmq/peer.js "$target/bullmq/"
# What it needs of native code comes built; no script of a package is run.
npm ci --prefix "$target/bullmq" --ignore-scripts --no-audit --no-fund --loglevel=error
