#!/bin/sh
# Installs what tests/tests/clients plays the clients with into target/tools/clients: schemathesis and the library of Standard
# Webhooks in a Python environment, newman and the TypeScript compiler below node. Once there, nothing happens and no network is
# needed; a change of this file, of the requirements or of the lock installs anew. Removing the folder is always fine.
set -eu
cd "$(dirname "$0")/.."
tools="${CARGO_TARGET_DIR:-target}/tools/clients"

say() { printf 'clients: %s\n' "$*"; }
give_up() { printf 'clients: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

wanted=$(cat tests/clients/requirements.txt tests/clients/package-lock.json .ci/clients.sh | cksum)
[ "$(cat "$tools/installed" 2>/dev/null)" != "$wanted" ] || exit 0

packages=''
{ have node && have npm; } || packages="$packages nodejs npm"
{ have python3 && python3 -c 'import ensurepip' 2>/dev/null; } || packages="$packages python3-venv"
if [ -n "$packages" ]; then
    have apt-get || give_up "missing, install them, then run this again:$packages"
    as_root=''
    [ "$(id -u)" = 0 ] || as_root=sudo
    say "installing$packages with apt-get"
    # Word splitting is meant: each package is an argument.
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"' sh $packages \
        || give_up "apt-get failed (its message is above); once these are installed, run this again:$packages"
fi
node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' \
    || give_up "node $(node --version) is too old: Node.js 18 or newer is needed"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
    || give_up "$(python3 --version) is too old: Python 3.10 or newer is needed"

say "installing schemathesis, newman and TypeScript into $tools"
rm -rf "$tools"
mkdir -p "$tools/node"
python3 -m venv "$tools/python"
"$tools/python/bin/pip" install --quiet --no-deps --requirement tests/clients/requirements.txt \
    || give_up "pip failed (its message is above)"
cp tests/clients/package.json tests/clients/package-lock.json "$tools/node/"
# No script of a package is run.
npm ci --prefix "$tools/node" --ignore-scripts --no-audit --no-fund --loglevel=error \
    || give_up "npm failed (its message is above)"
echo "$wanted" >"$tools/installed"
say "done"
