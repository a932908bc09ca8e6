# One recipe for both services: docker build -f deployments/images/service.Dockerfile --build-arg SERVICE=order_service .
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG SERVICE
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
COPY deployments/healthcheck deployments/healthcheck
COPY shared shared
COPY api api
COPY ${SERVICE} ${SERVICE}
ENV CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -ldflags "-s -w" -o /out/service ./${SERVICE} && \
    go build -trimpath -ldflags "-s -w" -o /out/healthcheck ./deployments/healthcheck

# Nothing but the two programs, and the certificates that TLS to a database or a broker elsewhere would need.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/healthcheck /healthcheck
COPY --from=build /out/service /service
USER 65532:65532
ENTRYPOINT ["/service"]
