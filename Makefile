# The daily commands. `make run` and `make test` install what is missing and do everything.
SHELL := bash
.DEFAULT_GOAL := help
CARGO := cargo
# One profile and one feature set for everything, so that nothing is built twice.
FLAGS := --release --workspace --locked
APT := scripts/need.sh
TOOLS := target/tools
DENY := $(TOOLS)/bin/cargo-deny
DENY_VERSION := 0.20.2
WEB_DEPS := web/node_modules/.installed
WEB_SOURCES := $(shell find web/sdk/src web/app/src web/app/public web/app/*.html web/app/vite*.ts -type f 2>/dev/null)
WEB_DIST := web/app/dist/.built

.PHONY: audit-oracle help patched run build test check fmt lint deny unit web-check e2e lab lab-short soak gallery bench bench-peers bench-turn fuzz protocol clean

help: ## These lines.
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: build ## Build everything and start the demo.
	target/release/bedside demo $(ARGS)

patched: ## Fetch and patch what third_party/ changes; every target that needs it does this.
	@$(APT) tools
	@scripts/patched.sh

build: $(WEB_DIST) patched ## Build the web app and the program (release).
	@$(APT) tools
	$(CARGO) build $(FLAGS)

$(WEB_DEPS): web/package.json web/package-lock.json web/sdk/package.json web/app/package.json
	@$(APT) node
	npm install --prefix web --no-audit --no-fund --loglevel=error
	@touch $@

$(WEB_DIST): $(WEB_DEPS) $(WEB_SOURCES)
	npm run --prefix web --silent build
	@touch $@

test: ## Everything that CI runs, cheapest first.
	@scripts/test.sh

check: fmt web-check lint ## The quick half of `make test`.

fmt: patched ## Formatting.
	$(CARGO) fmt --check

web-check: $(WEB_DEPS) ## Lint, types, weight and unit tests of the web part.
	npm run --prefix web --silent lint
	npm run --prefix web --silent types
	npm run --prefix web --silent sizes
	npm run --prefix web --silent test

lint: $(WEB_DIST) patched ## Clippy, warnings are errors.
	@$(APT) tools
	$(CARGO) clippy $(FLAGS) --no-deps --all-targets -- -D warnings

deny: $(DENY) patched ## Licences, bans and sources of dependencies.
	$(DENY) --log-level error check licenses bans sources

$(DENY):
	$(CARGO) install cargo-deny --version $(DENY_VERSION) --locked --root $(TOOLS) --target-dir $(TOOLS)/build
	rm -rf $(TOOLS)/build

unit: $(WEB_DIST) patched ## Rust tests: unit, conformance, attack.
	@$(APT) postgres
	@$(APT) softhsm
	@$(APT) age
	@$(APT) coturn
	$(CARGO) test $(FLAGS)

gallery: $(WEB_DIST) ## Every screen in Chromium: axe, phone width, languages.
	@$(APT) chromium
	cd web/app && npm run --silent gallery && npx playwright test

e2e: build ## Whole visits in Chromium.
	@$(APT) chromium
	npm run --prefix web --silent e2e

lab: build ## Visits behind every kind of network, in full (root).
	@$(APT) chromium
	@$(APT) speech
	npm run --prefix web --silent lab

lab-short: build ## The part of `make lab` that `make test` runs.
	@$(APT) chromium
	@$(APT) speech
	npm run --prefix web --silent lab -- --grep @short

soak: build ## Rooms for MINUTES (30); memory has to stay flat.
	target/release/bedside bench room --minutes $(or $(MINUTES),30) --json

bench: build ## The figures of this machine.
	target/release/bedside bench floor --json
	target/release/bedside bench room --json
	target/release/bedside bench join --json

bench-peers: build ## The same load against this server and Janus.
	@$(APT) janus
	scripts/bench-peers.sh --json

bench-turn: build ## What a relayed datagram costs, here and with coturn.
	@$(APT) coturn
	target/release/bedside bench turn --json

audit-oracle: ## Hold the audit log's tree and notes against other people's.
	$(CARGO) test --release --manifest-path tools/audit/oracle/Cargo.toml --target-dir target/oracle

fuzz: ## Fuzz every target for SECONDS (60) each; TARGETS='a b' for some.
	@$(APT) tools
	FUZZ_SECONDS=$(or $(SECONDS),60) scripts/fuzz.sh $(TARGETS)

protocol: patched ## Write web/sdk/src/protocol.ts from the Rust types.
	UPDATE_PROTOCOL=1 $(CARGO) test --release -p protocol --test typescript

clean: ## Remove what was built.
	$(CARGO) clean
	rm -rf web/app/dist web/node_modules web/e2e/output web/app/test-results
