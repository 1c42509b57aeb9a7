#!/bin/sh
# Installs what tests/browser looks at the dashboard with: Chromium and Node.js by apt-get where they are missing, and the
# packages that tests/browser/package-lock.json names. Once there, nothing happens and no network is needed.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'browser: %s\n' "$*"; }
give_up() { printf 'browser: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
# The test looks in the same places: tests/browser/browser.mjs
have_chromium() {
    have chromium || have chromium-browser || have google-chrome \
        || [ -x '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome' ] || [ -x '/Applications/Chromium.app/Contents/MacOS/Chromium' ]
}

missing=''
have_chromium || missing="$missing chromium"
{ have node && have npm; } || missing="$missing nodejs npm"
if [ -n "$missing" ]; then
    have apt-get || give_up "missing, and there is no apt-get to install them with:$missing (Chrome will do for chromium)"
    as_root=''
    if [ "$(id -u)" != 0 ]; then
        have sudo || give_up "needs the packages$missing, and there is no sudo: as root, run  apt-get install$missing"
        as_root=sudo
    fi
    say "installing$missing with apt-get"
    # Word splitting is meant: each package is an argument.
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"' sh $missing \
        || give_up "apt-get failed (its message is above); once these are installed, run this again:$missing"
fi
node -e 'process.exit(process.versions.node.split(".")[0] < 18 ? 1 : 0)' \
    || give_up "node $(node --version) is too old: 18 or newer is needed"

cd tests/browser
wanted=$(cksum <package-lock.json)
[ "$(cat node_modules/.installed 2>/dev/null)" != "$wanted" ] || exit 0
say "installing the packages of tests/browser with npm"
npm ci --silent --no-audit --no-fund || give_up "npm failed (its message is above)"
printf '%s' "$wanted" >node_modules/.installed
say "done"
