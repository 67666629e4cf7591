# The manager: one static binary and the CA certificates that TLS to AWS needs.
# There is no shell, no package manager and no user but the one it runs as.
ARG GO_IMAGE=golang:1.26.10-bookworm

# Compile on the machine's own platform and cross-compile to the target's: Go
# needs no emulation.
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
ARG TARGETOS
ARG TARGETARCH
ENV CGO_ENABLED=0 GOTOOLCHAIN=local
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
    go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    GOOS=${TARGETOS} GOARCH=${TARGETARCH} \
    go build -trimpath -ldflags="-s -w" -o /manager ./cmd/manager

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title="viridian" \
      org.opencontainers.image.description="Deploys to Amazon ECS by replacing CloudFormation stacks" \
      org.opencontainers.image.source="https://github.com/viridian-dev/viridian" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /manager /manager
USER 65532:65532
ENTRYPOINT ["/manager"]
