#!/bin/sh
# Renders the chart into a folder of plain manifests, one file for each component, and a kustomization that has them all.
set -eu
cd "$(dirname "$0")/.."
into=${1:?the folder to write into}
PATH="${CARGO_TARGET_DIR:-target}/tools/bin:$PATH"
rendered=$(mktemp -d)
trap 'rm -rf "$rendered"' EXIT
helm template orderflow helm/orderflow --namespace default -f k8s/values.yaml --skip-tests --no-hooks \
    --output-dir "$rendered" >/dev/null
mkdir -p "$into"
into=$(cd "$into" && pwd)
rm -f "$into"/[0-9]*.yaml
cd "$rendered/orderflow/templates"
number=10
resources=''
# The account and the policies first, then Redis, so that others find them.
for part in serviceaccount networkpolicy redis order-api order-processor metrics-service; do
    file="$number-$part.yaml"
    {
        echo '# Rendered from helm/orderflow by `make manifests`: change the chart, or k8s/values.yaml.'
        find . -path "./$part.yaml" -o -path "./$part/*.yaml" | sort | xargs cat
        find . -path "./$part.yaml" -o -path "./$part/*.yaml" | xargs rm
    } >"$into/$file"
    resources="$resources  - $file
"
    number=$((number + 10))
done
left=$(find . -name '*.yaml')
[ -z "$left" ] || { echo "manifests: no file for $left" >&2; exit 1; }
cat >"$into/kustomization.yaml" <<YAML
# kubectl apply -k k8s/   once the Secret orderflow-redis is there (k8s/secret.sh). Rendered by \`make manifests\`.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
${resources%?}
YAML
