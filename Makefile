# Everything sets itself up: Go and make are all that is needed. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# The race detector needs a C compiler, so it is on where one is sure to be.
TESTFLAGS ?= $(if $(CI),-race)
PACKAGES ?= ./...
LINT := go tool -modfile=go.tool.mod golangci-lint
SPECTRAL := .local/spectral/node_modules/.bin/spectral

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'
	@echo "  Settings of run and infra: go run ./scripts/localstack --help"

.PHONY: run
run: ## Start everything here: PostgreSQL, a broker (BROKER=apache for Apache Kafka), both services
	@go build -o .local/bin/localstack ./scripts/localstack && exec .local/bin/localstack run

.PHONY: infra
infra: ## Start only PostgreSQL and the broker, on the default ports
	@go build -o .local/bin/localstack ./scripts/localstack && exec .local/bin/localstack infra

.PHONY: test
test: ## Run all tests (PACKAGES=./... TESTFLAGS=...)
	go test -timeout 20m $(TESTFLAGS) $(PACKAGES)

.PHONY: verify
verify: ## Hold the two databases of `make run` against each other
	@go build -o .local/bin/verify ./scripts/verify && exec .local/bin/verify

.PHONY: faults
faults: ## Run the fault matrix (CELL=name SEED=n for one cell; SEEDS=n for many runs)
	@go build -buildvcs=false -o .local/bin/faults ./scripts/faults && exec .local/bin/faults

.PHONY: faults-report
faults-report: ## Write what came of the fault matrix into docs/faults.md
	@go build -buildvcs=false -o .local/bin/faults ./scripts/faults && exec .local/bin/faults report

.PHONY: fuzz-api
fuzz-api: ## Send both services what their documents allow and what not, by schemathesis (needs Python 3; EXAMPLES=n SEED=n)
	@command -v python3 >/dev/null || { echo "make fuzz-api needs Python 3.10 or later" >&2; exit 1; }
	@python3 scripts/fuzzapi/fuzz.py

.PHONY: mutants
mutants: ## Take each guard out of a copy: a test must turn red (ONLY=name for one)
	@go build -o .local/bin/mutants ./scripts/mutants && exec .local/bin/mutants

.PHONY: bench
bench: ## Measure everything and write docs/benchmarks.md (ONLY=row,row ROUNDS=n DURATION=5s)
	@go build -o .local/bin/bench ./scripts/bench && exec .local/bin/bench

.PHONY: lint
lint: lint-api ## Run the linters
	$(LINT) run

# The one linter that is no Go program. Without Node.js it is left out, but not in CI.
.PHONY: lint-api
lint-api: ## Lint the documents of the APIs (needs Node.js)
	@if command -v npm >/dev/null; then $(MAKE) -s $(SPECTRAL) && \
		$(SPECTRAL) lint --quiet --fail-severity=warn --ruleset api/lint/spectral.yaml api/*.yaml; \
	else echo "no Node.js: the documents of the APIs are not linted" >&2; test -z "$(CI)"; fi

$(SPECTRAL): api/lint/package.json api/lint/package-lock.json api/lint/.npmrc
	@mkdir -p .local/spectral && cp $^ .local/spectral/ && npm --prefix .local/spectral ci --loglevel=error >/dev/null && touch $@

.PHONY: fmt
fmt: ## Format the code
	$(LINT) fmt

.PHONY: generate
generate: ## Make the generated files (mocks, servers of the APIs) anew
	go generate ./...

.PHONY: generate-check
generate-check: generate ## Fail when a generated file is stale, or an application port has no mock
	@git diff --exit-code -- '*/mocks/*' '*.gen.go' || { echo "stale files: commit what make generate changed" >&2; exit 1; }
	@test -z "$$(git ls-files --others --exclude-standard -- '*/mocks/*' '*.gen.go')" || { echo "generated files that are not committed" >&2; exit 1; }
	@for ports in $$(git ls-files '*/internal/application/*/ports.go' ':!*/mocks/*'); do \
		grep -q '^//go:generate go tool mockgen -source=ports.go' $$ports || { echo "$$ports has no mocks" >&2; exit 1; }; \
	done

.PHONY: clean
clean: ## Remove the data of `make run` and all downloads
	rm -rf .local
