# Each target works by itself on a fresh clone: what it needs, it sets up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# The server of models has an environment of its own: torch and 3 GB of packages that nothing else needs.
SERVE  := .venv-serve
SERVE_READY := $(SERVE)/.ready
# So has the harness of standard benchmarks: it brings Hugging Face's `evaluate`, whose name is ours.
STANDARD := .venv-standard
STANDARD_READY := $(STANDARD)/.ready
# Other trainers and libraries, whose own loaders are held against a hand-over: an environment each, torch once for all.
PEERS := .venv-peers
PEERS_READY := $(foreach peer,trl llama_factory ms_swift llava_next streaming hats,$(PEERS)/.$(peer))
# LLaVA-NeXT is no package: a clone of it, or LLAVA_NEXT=FOLDER for one that is there.
LLAVA_NEXT ?=
LLAVA_NEXT_COMMIT := df179663ae8b83207df100a1f7af24caec633ff9
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
export RAY_USAGE_STATS_ENABLED := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Compiled modules are kept, also where a container says otherwise: each process of a test would compile them anew.
export PYTHONDONTWRITEBYTECODE :=

TORCHVISION := schemas/torchvision_cpu.py
# $(call cpu_environment,FOLDER,REQUIREMENTS,WHAT): an environment of exactly these packages. Of torch the CPU build, also
# beside a GPU: the one that pip finds, where that is one, else that of PyTorch's own index. Of torchvision PyPI's, which is
# built for CUDA, with the file that lets it be imported.
define cpu_environment
$(PYTHON) -m venv $(1)
@torch=$$(grep '^torch==' $(2)); index=; \
$(1)/bin/pip install --quiet --dry-run --no-deps --ignore-installed --report - $$torch 2> /dev/null \
    | grep -q '"version": *"[^"]*+cpu"' || index="--index-url $(TORCH_INDEX)"; \
echo "$(3) into $(1); $$torch from $${index:-the usual index}"; \
$(1)/bin/pip install --quiet --no-deps $$index $$torch
$(1)/bin/pip install --quiet --no-deps --requirement $(2)
@site=$$($(1)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); \
cp $(TORCHVISION) $$site/ && echo 'import torchvision_cpu' > $$site/torchvision_cpu.pth
endef

# Of torchaudio, which LLaMA-Factory imports, PyPI's is built for CUDA; without its compiled part it imports all the same.
define peer_environment
$(PYTHON) -m venv $(PEERS)/$(1)
@set -e; echo "peers-setup: $(1) into $(PEERS)/$(1)"; site=$$($(PEERS)/$(1)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); \
$(PEERS)/torch/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > $$site/shared_torch.pth; \
echo 'import torchvision_cpu' > $$site/torchvision_cpu.pth; \
$(PEERS)/$(1)/bin/pip install --quiet --no-compile --no-deps --requirement tests/peers/$(1).txt; \
rm -f $$site/torchaudio/lib/*.so
endef

.PHONY: help setup check test serve-setup test-serve standard-setup test-standard peers-setup test-peers demo demo-train tour docs exam faults faults-short nodes sbom fuzz bench clean
help:            ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 13

setup: $(READY)  ## a virtual environment with everything that curation, training and their tests need
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else f"Python 3.11 or newer is needed, found {v.major}.{v.minor}: make PYTHON=python3.11 setup")'
	$(PYTHON) -m venv $(VENV)
	@# Where there is no GPU, torch's CPU build: the one that pip finds, if that is one, else that of PyTorch's own index.
	@torch=$$(grep '^torch==' constraints.txt); index=; \
	command -v nvidia-smi > /dev/null \
	    || $(BIN)/pip install --quiet --dry-run --no-deps --ignore-installed --report - $$torch 2> /dev/null \
	    | grep -q '"version": *"[^"]*+cpu"' || index="--index-url $(TORCH_INDEX)"; \
	echo "setup: curation, training and tests into $(VENV); $$torch from $${index:-the usual index}"; \
	$(BIN)/pip install --quiet --no-deps $$index $$torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[curation,casda,publish,train,encoders,dev]'
	@touch $(READY)

check: $(READY)  ## ruff (security rules too), formatting, pyright, and known vulnerabilities of what is pinned
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/python deploy/audit.py

test: $(READY)   ## every test that needs no GPU and no model; real data and Ray included where they are there
	$(BIN)/python -m pytest -m "not gpu and not serve and not peer" -n auto --dist loadfile --no-loadscope-reorder

test-serve: $(READY) $(SERVE_READY)  ## a real vLLM on the CPU writes for the demo and for 20 real images, another reads back (half an hour)
	$(BIN)/python -m pytest -m serve

serve-setup: $(SERVE_READY)  ## a second environment: vLLM for the CPU, and what makes its tiny models (3 GB)
$(SERVE_READY): constraints-serve.txt $(TORCHVISION)
	$(call cpu_environment,$(SERVE),constraints-serve.txt,serve-setup: vLLM for the CPU)
	$(SERVE)/bin/python -c 'import torch; from transformers import InternVLProcessor; assert torch.version.cuda is None, f"{torch.__version__} is no CPU build: set TORCH_INDEX"'
	@touch $(SERVE_READY)

standard-setup: $(STANDARD_READY)  ## a third environment: lmms-eval, for the standard benchmarks (2.4 GB)
$(STANDARD_READY): evaluate/standard/standard.txt $(TORCHVISION)
	$(call cpu_environment,$(STANDARD),evaluate/standard/standard.txt,standard-setup: lmms-eval)
	$(STANDARD)/bin/python -c 'import lmms_eval.evaluator'
	@touch $(STANDARD_READY)

test-standard: $(READY) $(STANDARD_READY)  ## a real lmms-eval, on data made here (minutes)
	RADIO_STANDARD_PYTHON=$(STANDARD)/bin/python $(BIN)/python -m pytest tests/test_evaluate_standard.py

peers-setup: $(PEERS_READY)  ## environments of other trainers and of readers of what is exported (6 GB)
$(PEERS)/.torch: tests/peers/torch.txt $(TORCHVISION)
	$(call cpu_environment,$(PEERS)/torch,tests/peers/torch.txt,peers-setup: what they share)
	@touch $@
$(PEERS)/.%: tests/peers/%.txt $(PEERS)/.torch
	$(call peer_environment,$*)
	@touch $@

test-peers: $(READY) $(PEERS_READY)  ## other trainers take the demo's hand-over, other libraries read what is exported of it (minutes)
	@test -n "$(LLAVA_NEXT)" -o -d $(PEERS)/LLaVA-NeXT || { \
	    GIT_TERMINAL_PROMPT=0 git clone --quiet https://github.com/LLaVA-VL/LLaVA-NeXT $(PEERS)/LLaVA-NeXT.new \
	    && git -C $(PEERS)/LLaVA-NeXT.new checkout --quiet $(LLAVA_NEXT_COMMIT) \
	    && mv $(PEERS)/LLaVA-NeXT.new $(PEERS)/LLaVA-NeXT; } \
	    || echo "test-peers: LLaVA-NeXT cannot be cloned; LLAVA_NEXT=FOLDER names one that is there"
	LLAVA_NEXT=$(LLAVA_NEXT) $(BIN)/python -m pytest -m peer tests/peers

demo: $(READY)   ## a small synthetic sky, from mosaics to the hand-over and its report
	$(BIN)/python -m curation demo --out demo

demo-train: $(READY)  ## a tiny model learns from the demo's hand-over, is merged, answers, is evaluated (minutes, two cores)
	test -d demo/store/llava/tiny || $(MAKE) demo
	$(BIN)/python -m finetune tiny --out demo/model
	@handover=$$(ls -d demo/store/llava/tiny/*/ | head -n 1); set -ex; \
	recipe="smoke --data $$handover --set model.name=./demo/model --set run.probe_every=100"; \
	$(BIN)/python -m finetune check $$recipe > demo/check.txt || { cat demo/check.txt; exit 1; }; \
	$(BIN)/python -m finetune train $$recipe --out demo/run --set lora='{r=16,alpha=32}' \
	    --set trainable='{llm="lora",newline=false}'; \
	$(BIN)/python -m finetune merge-lora --base demo/model --adapter demo/run/adapter --out demo/merged; \
	$(BIN)/python -m finetune merge --base demo/model --tuned demo/merged --share 0.5 --out demo/half; \
	$(BIN)/python -m finetune.ask demo/half $$(ls $$handover/images/*/*.png | head -n 1) Describe the image.
	@asked="run demo_extended demo_radio_galaxies demo_artefacts demo_peculiarity demo_fanaroff_riley --corpus tiny \
	    --raw demo/raw --store demo/store --workers 2"; set -ex; \
	$(BIN)/python -m evaluate $$asked --model-dir demo/merged --model tuned --choices --tuned; \
	$(BIN)/python -m evaluate $$asked --model-dir demo/merged --model tuned --shown grey; \
	$(BIN)/python -m evaluate $$asked --model-dir demo/half --model half --choices; \
	$(BIN)/python -m evaluate $$asked --model-dir demo/model --model base --choices
	@$(BIN)/python -m evaluate report --store demo/store --out demo/evaluation --base base

tour: $(READY)   ## the pictures of docs/tour.md, from a copy of the demo (minutes; needs the system's Chromium)
	test -d demo/store/llava/tiny || $(MAKE) demo
	$(BIN)/python docs/tour/pictures.py --demo demo

docs: $(READY)   ## docs/tables.md, written from schemas/tables.py
	$(BIN)/python -m schemas > docs/tables.md

exam: $(READY)   ## the exam of truth on both halves, its figures into docs/truth.md and reports (RADIO_RAW: real captions)
	$(BIN)/python -m curation exam --write-docs

faults: $(READY) ## 300 faults of every kind at every stage, and what came of them, into docs/reliability.md (some 15 minutes)
	$(BIN)/python -W ignore -m tests.faults --write-docs docs/reliability.md $(FAULTS)

nodes: $(READY)  ## 20 builds on three nodes of a Ray cluster here, one killed, one slow, into docs/reliability.md (half an hour)
	$(BIN)/python -W ignore -m tests.nodes --write-docs docs/reliability.md $(NODES)

sbom: $(READY)   ## dist/radio-corpus-VERSION.cdx.json: what the software is made of, as CycloneDX, for a release
	$(BIN)/python deploy/sbom.py --out dist

fuzz: $(READY)   ## readers of FITS, boxes, sentences, replies, LaTeX and tables fed with spoilt input, for a minute
	$(BIN)/python -W ignore -m tests.fuzz $(FUZZ)

faults-short: $(READY)  ## some of these faults, in about a minute
	$(BIN)/python -W ignore -m tests.faults --short $(FAULTS)

bench: $(READY)  ## speed against peers, as ratios
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python benchmarks/cutouts.py

clean:           ## what the demo made
	rm -rf demo
