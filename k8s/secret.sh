#!/bin/sh
# Prints the Secret orderflow-redis: a password for each user of Redis, made now, and what each may do. Needed once, before
# the manifests:  sh k8s/secret.sh | kubectl apply -f -
# Options by environment: NAMESPACE (default), HOST (of Redis), PREFIX (of the keys), SCALE_TO_ZERO=yes (KEDA down to 0).
set -eu
cd "$(dirname "$0")/.."
NAMESPACE=${NAMESPACE:-default}
PREFIX=${PREFIX:-orderflow}
HOST=${HOST:-orderflow-redis.$NAMESPACE.svc:6379}

password() { LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c 32; }
digest() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1; }
rules() { grep -hv '^#' "$@" | tr '\n' ' ' | sed "s/PREFIX/$PREFIX/g; s/ *\$//"; }
acl=helm/orderflow/acl

admin=$(password) api=$(password) processor=$(password) metrics=$(password) scaler=$(password)
hash() { printf %s "$1" | digest; }
scaler_rules=$(rules $acl/scaler.acl)
[ "${SCALE_TO_ZERO:-}" != yes ] || scaler_rules="$scaler_rules $(rules $acl/scaler-to-zero.acl)"
cat <<YAML
apiVersion: v1
kind: Secret
metadata:
  name: orderflow-redis
  namespace: $NAMESPACE
type: Opaque
stringData:
  scaler-username: scaler
  admin-password: "$admin"
  order-api-password: "$api"
  order-processor-password: "$processor"
  metrics-service-password: "$metrics"
  scaler-password: "$scaler"
  order-api-url: "redis://order-api:$api@$HOST"
  order-processor-url: "redis://order-processor:$processor@$HOST"
  metrics-service-url: "redis://metrics-service:$metrics@$HOST"
  users.acl: |
    user default on nopass resetkeys resetchannels -@all +ping
    user admin on #$(hash "$admin") ~* &* +@all
    user order-api on #$(hash "$api") resetchannels -@all $(rules $acl/order-api.acl)
    user order-processor on #$(hash "$processor") resetchannels -@all $(rules $acl/order-processor.acl)
    user metrics-service on #$(hash "$metrics") resetchannels -@all $(rules $acl/metrics-service.acl)
    user scaler on #$(hash "$scaler") resetchannels -@all $scaler_rules
YAML
