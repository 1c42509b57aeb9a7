#!/bin/sh
# Installs what is missing to build, run or test Orderflow, and says what it does.
#   .ci/setup.sh run     a C compiler, redis-server
#   .ci/setup.sh test    the same, a PostgreSQL server, which is not started, and what checks the deployment (.ci/tools.sh)
#   .ci/setup.sh bench   a C compiler, redis-server, wrk
#   .ci/setup.sh peers   the same, and Node.js with npm
# Already there: nothing happens. Rust itself is not installed, only checked.
set -eu
cd "$(dirname "$0")/.."
for_what=${1:-run}

say() { printf 'setup: %s\n' "$*"; }
give_up() { printf 'setup: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
needs_wrk() { [ "$for_what" = bench ] || [ "$for_what" = peers ]; }
# Packages keep the server out of PATH. The tests look in the same places: tests/src/postgres/installed.rs
have_postgres() {
    have initdb && return
    for folder in "$(pg_config --bindir 2>/dev/null)" /usr/lib/postgresql/*/bin \
        /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && return
    done
    return 1
}

# --- Rust: new enough -------------------------------------------------------------------------------------
needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
have cargo || give_up "cargo is missing: install Rust $needed or newer from https://rustup.rs, then run this again"
found=$(cargo --version | cut -d ' ' -f 2 | cut -d - -f 1)
oldest=$(printf '%s\n%s\n' "$needed" "$found" | sort -t . -k 1,1n -k 2,2n -k 3,3n | head -n 1)
case "$found" in
    "$needed" | "$needed".*) ;;
    *) [ "$oldest" = "$needed" ] || give_up "cargo $found is too old: Rust $needed or newer is needed (rustup update stable)" ;;
esac
if [ "$for_what" = test ]; then
    cargo fmt --version >/dev/null 2>&1 || give_up "rustfmt is missing: rustup component add rustfmt"
    cargo clippy --version >/dev/null 2>&1 || give_up "clippy is missing: rustup component add clippy"
    .ci/tools.sh
fi

# --- What the system's package manager has ----------------------------------------------------------------
missing=''
have cc || missing="$missing compiler"
have redis-server || missing="$missing redis"
[ "$for_what" != test ] || have_postgres || missing="$missing postgres"
! needs_wrk || have wrk || missing="$missing wrk"
[ "$for_what" != peers ] || { have node && have npm; } || missing="$missing node"
[ -n "$missing" ] || exit 0

if have apt-get; then
    packages=''
    for part in $missing; do
        case $part in
            compiler) packages="$packages gcc libc6-dev" ;;
            redis) packages="$packages redis-server" ;;
            postgres) packages="$packages postgresql" ;;
            wrk) packages="$packages wrk" ;;
            node) packages="$packages nodejs npm" ;;
        esac
    done
    as_root=''
    if [ "$(id -u)" != 0 ]; then
        have sudo || give_up "needs the packages$packages, and there is no sudo: as root, run  apt-get install$packages"
        as_root=sudo
    fi
    case $missing in
        *redis*) say "installing$packages with apt-get (Debian may also start a Redis of its own on port 6379; Orderflow does not use it)" ;;
        *) say "installing$packages with apt-get" ;;
    esac
    case $missing in
        *postgres*)
            # Debian would also make and start a database of its own, unless a file says otherwise: one that is there meanwhile.
            no_cluster=/etc/postgresql-common/createcluster.d/orderflow-setup.conf
            trap 'exit 1' INT TERM
            trap '$as_root rm -f "$no_cluster"; $as_root rmdir -p --ignore-fail-on-non-empty "${no_cluster%/*}"' EXIT
            $as_root mkdir -p "${no_cluster%/*}"
            echo 'create_main_cluster = false' | $as_root tee "$no_cluster" >/dev/null
            ;;
    esac
    # Word splitting is meant: each package is an argument.
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"' sh $packages \
        || give_up "apt-get failed (its message is above); once these are installed, run this again:$packages"
elif have brew; then
    case $missing in *compiler*) give_up "a C compiler is missing: run  xcode-select --install" ;; esac
    formulae=''
    for part in $missing; do
        case $part in
            redis) formulae="$formulae redis" ;;
            postgres) formulae="$formulae postgresql@17" ;;
            wrk) formulae="$formulae wrk" ;;
            node) formulae="$formulae node" ;;
        esac
    done
    say "installing$formulae with brew"
    # Word splitting is meant: each formula is an argument.
    # shellcheck disable=SC2086
    brew install $formulae || give_up "brew failed (its message is above)"
else
    give_up "neither apt-get nor brew is here: install by hand what is missing:$missing (Redis 7.0 or newer)"
fi
have redis-server || give_up "redis-server is still missing after the installation: is its folder in PATH?"
! needs_wrk || have wrk || give_up "wrk is still missing after the installation"
[ "$for_what" != peers ] || { have node && have npm; } || give_up "node and npm are still missing after the installation: is their folder in PATH?"
[ "$for_what" != test ] || have_postgres || give_up "PostgreSQL's initdb is still missing after the installation: put its folder in PATH"
say "done"
