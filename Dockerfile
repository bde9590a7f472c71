# The image has the node binary, its libraries, the production dependencies and the source. It has no shell, package manager,
# build tools or embedded servers. It does not run as root, and works on a read-only root file system.
FROM node:26-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The optional secret sets another registry or certificate authority. No layer contains it.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm sbom --package-lock-only --omit=dev --omit=optional --sbom-format=cyclonedx >sbom.cdx.json \
 && npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
 && find node_modules -type f \( -name '*.d.ts' -o -name '*.d.[cm]ts' -o -name '*.map' \
    -o \( -name '*.md' ! -iname 'licen[cs]e*' \) \) -delete \
 && rm package-lock.json node_modules/.package-lock.json

# The node binary, its libraries, and dpkg's record of each library for image scanners. The binary contains the certificates
# of public authorities; NODE_EXTRA_CA_CERTS adds others.
RUN set -eu; mkdir -p /rootfs/etc /rootfs/tmp /rootfs/var/lib/dpkg/status.d; chmod 1777 /rootfs/tmp; \
    node=$(command -v node); cp --parents "$node" /rootfs; \
    for library in $(ldd "$node" | grep -o '/[^ ]*'); do \
      cp --parents --dereference "$library" /rootfs; \
      package=$({ dpkg -S "$library" || dpkg -S "/usr$library"; } 2>/dev/null | cut -d: -f1 | head -n 1); \
      dpkg-query --status "$package" >"/rootfs/var/lib/dpkg/status.d/$package"; \
      cp --parents "/usr/share/doc/$package/copyright" /rootfs 2>/dev/null || true; \
    done; \
    cp --parents /etc/os-release /rootfs; \
    echo 'node:x:1000:1000::/app:/sbin/nologin' >/rootfs/etc/passwd; \
    echo 'node:x:1000:' >/rootfs/etc/group

COPY LICENSE ./
COPY bin bin
COPY src src

# The CLI on PATH. The image has no /usr/bin/env, so a link to bin/tollgate.js would not start.
RUN printf '#!/usr/local/bin/node\nimport("/app/bin/tollgate.js")\n' >/rootfs/usr/local/bin/tollgate \
 && chmod 755 /rootfs/usr/local/bin/tollgate

# One start without servers writes the compile cache: later starts by the same user take a third less CPU.
ENV NODE_COMPILE_CACHE=/app/.compiled PORT=4000
RUN mkdir .compiled && chown node:node .compiled
USER node
RUN set -eu; \
    export EZAI_API_KEY=none REDIS_URL=redis://127.0.0.1:1 DATABASE_URL=postgres://127.0.0.1:1/none; \
    DRAIN_DELAY_SECONDS=0 DRAIN_SECONDS=0 node src/server.ts & gateway=$!; \
    until node -e "fetch('http://127.0.0.1:4000/livez').catch(() => process.exit(1))"; do kill -0 $gateway; done; \
    kill $gateway; wait $gateway

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="Tollgate" \
      org.opencontainers.image.description="AI gateway: an LLM proxy for the Anthropic and OpenAI APIs with client keys, rate limits, budgets, caching and cost records" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE"
COPY --from=build /rootfs /
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/usr/local/bin HOST=0.0.0.0 PORT=4000 NODE_COMPILE_CACHE=/app/.compiled
# A number, because Kubernetes cannot check by a name that the user is not root.
USER 1000:1000
EXPOSE 4000
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "require('http').get({ port: process.env.PORT, path: '/livez' }, response => process.exit(response.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
CMD ["node", "src/server.ts"]
