# Nova in a container: novasupd is PID 1, runs as an ordinary user, and writes to the volume
# /var/lib/nova alone; see docs/book/08-containers.md. compose.yaml has all options.
#
#   docker build -t nova .          (BuildKit; podman and buildah build: --format docker)
#
# The image has the Debian package in it that apt would install on a machine, so there is one
# way in which Nova is installed. Build arguments:
#
#   AGENT_PACKAGES  Debian packages for your agents, such as "python3 python3-requests"
#   PACKAGE         "given": no compiler runs; the package is build/package/this/nova_*.deb
#   VERSION, REVISION, CREATED   what the labels say

# What may enter a build, and nothing else: .dockerignore is a list of what is allowed.
FROM scratch AS source
COPY . /

# The package. Compiler, node and npm are in this stage only.
FROM debian:bookworm-slim AS build
ARG PACKAGE=build
WORKDIR /src/nova
COPY --from=source /debian/control debian/
RUN [ "$PACKAGE" = given ] || { apt-get -q update && \
	DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install build-essential && \
	DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends build-dep ./; }
COPY --from=source / .
# Settings of npm (a registry of your own) come as a secret, which stays out of every layer:
#   docker build --secret id=npmrc,src=$HOME/.npmrc ...
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
	mkdir /package && \
	if [ "$PACKAGE" != given ]; then \
		rm -rf build && dpkg-buildpackage -b -uc -us && mv ../nova_*.deb /package/; \
	else \
		cp build/package/this/nova_*.deb /package/; \
	fi

FROM debian:bookworm-slim AS nova
ARG AGENT_PACKAGES=""
# The package would take any free number. This one is written into manifests and owns volumes.
# Group 0 may do what the user may: platforms that give each container a number of its own
# (OpenShift) put it into that group. Nobody else may look at secrets or books.
# There is no /run/nova: mounted there, a tmpfs gets the rights of its own (1777) from Docker
# and Podman alike; without one novasupd makes the directory.
COPY --from=build /package /package
RUN groupadd --system --gid 990 nova && \
	useradd --system --uid 990 --gid nova --home-dir /var/lib/nova --no-create-home \
		--shell /usr/sbin/nologin nova && \
	apt-get -q update && \
	DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install \
		/package/nova_*.deb systemd-standalone-sysusers systemd-standalone-tmpfiles \
		ca-certificates tzdata $AGENT_PACKAGES && \
	apt-get clean && \
	rm -rf /package /var/lib/apt/lists/* /var/cache/* /var/log/* && \
	install -d -o nova -g 0 -m 0770 /var/lib/nova && \
	chmod 1777 /run && \
	install -d -o nova -g 0 -m 0750 /etc/nova/secrets
# Logs lie beside the ledger: one volume holds all that is to be kept.
ENV NOVA_CONFIG=/etc/nova/nova.yaml NOVA_STATE_DIR=/var/lib/nova NOVA_RUN_DIR=/run/nova \
	NOVA_LOG_DIR=/var/lib/nova/log
USER 990:990
WORKDIR /var/lib/nova
VOLUME /var/lib/nova
EXPOSE 5001
STOPSIGNAL SIGTERM
# No start of a fleet is slower than its ledger is long: it has ten minutes.
HEALTHCHECK --interval=15s --timeout=15s --retries=3 --start-period=10m CMD ["novactl", "health"]
ENTRYPOINT ["novasupd"]
ARG VERSION="" REVISION="" CREATED=""
LABEL org.opencontainers.image.title="Nova" \
	org.opencontainers.image.description="keeps a fleet of business agents running inside a budget" \
	org.opencontainers.image.licenses="MIT" \
	org.opencontainers.image.version="$VERSION" \
	org.opencontainers.image.revision="$REVISION" \
	org.opencontainers.image.created="$CREATED"
