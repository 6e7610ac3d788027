# `make` prints this help. CI runs `make check test`, nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

# hitherd is pure Go; only the race detector wants a C compiler.
export CGO_ENABLED := 0
e2e e2e-terminal hostile picture backup-journey tools-test soak-hybrid e2e-hybrid demo: export HITHER_TEST_BIN := $(CURDIR)/bin/hitherd
e2e-hybrid: export HITHER_TEST_TOOL := $(CURDIR)/bin/hither

FUZZTIME := 30s
BENCH_COUNT := 5
N := 200
CYCLES := 300
ROUNDS := 1000
RESTARTS := 100
NPM := npm --no-audit --no-fund --no-update-notifier --loglevel=error
LINT := .cache/bin/golangci-lint

##@ Use it
run: bin/hitherd ## build hitherd and start it (Go is all it needs)
	exec ./bin/hitherd serve

build: bin/hitherd bin/hither ## build bin/hitherd, the server, and bin/hither, tools beside it
bin/hitherd bin/hither: # always: go build knows best what has changed; -trimpath, as releases have it, so that both are compiled once
	go build -trimpath -o $@ ./cmd/$(@F)

##@ Prove it
test: deps race tools-test sdk e2e e2e-hybrid example-playwright ## everything CI runs except the static checks; installs what is missing

deps: ## install what a new Debian machine lacks for the tests (as root; otherwise says what to run)
	@tools/deps.sh

unit: ## Go tests, quick
	go test ./...

race: ## Go tests under the race detector
	GORACE=atexit_sleep_ms=10 CGO_ENABLED=1 go test -race -timeout 20m ./...

tools-test: bin/hitherd ## tests of what is in tools: 10 kills, 3 restarts, 20 double-spends of each kind, 50 faults and 5 power cuts among them
	go -C tools test ./...

sdk: sdk/node_modules/.stamp ## tests of the TypeScript SDK
	$(NPM) --prefix sdk test

e2e: bin/hitherd e2e/node_modules/.stamp ## the journeys in a real browser
	$(NPM) --prefix e2e test

e2e-hybrid: build e2e/node_modules/.stamp sdk/node_modules/.stamp ## the journeys of people with a phone, without one: each scene by its name, pictures in e2e/screenshots
	$(NPM) --prefix e2e run hybrid

example-playwright: bin/hither sdk/node_modules/.stamp ## examples/playwright as its page says, in an empty folder with the packed SDK
	tools/example-playwright.sh

e2e-terminal: bin/hitherd ## a terminal, a phone and a server in one room: each scene of signing in there, by its name
	go test -count=1 -v -run '^TestScripts$$/^(software|asked|away|keyring|radio|phone|screen|sight|links|scenes)$$' ./cmd/hither \
	| grep -E '^ *# .*s\)$$|--- |^ok|^FAIL'

check: format lint fresh types ## format, linters, generated files fresh, TypeScript types

format: $(LINT) ## is everything formatted?
	$(LINT) fmt --diff

lint: $(LINT) ## linters and go vet
	go vet ./...
	$(LINT) run
	cd tools && ../$(LINT) run

fresh: ## are generated files and go.mod what their sources say?
	go mod tidy -diff
	go -C tools mod tidy -diff
	go -C tools run ./assets -check
	go run ./cmd/hitherd config reference | diff - docs/configuration.md

types: sdk/node_modules/.stamp e2e/node_modules/.stamp ## type check of all TypeScript
	$(NPM) --prefix sdk run check

##@ Longer
backup-journey: bin/hitherd ## a backup under load, everything deleted, restored; the passkey signs in, the old session does not
	go test -count=1 -v -run '^TestBackupAndRestore$$' ./cmd/hitherd

hostile: bin/hitherd ## which hostile cases are tried, and which do not apply yet and why
	tools/hostile.sh

fuzz: ## every fuzz target for FUZZTIME each
	tools/fuzz.sh $(FUZZTIME)

bench: ## ceremonies beside a bare verification, as tables
	go test -run '^$$' -bench '^Benchmark(Authentication|Registration)$$' -count $(BENCH_COUNT) -benchtime 500x ./relyingparty \
	| go -C tools run ./benchtable

bench-server: ## hitherd at 1-256 workers, 1,000-1,000,000 credentials: writes docs/benchmarks.md (15 min)
	go -C tools run ./benchserver

bench-hybrid: ## the hybrid transport: QR codes, adverts, handshake, records, and whole ceremonies in one process
	go test -run '^$$' -bench . -count $(BENCH_COUNT) ./hybrid/...
	go test -run '^$$' -bench . -count $(BENCH_COUNT) ./clientplatform

soak-hybrid: build e2e/node_modules/.stamp sdk/node_modules/.stamp ## N sign-ins with a phone, two scenes at once: writes docs/benchmarks-testbed.md (200: 3 min)
	PATH="$(CURDIR)/bin:$$PATH" $(NPM) --prefix e2e run soak -- $(N)

bench-relay: ## the relay with 9,500 tunnels and a million messages: writes docs/benchmarks-relay.md (5 min)
	go -C tools run ./benchrelay

crash: bin/hitherd ## kill the server CYCLES times under load; nothing acknowledged may be lost, nothing over may be back
	go -C tools run ./crashtest kill -bin $(CURDIR)/bin/hitherd -cycles $(CYCLES) $(if $(SEED),-seed $(SEED))

restarts: bin/hitherd ## restart the server RESTARTS times under load, in good order
	go -C tools run ./crashtest restart -bin $(CURDIR)/bin/hitherd -restarts $(RESTARTS) $(if $(SEED),-seed $(SEED))

doublespend: bin/hitherd ## finish each of ROUNDS ceremonies and links of 5 kinds 200 times at once
	go -C tools run ./crashtest doublespend -bin $(CURDIR)/bin/hitherd -rounds $(ROUNDS)

faults: bin/hitherd ## fail each of the first ORDINALS requests of the disk once, cut the power CUTS times, kill migrations (root, /dev/fuse)
	go -C tools run ./faults -program $(CURDIR)/bin/hitherd $(if $(ORDINALS),-ordinals $(ORDINALS)) $(if $(KINDS),-kinds $(KINDS)) \
	  $(if $(TRIALS),-trials $(TRIALS)) $(if $(CUTS),-cuts $(CUTS)) $(if $(KILLS),-kills $(KILLS)) $(if $(SEED),-seed $(SEED)) $(if $(LIE),-lie)

vuln: ## known vulnerabilities that our code reaches (needs vuln.go.dev)
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...

##@ Make things
generate: ## web assets and the configuration reference from their sources
	go -C tools run ./assets
	go generate ./...

picture: bin/hitherd e2e/node_modules/.stamp ## the README's screenshot
	$(NPM) --prefix e2e run picture

demo: bin/hitherd bin/hither sdk/node_modules/.stamp e2e/node_modules/.stamp ## the story of signing in with a phone, as pictures in demo/ (needs xterm)
	$(NPM) --prefix e2e run demo

dist: ## archives, checksums and bills of materials of a release, for every platform, in dist/
	rm -rf dist
	go -C tools run ./dist

fix: $(LINT) ## format everything, apply what linters can mend
	$(LINT) fmt
	$(LINT) run --fix

clean: ## remove what was built (your data in hither-data stays)
	rm -rf bin dist .cache sdk/node_modules e2e/node_modules e2e/screenshots

help:
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z][a-z0-9-]*:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

%/node_modules/.stamp: %/package-lock.json
	@command -v npm >/dev/null || { echo 'Node.js 20 or newer with npm is needed for this target: https://nodejs.org/' >&2; exit 1; }
	$(NPM) --prefix $* ci
	@touch $@

# Pinned with its checksums in tools/lint/go.sum.
$(LINT): tools/lint/go.mod tools/lint/go.sum
	go -C tools/lint build -trimpath -o $(CURDIR)/$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: run build bin/hitherd bin/hither test deps unit race tools-test sdk e2e e2e-hybrid example-playwright check format lint fresh types hostile backup-journey fuzz bench vuln generate picture demo dist bench-server bench-hybrid bench-relay soak-hybrid crash restarts doublespend faults fix clean help
