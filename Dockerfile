# The gateway alone: production dependencies, no embedded servers, no build tools, no package manager, not root, fit for a
# read-only root file system.
FROM node:26-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:26-bookworm-slim AS system
RUN rm -rf /usr/local/lib/node_modules /usr/local/include /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
    /opt/yarn* /usr/local/bin/yarn* /usr/share/doc /usr/share/man /usr/share/info /usr/share/locale \
    /var/cache/* /var/log/* /var/lib/apt /etc/apt /usr/bin/apt* /usr/lib/apt /usr/bin/dpkg* /var/lib/dpkg \
    /usr/bin/perl* /usr/share/perl* /usr/lib/*/perl*

# Copied as a whole, so that what was removed is gone, not only hidden.
FROM scratch
COPY --from=system / /
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY src src
ENV PATH=/usr/local/bin:/usr/bin:/bin HOST=0.0.0.0 PORT=4000
USER node
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then(a => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/server.ts"]
