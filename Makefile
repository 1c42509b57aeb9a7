# `make` alone lists what there is. Everything here works from a fresh clone with cargo and little else.

ORDERS ?= 200
CHAOS_ROUNDS ?= 3
target := $(or $(CARGO_TARGET_DIR),target)
# What is run; the rest of the workspace are tests.
programs := -p order-api -p order-processor -p metrics-service -p orderctl

# What checks the deployment; .ci/tools.sh installs it.
python := PYTHONDONTWRITEBYTECODE=1 $(target)/tools/python/bin/python

.DEFAULT_GOAL := help
.PHONY: help run test chaos populate bench bench-peers openapi manifests autoscale-sim metrics-table lint fmt clean-data

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | \
		while IFS="$$(printf '\t')" read -r name what; do printf '  make %-14s %s\n' "$$name" "$$what"; done

run: ## Build (release) and run everything here; Ctrl-C stops it; data in ./data
	@.ci/setup.sh run
	@echo 'building (the first time takes several minutes)'
	@cargo build --release $(programs)
	@exec $(target)/release/orderctl up

test: ## Every check and every test
	@.ci/setup.sh test
	@.ci/browser.sh
	@.ci/clients.sh
	@echo '== format'
	@cargo fmt --all --check
	@echo '== lints'
	@cargo clippy --workspace --all-targets -- -D warnings
	@echo '== documentation'
	@RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items
	@echo '== programs (the system tests run them)'
	@cargo build --workspace --bins
	@echo '== tests'
	@cargo test --workspace
	@echo '== generated files'
	@.ci/check-generated.sh
	@echo '== deployment'
	@$(python) -m pytest -q -p no:cacheprovider tests/deploy

# The table comes last, in one piece, whatever the tests said before.
chaos: ## Faults under load, each CHAOS_ROUNDS=3 times; a table of what they came to
	@.ci/setup.sh test
	@cargo build --workspace --bins
	@table=$$(mktemp) && trap 'rm -f "$$table"' EXIT && failed=0 && \
		{ CHAOS_ROUNDS=$(CHAOS_ROUNDS) CHAOS_TABLE="$$table" cargo test --workspace --test chaos || failed=1; } && \
		echo && cat "$$table" && exit $$failed

populate: ## Sample customers, a catalogue and orders (ORDERS=200) for a running system
	@cargo build --release --quiet $(programs)
	@$(target)/release/order-api populate --orders $(ORDERS)

bench: ## Measure beside this machine's limits (BENCH='--rounds 1 --only intake'); docs/PERFORMANCE.md
	@.ci/setup.sh bench
	@cargo build --release --workspace --bins
	@$(target)/release/bench --json $(target)/bench.json $(BENCH)

bench-peers: ## Measure beside BullMQ and apalis, installed for it (BENCH='--rounds 5'); docs/PERFORMANCE.md
	@.ci/setup.sh peers
	@tests/peers/build.sh $(target)/peers
	@cargo build --release --workspace --bins
	@$(target)/release/bench --only peers --json $(target)/bench-peers.json $(BENCH)

openapi: ## Write openapi/ anew from the code
	@.ci/generate.sh openapi

manifests: ## Write k8s/ anew from the chart
	@.ci/tools.sh
	@.ci/manifests.sh k8s

autoscale-sim: ## Replay load against the chart's autoscaling values; pictures in docs/scaling
	@.ci/tools.sh
	@$(python) tests/deploy/autoscale_sim.py docs/scaling

metrics-table: ## Write the table of docs/METRICS.md anew from running services
	@.ci/setup.sh test
	@cargo build --workspace --bins
	@$(python) tests/deploy/metrics_table.py

lint: ## Clippy, warnings are errors
	@cargo clippy --workspace --all-targets -- -D warnings

fmt: ## Format the code
	@cargo fmt --all

clean-data: ## Forget all orders in ./data
	@if command -v flock >/dev/null && [ -e data/orderctl.lock ] && ! flock -n data/orderctl.lock true; then \
		echo 'Orderflow is running here: stop it first'; exit 1; fi
	@rm -rf data
	@echo 'data is gone'
