# make build   programs into bin/
# make run     a data store with sample data on port 7012 (PORT=7112 for another)
# make test    everything that has to pass before a change is taken
# make man     the manual pages into bin/man/man8
# make install lays the programs at their places (DESTDIR=/some/root below it)
# make deb     a Debian package into bin/ (OUT=DIR for another folder)
# make clean   removes bin/ and the demo
# make bench   everything beside slapd, a quarter of an hour: docs/performance.md
#              (BENCH_ENTRIES, BENCH_ROUNDS, BENCH_SECONDS and more are told there)
# make bench-quick  base search and modify beside slapd in a minute
# make bench-flow   loads, dumps and starts beside slapd, with ratios
#                   (FLOW_ENTRIES=1000000 for the size of the largest sites)
# make soak    an hour of load on a primary and a secondary, with a fault each minute
#              (SOAK_MINUTES, SOAK_SECONDS for each fault, FAULTS_SEED, FAULTS_KEEP;
#              RACE=-race for servers that watch for data races)

# Go from the PATH, else from the place of its own installer.
GO ?= $(or $(shell command -v go),/usr/local/go/bin/go)
export PATH := $(patsubst %/,%,$(dir $(GO))):$(PATH)
SHELL := bash
.SHELLFLAGS := -e -o pipefail -c

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -X github.com/sunray-ds/utdsd/cmd/internal/command.version=$(VERSION)
LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
LINT_VERSION := v2.15.0
PORT ?= 7012
FUZZTIME ?= 10s
DESTDIR ?=
OUT ?= bin
FLOW_ENTRIES ?= 100000
SOAK_MINUTES ?= 60
RACE ?=

.PHONY: build run test clean install deb packages format vet lint unit fuzz bench bench-quick bench-flow soak man

# The programs need no library of the system.
build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

run: build
	@PORT=$(PORT) deploy/demo.sh

test: packages format vet lint build unit fuzz
	@echo "make test: everything passed"

# Foreign servers and clients that the conformance tests run.
packages:
	@deploy/test-packages.sh deploy/test-packages.txt

format:
	@files=$$(gofmt -l .); \
	if [ -n "$$files" ]; then echo "not formatted (gofmt -w puts it right):"; echo "$$files"; exit 1; fi

vet:
	$(GO) vet ./...

# The linter is built once for each of its versions.
lint: bin/tools/$(LINT_VERSION)/golangci-lint
	$< run ./...

bin/tools/$(LINT_VERSION)/golangci-lint:
	GOBIN=$(CURDIR)/$(@D) $(GO) install $(LINT)@$(LINT_VERSION)

unit:
	$(GO) test -race -timeout 30m ./...

# Every fuzz target for FUZZTIME.
fuzz:
	@FUZZTIME=$(FUZZTIME) deploy/fuzz.sh

# Each program writes its own page, from what -h shows.
man: build
	@mkdir -p bin/man/man8
	@for p in $$($(GO) list -f '{{.Target}}' ./cmd/ut... | xargs -n1 basename); do bin/$$p -man > bin/man/man8/$$p.8; done

# Loading, dumping, the start, and what a live dump costs the clients, each beside
# slapd and its tools on the same data in the same run.
bench-flow: packages
	FLOW_ENTRIES=$(FLOW_ENTRIES) $(GO) test ./conformance/flow -run NONE -bench . -benchtime 3x -timeout 60m

# Rates, processor time, memory, replication and growth beside slapd.
bench: packages build
	UTDSD_BIN=$(CURDIR)/bin $(GO) test ./conformance/bench -run NONE -bench BesideSlapd -benchtime 1x -timeout 90m

bench-quick: packages build
	UTDSD_BIN=$(CURDIR)/bin $(GO) test ./conformance/bench -run NONE -bench Quick -benchtime 1x -timeout 10m

soak: packages
	$(GO) build $(RACE) -trimpath -ldflags '$(LDFLAGS)' -o bin/soak/ ./cmd/...
	UTDSD_BIN=$(CURDIR)/bin/soak SOAK_MINUTES=$(SOAK_MINUTES) $(GO) test ./conformance/faults -run NONE -bench Soak \
		-benchtime 1x -timeout $$(($(SOAK_MINUTES) + 20))m

# PROGRAMS=DIR takes programs that are built already.
install: $(if $(PROGRAMS),,build)
	deploy/install.sh $(or $(PROGRAMS),bin) '$(DESTDIR)'

# As those of build, without what debuggers read.
deb: $(if $(PROGRAMS),,bin/static)
	deploy/deb.sh $(or $(PROGRAMS),bin/static) '$(OUT)'

.PHONY: bin/static
bin/static:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w $(LDFLAGS)' -o $@/ ./cmd/...

clean:
	rm -rf bin demo
