# GNU make 3.81 (macOS) is enough. `make` alone lists the targets.
SHELL = /bin/sh
BIN = .venv/bin
CATALOGUES = $(patsubst %.po,%.mo,$(wildcard idp/translations/*/LC_MESSAGES/messages.po))
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header --no-annotate
# One worker more than there are processors: tests often wait, for a browser or a mail.
PYTEST_ARGS = -n $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )) --dist loadfile --no-loadscope-reorder

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.venv/.run: requirements.lock requirements-build.lock pyproject.toml tools/environment.sh
	@sh tools/environment.sh run
	@touch $@

.venv/.dev: requirements-dev.lock requirements-build.lock pyproject.toml tools/environment.sh
	@sh tools/environment.sh dev
	@touch $@ .venv/.run

%.mo: %.po
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

.PHONY: run
run: .venv/.run ## everything on this machine with demonstration data; Ctrl-C stops it
	@$(MAKE) --no-print-directory texts
	@exec $(BIN)/idp demo run

.PHONY: texts
texts: $(CATALOGUES) ## compile the translations that have changed
	@:

.PHONY: dev
dev: .venv/.dev ## the environment with everything for development
	@$(MAKE) --no-print-directory texts

# The types take longest, and one processor: everything else is looked at beside them.
.PHONY: lint
lint: dev ## style, types, floors
	@$(BIN)/mypy & types=$$!; $(MAKE) --no-print-directory style; style=$$?; wait $$types && exit $$style

.PHONY: style
style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/yamllint --strict policies docker .yamllint idp/web/routes.yaml
	@sh -n tools/environment.sh && sh -n tools/interop.sh

.PHONY: test
test: lint ## the gate: lint, then every test
	$(BIN)/pytest $(PYTEST_ARGS)

.PHONY: interop
interop: dev ## sign in with generic clients; needs Node.js 20, npm and Apache, which `make test` does without
	@sh tools/interop.sh
	INTEROP=required $(BIN)/pytest tests/interop

.PHONY: fuzz
fuzz: dev ## 200,000 made-up requests and more to every endpoint, half of them on each kind of database
	FUZZ_REQUESTS=$${FUZZ_REQUESTS:-210000} $(BIN)/pytest tests/fuzz -n 2 --dist load -rP -k wrongly

.PHONY: bench
bench: dev ## server CPU and SQL statements per request
	$(BIN)/python -m benchmarks

.PHONY: screenshots
screenshots: dev ## take the pictures of docs/ again
	SCREENSHOTS=docs/screenshots $(BIN)/pytest tests/browser -k "screenshot or tour"

.PHONY: migration
migration: dev ## compare the models with the migrations: make migration NAME="what changes"
	$(BIN)/idp db revision "$(NAME)"

.PHONY: lock
lock: dev ## choose the newest versions and write the lock files
	$(LOCK) --upgrade pyproject.toml -o requirements.lock
	$(LOCK) --upgrade --constraint requirements.lock --group dev pyproject.toml -o requirements-dev.lock
	printf 'editables\nhatchling\n' | $(LOCK) --constraint requirements-dev.lock - -o requirements-build.lock

.PHONY: clean
clean: ## remove the environment and caches; the data in var/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
	find idp examples tests migrations -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -f $(CATALOGUES)
