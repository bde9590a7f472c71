#!/usr/bin/env bash
# Renders the chart with several sets of values and checks the results. Needs helm. Uses kubeconform if it is installed;
# KUBECONFORM_SCHEMAS is the location of its schemas (default: its own, from the network).
#
#   deploy/helm/check.sh            # compares with deploy/helm/rendered
#   deploy/helm/check.sh --write    # writes deploy/helm/rendered
set -euo pipefail
cd "$(dirname "$0")/tollgate"
kubernetes=${KUBERNETES_VERSION:-1.36.0}
committed=../rendered
rendered=$(mktemp -d)
trap 'rm -r "$rendered"' EXIT
say() { echo "$*" >&2; }
refuse() { say "$*"; exit 1; }
render() { helm template tollgate . --namespace ai --kube-version "$kubernetes" "$@"; }
field() { grep -oP "^ *$2: \"?\K[0-9.]+" "$1" | head -n 1; }
# test/deploy/rendered.ts computes the same sum without helm.
sum() { find Chart.yaml values.yaml ci templates -type f | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d' ' -f1; }

for values in values.yaml ci/*.yaml; do
  helm lint . --strict --quiet --kube-version "$kubernetes" --values "$values"
  out=$rendered/$(basename "$values")
  { echo "# Written by deploy/helm/check.sh --write from the chart with this sum: $(sum)"; render --values "$values"; } >"$out"
  delay=$(field "$out" DRAIN_DELAY_SECONDS) seconds=$(field "$out" DRAIN_SECONDS)
  sleep=$(grep -A1 'sleep:' "$out" | grep -oP 'seconds: \K\d+' || echo 0)
  grace=$(field "$out" terminationGracePeriodSeconds)
  awk -v grace="$grace" -v all="$sleep+$delay+$seconds" -v sum="$(echo "$sleep $delay $seconds" | awk '{print $1 + $2 + $3}')" \
    'BEGIN { if (grace < sum + 15 || grace > sum + 25) { print "found a grace period of " grace " s, expected 15 to 25 s more than the drain of " all " s"; exit 1 } }' >&2
  grep -q ': 1\.0*[0-9]*e+' "$out" && refuse "$values: found a number with an exponent, expected plain digits"
  say "$values: $(grep -c '^kind:' "$out") manifests, grace period $grace s"
done

for wrong in settings.CACHE_TTL=1 drain.secs=1 autoscaling.minReplicas=0 secret.variables[0]=HOST redis.secret= unknown=1 prices.anthropic.x=1 \
  metrics.port=4000 metrics.tokenSecret.name=x ingress.paths[0]=v1 ingress.paths=null httpRoute.enabled=true; do
  render --set "$wrong" >/dev/null 2>&1 && refuse "--set $wrong: was accepted, expected a refusal"
done
render --set metrics.port=0 | grep -Eq 'METRICS_PORT|name: metrics|port: metrics' && refuse '--set metrics.port=0: found a metrics port, expected none'

if [ "${1:-}" = --write ]; then
  mkdir -p "$committed" && cp "$rendered"/*.yaml "$committed"
else
  diff --recursive --unified "$committed" "$rendered" >&2 || refuse 'deploy/helm/rendered is not up to date with the chart. Run deploy/helm/check.sh --write'
fi

if command -v kubeconform >/dev/null; then
  catalogue='https://raw.githubusercontent.com/datreeio/CRDs-catalog/main/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json'
  places=(-schema-location default -schema-location "$catalogue")
  [ -z "${KUBECONFORM_SCHEMAS:-}" ] || places=(-schema-location "$KUBECONFORM_SCHEMAS")
  kubeconform -strict -summary -kubernetes-version "$kubernetes" "${places[@]}" "$rendered"
else
  say 'kubeconform is not on the PATH, so the manifests were not checked against the schemas of the Kubernetes API'
fi
