# Everything here runs in a fresh clone. Go alone is enough for run, build, test, lint, fuzz and bench; race wants a C
# compiler (Go's race detector links with it), kafka-* and test-integration want Java 17 and Maven.
#
# Variables: DATA=folder of the public data sets (tests that need it say so and are skipped without it),
# PKG=packages of test, race and test-integration, FUZZTIME, BENCH, ARGS (more flags for "orrery demo"), KAFKA_PORT.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
FUZZTIME ?= 30s
BENCH ?= .
PKG ?= ./...
KAFKA_PORT ?= 9192

ifdef DATA
export ORRERY_DATA := $(abspath $(DATA))
endif

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build the binary ./orrery: static, without paths of this machine
	CGO_ENABLED=0 go build -trimpath -ldflags '-X main.version=$(VERSION)' -o orrery ./cmd/orrery

.PHONY: run
run: build ## build, then run the demo: broker, simulated shop, engine, dashboard
	./orrery demo $(ARGS)

.PHONY: test
test: ## vet and test everything
	go vet ./... && go test $(PKG)

.PHONY: race
race: ## test everything under the race detector
	CGO_ENABLED=1 go test -race -timeout 20m $(PKG)

.PHONY: lint
lint: ## formatting, vet, staticcheck, tidy go.mod, scripts, deployment files
	@.ci/lint $(STATICCHECK)

.PHONY: sbom
sbom: build ## write orrery.cdx.json: every module that is in the binary, as CycloneDX
	./orrery version --sbom >orrery.cdx.json

.PHONY: vulncheck
vulncheck: ## ask Go's vulnerability database about the code that is called; says so where it cannot be reached
	@.ci/vulncheck $(GOVULNCHECK)

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (30s), as many at a time as there are cores
	@.ci/fuzz $(FUZZTIME)

.PHONY: tracker
tracker: ## make serve/web/t.min.js, which pages load, of t.js (fetches esbuild)
	@.ci/tracker

.PHONY: bench
bench: ## run the micro-benchmarks that match BENCH (all)
	go test -run '^$$' -bench '$(BENCH)' -benchmem ./...

.PHONY: bench-wrk
bench-wrk: build ## wrk's opinion on the peak: the product frame and the bare server in turn, five rounds (needs wrk, curl)
	bench/wrk.sh ./orrery

.PHONY: backtest
backtest: build ## all backtests on the public data sets in DATA: tables here, JSON and charts in bench-out
	./orrery backtest table --data '$(ORRERY_DATA)' --out bench-out

.PHONY: proof-feed
proof-feed: ## a product feed of a million products: time, memory, and a second run that writes nothing
	ORRERY_FEED_PRODUCTS=1000000 go test ./stream/feed -run TestProofFeed -v -timeout 60m

.PHONY: proof-export
proof-export: ## a mass mailing of a million contacts in all formats, a million events as Parquet, and two readers beside the pipeline: time and memory
	ORRERY_EXPORT_ROWS=1000000 go test ./cmd/orrery -run 'TestProofExport|TestProofParquet' -v -timeout 60m
	ORRERY_READER_EVENTS=1000000 go test ./stream -run TestProofReaders -v -timeout 60m

.PHONY: proof-pandas
proof-pandas: ## the files of presets counted by pandas anew, and compared with what the presets make of them (fetches pandas)
	python3 -m venv .cache/pandas && .cache/pandas/bin/pip install -q pandas==2.3.3
	ORRERY_PANDAS='$(CURDIR)/.cache/pandas/bin/python' go test ./stream/files -run Pandas -v

.PHONY: proof-shops
proof-shops: ## 10,000 small shops: bytes of each, of all; a snapshot and a restart
	ORRERY_SHOPS=10000 go test ./engine -run TestSmallShops -v -timeout 30m

.PHONY: proof-attack
proof-attack: build ## ten minutes of an attack of all kinds beside 1,000 honest events and 1,000 honest frames a second
	./orrery bench attack $(ARGS)

.PHONY: proof-cluster
proof-cluster: build ## three Kafka brokers: committed offsets of two instances, a rolling restart of all brokers under load (minutes)
	@ORRERY_PROOF_CLUSTER=1 PKG=./cmd/orrery RUN=TestProofCluster .ci/integration

.PHONY: test-integration
test-integration: build ## end-to-end tests against a real Kafka broker, kcat and Chromium
	@PKG='$(if $(filter ./...,$(PKG)),,$(PKG))' .ci/integration

.PHONY: kafka-up
kafka-up: ## start a one-node Apache Kafka broker on 127.0.0.1:KAFKA_PORT (9192)
	@deploy/kafka/broker up $(KAFKA_PORT)

.PHONY: kafka-down
kafka-down: ## stop that broker; its data stay
	@deploy/kafka/broker down

.PHONY: kafka-clean
kafka-clean: ## stop that broker and remove its data, log and jars
	@deploy/kafka/broker clean

.PHONY: clean
clean: ## remove what the targets above left in the tree (the broker's folder is kafka-clean's)
	rm -rf orrery orrery.cdx.json bench-out .cache/log .cache/kafka-integration
	find . -name '*.test' -o -name '*.prof' | xargs -r rm -f
