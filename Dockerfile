# syntax=docker/dockerfile:1

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# SQLite is C: without cgo the program builds and then cannot open a database.
RUN CGO_ENABLED=1 go build -trimpath -ldflags='-s -w' -o /assent .

FROM debian:bookworm-slim
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /assent /usr/local/bin/assent
COPY LICENSE /usr/share/doc/assent/
RUN useradd --system --uid 10001 --user-group --home-dir /data --create-home assent
USER assent
WORKDIR /data

# The image is good only if the program can make and open a database in it.
RUN ASSENT_DATABASE_URL=sqlite:/tmp/smoke/assent.db ASSENT_SECRETS_DIRECTORY=/tmp/smoke/secrets assent migrate \
    && rm -r /tmp/smoke

ENV ASSENT_DATABASE_URL=sqlite:/data/assent.db \
    ASSENT_SECRETS_DIRECTORY=/data/secrets \
    ASSENT_LOG_FORMAT=json
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["assent", "doctor", "--health"]
ENTRYPOINT ["assent"]
CMD ["serve"]
