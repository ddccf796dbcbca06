# Two commands do everything on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
# What they need is brought into .tools and .venv beside this file; nothing else on the machine is touched, but for the
# system packages that the tests of `make test` need, where they may be installed.

.PHONY: demo test bench branches mutants proof lint types imports unit lock setup system clean
.DEFAULT_GOAL := help

PYTHON ?= python3
PLUGINS := $(wildcard plugins/*)
PACKAGES := -e . $(foreach plugin,$(PLUGINS),-e $(plugin))
RUN := .venv/bin/
export UV_PYTHON_DOWNLOADS = never
export UV_LINK_MODE = copy
export UV_SYSTEM_CERTS = 1

help:
	@echo "make demo   twenty simulated homes live a day on real wires, then a report"
	@echo "make test   everything that must be true: ruff, mypy, the import contract, the tests"
	@echo "make bench  how fast messages are read, beside whom, and what breaks a codec: tables"
	@echo "make branches  every branch of orders, slots, modes and fail-safes is taken by the facts alone; a minute"
	@echo "make mutants  of that code, one thing changed at a time, how much the facts notice; a tenth of them in minutes"
	@echo "make proof  the command engine: a thousand simulated home-days, every crash point, every branch; hours"
	@echo "make lock   refresh requirements.lock"

demo: .venv/ready
	@$(RUN)elfe demo $(ARGS)

test: .venv/ready system
	$(RUN)ruff check .
	$(RUN)mypy
	$(RUN)lint-imports
	$(RUN)python -m pytest -n logical --dist loadfile $(ARGS)

# hatasmota is no dependency: without it, the comparison is left out and says so.
bench: .venv/ready
	@.tools/uv pip install --quiet --python .venv/bin/python hatasmota || true
	@$(RUN)python -m benchmarks $(ARGS)

# Orders, slots, modes and fail-safes by the facts alone: coverage is no dependency, it is brought when it is wanted.
branches: .venv/ready
	@.tools/uv pip install --quiet --python .venv/bin/python coverage
	$(RUN)python -m tests.proof

# Wrong code is noticed by the facts: cosmic-ray is no dependency, it is brought when it is wanted.
mutants: .venv/ready
	@.tools/uv pip install --quiet --python .venv/bin/python cosmic-ray
	$(RUN)python -m tests.mutants $(ARGS)

proof: branches
	$(RUN)python -m tests.command.sim --seeds 34 --homes 30 $(ARGS)
	$(RUN)python -m tests.command.sim --crashes

setup: .venv/ready

# uv: the machine's own, or brought privately.
.tools/uv:
	@mkdir -p .tools
	@if command -v uv >/dev/null 2>&1; then ln -sf "$$(command -v uv)" .tools/uv; \
	else $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	         || { echo "elfe needs Python 3.11 or newer: make PYTHON=python3.11 demo"; exit 1; }; \
	     $(PYTHON) -m venv .tools/venv \
	         || { echo "this Python cannot make a virtual environment: on Debian, apt-get install python3-venv"; exit 1; }; \
	     .tools/venv/bin/python -m pip install --quiet --disable-pip-version-check uv && ln -sf venv/bin/uv .tools/uv; fi

.venv/ready: .tools/uv requirements.lock pyproject.toml $(wildcard plugins/*/pyproject.toml)
	@.tools/uv venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv
	@.tools/uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements.lock
	@.tools/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation $(PACKAGES)
	@touch .venv/ready

ZABBIX := zabbix-server-pgsql zabbix-frontend-php php-cli php-pgsql php-gd php-bcmath php-mbstring php-xml

# What the tests start themselves. Without them, the tests that need them are skipped, and say so.
system:
	@missing=""; \
	command -v mosquitto >/dev/null 2>&1 || [ -x /usr/sbin/mosquitto ] || missing="$$missing mosquitto"; \
	command -v psql >/dev/null 2>&1 && ls -d /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	[ -x /usr/sbin/zabbix_server ] && [ -d /usr/share/zabbix ] && command -v php >/dev/null 2>&1 || missing="$$missing $(ZABBIX)"; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null \
	      || echo "not installed:$$missing; the tests that need them are skipped"; \
	  else echo "not on this machine:$$missing; the tests that need them are skipped"; fi; fi

# The pins that land: hashed, without addresses.
lock: .tools/uv
	.tools/uv export --quiet --all-packages --all-extras --all-groups --no-emit-workspace --no-header --no-annotate \
	    --no-emit-project --format requirements-txt --refresh -o requirements.lock
	@sed -i '/:\/\//d' requirements.lock
	@rm -f uv.lock

clean:
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
