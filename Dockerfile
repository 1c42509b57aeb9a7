# Orderflow's images, a target for each service:
#   docker build --target order-api -t orderflow/order-api:0.1.0 .
# The last stage is the program on an empty image with certificates: no shell, no package manager, a user without a name.
# Needs BuildKit for the cache of cargo.

FROM rust:1.95-bookworm AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /src
COPY . .
# The registry and the compiled dependencies stay between builds; the programs go where the next stages find them. Linked
# statically, libc too, so that they need nothing beside them.
ENV RUSTFLAGS="-C target-feature=+crt-static"
ARG TARGETARCH
# `quick` builds in a fraction of the time and is nearly as fast.
ARG PROFILE=release
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,id=orderflow-target-${TARGETARCH} \
    host=$(rustc -vV | sed -n 's/^host: //p') && \
    cargo build --profile "$PROFILE" --locked --target "$host" -p order-api -p order-processor -p metrics-service && \
    mkdir -p /out/bin /out/data && \
    cp "target/$host/$PROFILE/order-api" "target/$host/$PROFILE/order-processor" "target/$host/$PROFILE/metrics-service" /out/bin/ && \
    cp /etc/ssl/certs/ca-certificates.crt /out/

FROM scratch AS base
COPY --from=build /out/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# A new volume takes its owner from here.
COPY --from=build --chown=65532:65532 /out/data /data
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
WORKDIR /
USER 65532:65532
VOLUME /data
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.vendor="Orderflow"

FROM base AS order-api
LABEL org.opencontainers.image.title="order-api" \
      org.opencontainers.image.description="Accepts orders over HTTP, durably"
COPY --from=build /out/bin/order-api /usr/local/bin/order-api
ENV ORDERFLOW_HTTP__LISTEN=0.0.0.0:8000 \
    ORDERFLOW_DATABASE__URL=sqlite:///data/order-api.db
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s CMD ["/usr/local/bin/order-api", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/order-api"]

FROM base AS order-processor
LABEL org.opencontainers.image.title="order-processor" \
      org.opencontainers.image.description="Works orders off a Redis Stream"
COPY --from=build /out/bin/order-processor /usr/local/bin/order-processor
ENV ORDERFLOW_HTTP__LISTEN=0.0.0.0:8002 \
    ORDERFLOW_DATABASE__URL=sqlite:///data/order-processor.db
EXPOSE 8002
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s CMD ["/usr/local/bin/order-processor", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/order-processor"]

FROM base AS metrics-service
LABEL org.opencontainers.image.title="metrics-service" \
      org.opencontainers.image.description="Turns the events of orders into numbers"
COPY --from=build /out/bin/metrics-service /usr/local/bin/metrics-service
ENV ORDERFLOW_HTTP__LISTEN=0.0.0.0:8001 \
    ORDERFLOW_DATABASE__URL=sqlite:///data/metrics-service.db
EXPOSE 8001
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s CMD ["/usr/local/bin/metrics-service", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/metrics-service"]
