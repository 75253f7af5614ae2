# The course's own commands. A learner's are in the Makefile of a workspace.

WORKSPACE ?= ../my-tinytorch
export WORKSPACE
TORCH := 2.13.0+cpu
python := .venv/bin/python
ready := .venv/dev.stamp

help: # first, so that `make` alone shows it
	@sed -n 's/^\([a-z-]*\):[^#]*## *\(.*\)/\1|\2/p' Makefile | \
	  awk -F'|' '{ printf "  make %-18s  %s\n", $$1, $$2 }'

# -- for learners

workspace: $(ready) ## make a workspace: WORKSPACE=../my-tinytorch, ASK=1 to be asked for your path
	@$(python) -m checker.scaffold "$$WORKSPACE" $(if $(ASK),--ask)

# -- for those who work on the course

test: $(ready) torch ## all that CI runs
	$(python) -m ruff check
	$(python) -m ruff format --check
	$(python) -m mypy
	@$(python) -m checker.generate --check
	@$(MAKE) --no-print-directory wheel course-check
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(python) -m pytest -q -n auto --dist loadfile

check: $(ready) ## check a stage of a workspace, STAGE=09 WORKSPACE=..., or AGAINST=reference
	@TINYTORCH_WORKSPACE="$$WORKSPACE" $(python) -m checker check \
	  $(if $(STAGE),"STAGE=$(STAGE)") $(if $(AGAINST),"AGAINST=$(AGAINST)")

course-check: $(ready) ## prove the course, or one STAGE=02: skeletons, solutions, lessons, hints
	@$(python) -m checker.course_check $(if $(STAGE),--stage "$(STAGE)")

knockouts: $(ready) ## show that each planted mistake is noticed, in all stages or in STAGE=02
	@$(python) -m checker.course_check --knockouts $(if $(STAGE),--stage "$(STAGE)")

skeletons: $(ready) ## write all generated files: skeletons, package files, the list for copier
	@$(python) -m checker.generate

bench: $(ready) torch ## how long a learner waits, and how fast the reference is beside PyTorch
	@$(python) -m checker.bench
	@$(python) -m checker.bench_torch
	@$(python) -m checker.bench_text

north-star: $(ready) ## milestone 4 with the reference, end to end: writes docs/north-star.json
	@$(python) -m checker.north_star

wheelhouse: $(ready) ## wheels with which a workspace is set up without a network
	@$(python) -m checker.wheelhouse wheelhouse

solution-branches: $(ready) ## the solution branches, in this repository
	@$(python) -m checker branches

wheel: $(ready) ## build the course's wheel into dist/
	@$(python) -m pip wheel -qq --disable-pip-version-check --no-deps --wheel-dir dist .
	@echo "dist: $$(cd dist && ls tinytorch_course-*.whl)"

clean: ## remove what was built and what tools remember; .venv stays
	rm -rf build dist wheelhouse .ruff_cache .mypy_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

# -- what they need

$(ready): pyproject.toml
	@test -x $(python) || for p in python3.13 python3.12 python3.11 python3; do \
	  "$$p" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  echo "Making .venv with $$p (once; about a minute) ..."; "$$p" -m venv .venv && break; \
	done
	@test -x $(python) || { echo "Python 3.11 or newer, with ensurepip, is needed."; \
	  echo "next: get it from https://www.python.org (Debian, Ubuntu: sudo apt install python3-venv)"; \
	  exit 1; }
	@$(python) -m pip install -qq --disable-pip-version-check -e '.[dev]'
	@touch $@

# PyTorch is what the framework is compared with; nothing else needs it. Always a build for the CPU.
torch: .venv/torch.stamp
.venv/torch.stamp: $(ready)
	@pip="$(python) -m pip install -qq --disable-pip-version-check torch==$(TORCH)"; \
	if $$pip 2>/dev/null || $$pip --index-url https://download.pytorch.org/whl/cpu 2>/dev/null; \
	then touch $@; \
	else echo "PyTorch $(TORCH) could not be installed: comparisons with it will be skipped."; fi

.PHONY: help workspace test check course-check knockouts skeletons bench north-star wheelhouse \
  solution-branches wheel clean torch
