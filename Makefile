# Versions of the tools that check the code. `go run` fetches and builds them.
GOLANGCI_LINT = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
STATICCHECK   = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK   = golang.org/x/vuln/cmd/govulncheck@v1.9.0

# Servers that answer the like, to measure beside, and where their programs are.
OPA   = github.com/open-policy-agent/opa@v1.22.3
GOFF  = github.com/thomaspoignant/go-feature-flag
GOFF_VERSION = v1.55.2
PEERS = $(CURDIR)/bin/peers

# Runs a command beside a private PostgreSQL cluster, for all packages to share.
WITH_POSTGRES = go run ./internal/testenv/cluster

# How often test-long tries each property; a plain test run tries 100 times.
CHECKS = 100000

export CGO_ENABLED = 1

.DEFAULT_GOAL = help
.PHONY: help setup run test test-long bench bench-peers cover lint build docker

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-11s %s\n", $$1, $$2}' Makefile

setup: ## install what the tests need besides Go (Debian, as root), or say what is missing
	@.ci/setup

run: ## start the demo on http://localhost:8080
	@.ci/setup compiler
	go run . demo

test: setup ## everything that has to pass, on both databases and in a browser
	@unformatted=$$(gofmt -l .) && test -z "$$unformatted" || { echo "gofmt would change:" $$unformatted >&2; exit 1; }
	go vet ./...
	@$(WITH_POSTGRES) go test -shuffle=on -timeout 20m ./...

test-long: ## the tests under the race detector, each property CHECKS times, the battery in full (as root: Postfix)
	@.ci/setup long
	@$(WITH_POSTGRES) go test -race -shuffle=on -timeout 2h ./...
	@$(WITH_POSTGRES) go test -timeout 12h -rapid.checks=$(CHECKS) $$(go list -f \
		'{{range .XTestImports}}{{if eq . "pgregory.net/rapid"}}{{$$.ImportPath}}{{end}}{{end}}' ./...)
	env ASSENT_VERIFIER_RECEIPTS=10000 ASSENT_TAMPER_RECORDS=1000 go test -timeout 4h ./examples/verify ./evidence
	env ASSENT_RACES=10000 ASSENT_SOCKETS=10000 go test -timeout 2h -run 'OutrunsAChange|AmongManyIdle' ./messaging
	env ASSENT_POSTFIX=1 go test -timeout 1h ./notify/mail
	env ASSENT_HISTORIES=1000 go test -timeout 2h -run LostOrDoubled ./e2e
	env ASSENT_READERS=10000 go test -timeout 1h -run TellsThoseWhoListen ./e2e
	@$(WITH_POSTGRES) env ASSENT_YEAR_PEOPLE=10000 ASSENT_BATTERY_ROUNDS=20 ASSENT_BATTERY_KILLS=200 ASSENT_BATTERY_OUTAGES=20 go test -timeout 2h ./battery
	env ASSENT_BATTERY_ROUNDS=20 go test -timeout 2h -run 'TestNoPage' ./templates

bench: setup ## measure
	@$(WITH_POSTGRES) go test -run '^$$' -bench . -benchmem -timeout 1h ./...

bench-peers: setup $(PEERS)/opa $(PEERS)/relayproxy ## measure beside Open Policy Agent, GO Feature Flag, and flagd and Flipt where bin/peers has them
	env ASSENT_PEERS=$(PEERS) go test ./e2e -run '^$$' -bench BesideItsPeers -benchtime 5x -timeout 1h

$(PEERS)/opa:
	env GOBIN=$(PEERS) go install $(OPA)

$(PEERS)/relayproxy:
	mkdir -p $(PEERS)/module
	printf 'module peers\n\nrequire $(GOFF) $(GOFF_VERSION)\n' > $(PEERS)/module/go.mod
	cd $(PEERS)/module && go build -trimpath -mod=mod -o $@ $(GOFF)/cmd/relayproxy

cover: setup ## write coverage.out and sum it up
	@$(WITH_POSTGRES) go test -coverpkg=./... -coverprofile=coverage.out -timeout 30m ./...
	@go tool cover -func=coverage.out | tail -n 1

lint: ## check style and known vulnerabilities; VULNDB=DIR reads those from a directory
	go run $(GOLANGCI_LINT) run
	go run $(STATICCHECK) ./...
	go run $(GOVULNCHECK) $(if $(VULNDB),-db file://$(abspath $(VULNDB))) ./...

build: ## build bin/assent
	@.ci/setup compiler
	go build -trimpath -o bin/assent .

docker: ## build the image assent
	docker build -t assent .
