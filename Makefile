# Needletail: `make run` starts it, `make test` checks it. `make help` names the rest.
.PHONY: help run example build test test-sources test-swift test-fuzz test-journeys test-peers test-soak bench docs clean

DATA_DIR ?= ./data
ARGS ?=
SWIFT ?= swift
BUILD_DIR = .build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

run: build ## install what is missing, build, start `needletail up` on the default ports (ARGS="--http-port 9000 …")
	@exec $(BUILD_DIR)/release/needletail up --data-dir $(DATA_DIR) $(ARGS)

example: ## two traced services, and the addresses of their traces (Examples/README.md)
	@exec scripts/example.sh

build: ## the program, release build
	@scripts/install-packages.sh build
	@scripts/check-toolchain.sh
	$(SWIFT) build -c release --product needletail

test: ## everything CI checks: sources, Swift tests, journeys with real clients
	@scripts/install-packages.sh build test
	@scripts/check-toolchain.sh
	@$(MAKE) --no-print-directory test-sources
	@$(MAKE) --no-print-directory test-swift
	@$(MAKE) --no-print-directory test-fuzz FUZZ_BUILD=debug
	@$(MAKE) --no-print-directory test-journeys

test-sources: ## imports have access levels, the types of the page's scripts fit
	@scripts/install-packages.sh test
	@scripts/check-sources.sh

test-swift: ## the Swift tests
	$(SWIFT) build --build-tests
	@SWIFT="$(SWIFT)" scripts/swift-tests.sh

test-journeys: ## the real program (debug build) driven by real clients; pictures are kept in journeys/artifacts
	@scripts/install-packages.sh build test
	@scripts/venv.sh .venv journeys/requirements.txt
	@scripts/venv.sh .venv-senders journeys/senders/requirements.txt
	@scripts/models-venv.sh
	$(SWIFT) build --product needletail
	$(SWIFT) build --product needletail-span-sender
	$(SWIFT) build --product needletail-model-server
	$(SWIFT) build --product needletail-traced-load
	$(SWIFT) build --product example-storefront
	$(SWIFT) build --product example-inventory
	.venv/bin/python -m pytest journeys --ignore=journeys/peers --ignore=journeys/soak $(PYTEST_ARGS)

FUZZ_SECONDS ?= 20
FUZZ_SEED ?= 1
FUZZ_BUILD ?= release
# The program sees internals, which a release build shows to nobody: it gets a folder of its own.
FUZZ_FOLDER_release = $(BUILD_DIR)/fuzz-release
FUZZ_FLAGS_release = -Xswiftc -enable-testing --scratch-path $(FUZZ_FOLDER_release)
FUZZ_FOLDER_debug = $(BUILD_DIR)
test-fuzz: ## damaged input for every decoder and parser (FUZZ_SECONDS for each, FUZZ_SEED; FUZZ_BUILD=debug needs no release build)
	$(SWIFT) build -c $(FUZZ_BUILD) --product needletail-fuzz $(FUZZ_FLAGS_$(FUZZ_BUILD))
	@mkdir -p $(BUILD_DIR)/fuzz
	$(FUZZ_FOLDER_$(FUZZ_BUILD))/$(FUZZ_BUILD)/needletail-fuzz --seconds $(FUZZ_SECONDS) --seed $(FUZZ_SEED) --folder $(BUILD_DIR)/fuzz

test-peers: ## the journeys with heavy peers: real Triton, PyTriton, BentoML and Envoy, set up as the page says, send their traces
	@scripts/install-packages.sh build test
	@scripts/venv.sh .venv journeys/requirements.txt
	@scripts/peers-venv.sh pytriton bentoml envoy
	$(SWIFT) build --product needletail
	NEEDLETAIL_PEERS=required .venv/bin/python -m pytest journeys/peers $(PYTEST_ARGS)

test-soak: ## with a release build: ten minutes at full load, ten of the live page, a cut link, a million spans, 400,000 traced requests (SOAK_SECONDS, TRACED_LOAD_REQUESTS)
	@scripts/install-packages.sh build test bench
	@scripts/venv.sh .venv journeys/requirements.txt
	@scripts/models-venv.sh
	$(SWIFT) build -c release --product needletail
	$(SWIFT) build -c release --product needletail-traced-load
	NEEDLETAIL_BINARY=$(CURDIR)/$(BUILD_DIR)/release/needletail TRACED_LOAD_BUILD=release TRACED_LOAD_REQUESTS=$${TRACED_LOAD_REQUESTS:-100000} \
		.venv/bin/python -m pytest journeys/soak journeys/test_traced_load.py -s $(PYTEST_ARGS)

bench: ## measure, and write the table in Benchmarks/README.md
	@scripts/install-packages.sh build bench
	@scripts/check-toolchain.sh
	@scripts/venv.sh .venv journeys/requirements.txt
	@scripts/peers-venv.sh pytriton
	$(SWIFT) build -c release --product needletail
	$(SWIFT) build -c release --product needletail-bench
	scripts/bench.sh

docs: ## the SDK's documentation, an archive in .build/docs; a link that leads nowhere is an error
	@scripts/check-toolchain.sh
	@scripts/docs.sh

clean: ## build products and virtual environments; the data stays
	rm -rf $(BUILD_DIR) .venv .venv-peers .venv-bentoml .venv-envoy .venv-senders .venv-models .venv-sources journeys/artifacts
