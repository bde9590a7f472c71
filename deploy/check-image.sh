#!/usr/bin/env bash
# Checks the image's size, user, start and stop, with a read-only root and no capabilities.
#
#   deploy/check-image.sh tollgate                      # or: ENGINE=podman deploy/check-image.sh localhost/tollgate
#
# It needs no servers: the gateway waits for Redis and Postgres, and /livez answers meanwhile. compose.yaml runs it with both.
set -euo pipefail
image=$1 engine=${ENGINE:-docker} port=${PORT:-4321}
refuse() { echo "$image: $*" >&2; exit 1; }

size=$("$engine" image inspect "$image" --format '{{.Size}}')
echo "unpacked: $((size / 1000000)) MB"
((size < 300000000)) || refuse "found $size bytes, expected fewer than 300,000,000"

output=$("$engine" run --rm --env EZAI_API_KEY=none "$image" 2>&1) && refuse 'found a start without REDIS_URL and DATABASE_URL, expected an error'
[[ $output == *REDIS_URL*DATABASE_URL* && $output != *DATA_DIR* ]] || refuse "found this error without stores: $output; expected one line for REDIS_URL and one for DATABASE_URL"

id=$("$engine" create --read-only --cap-drop=all --security-opt=no-new-privileges --publish "127.0.0.1:$port:4000" \
  --env EZAI_API_KEY=none --env REDIS_URL=redis://127.0.0.1:1 --env DATABASE_URL=postgres://127.0.0.1:1/none \
  --env DRAIN_DELAY_SECONDS=0 --env DRAIN_SECONDS=0 "$image")
trap '"$engine" rm --force "$id" >/dev/null' EXIT
begin=$(date +%s%3N)
"$engine" start "$id" >/dev/null
until curl --silent --fail --max-time 1 --output /dev/null "http://127.0.0.1:$port/livez"; do
  (($(date +%s%3N) - begin < 20000)) || { "$engine" logs "$id" >&2; refuse 'found no response of /livez within 20 s'; }
  sleep 0.02
done
echo "from start to /livez, including the engine's own time: $(($(date +%s%3N) - begin)) ms"
"$engine" exec "$id" node -e "
  const fields = require('fs').readFileSync('/proc/1/stat', 'utf8').split(') ')[1].split(' ')
  console.log('CPU until then, user + system: ' + fields[11] * 10 + ' + ' + fields[12] * 10 + ' ms')"
"$engine" exec "$id" node -e "process.exit(process.getuid() === 1000 && process.getgid() === 1000 ? 0 : 1)" || refuse 'found another user, expected 1000'
"$engine" exec "$id" node -e "require('fs').writeFileSync('/app/x', '')" 2>/dev/null && refuse 'found a root file system that can be written, expected a read-only one'
[[ $("$engine" exec "$id" tollgate --version) == tollgate\ * ]] || refuse 'found no command tollgate on the PATH'
"$engine" exec "$id" sh -c true 2>/dev/null && refuse 'found a shell, expected none'
"$engine" exec "$id" node -e "
  const { components } = JSON.parse(require('fs').readFileSync('/app/sbom.cdx.json', 'utf8'))
  const packages = require('fs').readdirSync('/var/lib/dpkg/status.d')
  console.log('npm packages in the SBOM: ' + components.length + '; packages of the distribution: ' + packages.join(', '))"
"$engine" stop --time 20 "$id" >/dev/null
code=$("$engine" inspect "$id" --format '{{.State.ExitCode}}')
[ "$code" = 0 ] || refuse "found exit code $code after SIGTERM, expected 0"
echo 'exit code 0 after SIGTERM'
