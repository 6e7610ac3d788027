# hitherd in an image that holds nothing else; see docs/install.md.
#
#   docker build -t hitherd .
#   docker run --rm -p 127.0.0.1:8080:8080 -e HITHER_PUBLIC_URL=http://localhost:8080 hitherd
#
# The program is the one of the release archive, byte for byte, when it is built from the same commit. Git's data is
# part of the context because version and time come from it.
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
COPY tools/go.mod tools/go.sum ./tools/
RUN go mod download && go -C tools mod download
COPY . .
RUN go -C tools run ./dist -program hitherd -platforms "$TARGETOS/$TARGETARCH" -out /out \
 && mkdir -p /image/hitherd /image/data \
 && tar -xzf /out/hitherd_*.tar.gz -C /image/hitherd --strip-components=1 \
 && cp /out/hitherd_*.cdx.json /image/hitherd/hitherd.cdx.json \
 && chmod 0700 /image/data

FROM gcr.io/distroless/static-debian12:nonroot
LABEL org.opencontainers.image.title="hitherd" \
      org.opencontainers.image.description="Sign-in with passkeys, in one program" \
      org.opencontainers.image.source="https://github.com/hitherauth/hither" \
      org.opencontainers.image.documentation="https://github.com/hitherauth/hither/blob/main/docs/install.md" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/hitherd/hitherd /hitherd
COPY --from=build /image/hitherd/LICENSE /image/hitherd/NOTICE /image/hitherd/THIRD-PARTY-LICENSES /image/hitherd/hitherd.cdx.json /usr/share/doc/hitherd/
COPY --from=build --chown=65532:65532 /image/data /data
ENV HITHER_LISTEN=:8080 HITHER_DATA_DIR=/data
USER 65532:65532
EXPOSE 8080
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["/hitherd", "healthcheck"]
ENTRYPOINT ["/hitherd"]
CMD ["serve"]
