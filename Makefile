# Everything needs only Go, a C compiler, git and make. Other tools are pinned
# in modules of their own under hack/; hack/get-tool.sh builds or downloads them
# once and links them in bin/.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The image that `make image` builds and `make deploy` runs.
IMG ?= viridian-manager:latest
# What builds the image: docker, podman or nerdctl.
CONTAINER_TOOL ?= docker
# For one package or one test: make test PKG=./internal/rollout TESTFLAGS='-run Canary -v'
PKG ?= ./...
# How many seeds make simulate runs, and the first one.
SEEDS ?= 2000
FROM ?= 0
# A file in which it keeps what it ran, to go on from later.
KEEP ?=
# make crash-points takes every STRIDEth call.
STRIDE ?= 1
MUTANTSFLAGS ?=
TESTFLAGS ?=
# Where kube-apiserver, etcd and kubectl come from: auto, prebuilt or source. See
# hack/get-tool.sh.
TOOLS ?= auto
export TOOLS
# How a cluster is reached; another kubectl may be given.
KUBECTL ?= bin/kubectl

CLUSTER_TOOLS := bin/kube-apiserver bin/etcd bin/kubectl
# For tests of backup and restore only.
SNAPSHOT_TOOLS := bin/etcdctl bin/etcdutl
SCANNERS := bin/govulncheck bin/indexdb bin/kube-score
PROMTOOL := bin/promtool
GENERATORS := bin/controller-gen bin/crd-ref-docs
GENERATED := api/v1alpha1/zz_generated.deepcopy.go config/crd/bases config/rbac/role.yaml docs/api.md docs/states.md docs/metrics.md config/prometheus/prometheus-rule.yaml
# Without hack/promtool: to tidy it takes all that Prometheus can find services by,
# 1.6 GB that nothing here is built of.
MODULES := . hack/kube hack/tools hack/golangci-lint hack/scanners hack/envtest test/conformance/kubernetes

##@ Try it (kube-apiserver, etcd and kubectl: TOOLS=auto, prebuilt or source)

.PHONY: demo demo-up
demo: bin/demo build cluster-tools ## Watch rollouts against a simulated AWS: good, better, failing, crashing
	@bin/demo $(DEMOFLAGS)

demo-up: bin/demo build cluster-tools ## The same, and stay up for your own kubectl until Ctrl-C
	@bin/demo --up $(DEMOFLAGS)

##@ Develop

.PHONY: test test-unit judge-load conformance lint generate verify
test: cluster-tools $(SNAPSHOT_TOOLS) bin/setup-envtest ## Run every test, with a real Kubernetes API, nearly all with the race detector
	@KUBEBUILDER_ASSETS="$(abspath bin)" TESTFLAGS="$(TESTFLAGS)" hack/test.sh $(PKG)

# A package belongs here unless its tests start kube-apiserver, for which they
# import envtest or what is built on it.
test-unit: ## Run the tests that need no Kubernetes API
	@go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}} {{.TestImports}} {{.XTestImports}}{{end}}' $(PKG) \
		| grep -v -e sigs.k8s.io/controller-runtime/pkg/envtest -e viridian/test/testcluster \
		| sed 's/ .*//' | xargs go test $(TESTFLAGS)

# One part: make conformance PART=kubernetes
conformance: cluster-tools ## Compare with what others wrote, and print a table; see docs/conformance.md
	@KUBEBUILDER_ASSETS="$(abspath bin)" test/conformance/run.sh $(PART)

# Without the race detector, which would take most of the time that requests
# and deployments need.
judge-load: cluster-tools ## Judge 50 revisions of each kind under load, and 200 deployments at once
	@KUBEBUILDER_ASSETS="$(abspath bin)" go test -v -count=1 -timeout=1h -run='^(TestJudgement|TestCallsOfManyDeployments)$$' \
		./controllers -judgements=50 -fleet=200

lint: bin/golangci-lint ## Run golangci-lint, and kube-api-linter over api/
	@bin/golangci-lint run

generate: $(GENERATORS) ## Regenerate deepcopy, CRDs, RBAC, docs and the PrometheusRule from the code
	@bin/controller-gen object crd paths=./api/... output:crd:artifacts:config=config/crd/bases
	@bin/controller-gen rbac:roleName=viridian-manager paths=./controllers/... output:rbac:artifacts:config=config/rbac
	@mkdir -p docs
	@bin/crd-ref-docs --config=hack/crd-ref-docs/config.yaml --templates-dir=hack/crd-ref-docs \
		--source-path=api --renderer=markdown --output-path=docs/api.md --log-level=WARN
	@go run ./hack/states > docs/states.md
	@go run ./hack/metrics page > docs/metrics.md
	@go run ./hack/metrics rule <config/prometheus/rules.yaml > config/prometheus/prometheus-rule.yaml

verify: ## Fail if formatting, a go.mod or a generated file is out of date
	@hack/verify.sh $(GENERATED) -- $(MODULES)

##@ Simulate (docs/reliability.md)

.PHONY: simulate crash-points mutants
simulate: ## Run SEEDS seeds of the simulation, from FROM on, on all cores
	@go run ./hack/simulate -seeds $(SEEDS) -from $(FROM) -keep "$(KEEP)"
	@go test ./test/simulation -run '^TestHostileTenant$$' -sieges 4

crash-points: ## Let a process die, or lose an answer, at every call of the stories
	@hack/crash-points.sh $(STRIDE)

mutants: cluster-tools ## Plant plausible mistakes, one after the other, and say what notices them
	@KUBEBUILDER_ASSETS="$(abspath bin)" go run ./test/mutants $(MUTANTSFLAGS)

##@ Build

.PHONY: build tools image clean
build: bin/manager bin/awssim bin/kubectl-viridian ## Build bin/manager, bin/awssim and bin/kubectl-viridian

# Go knows better than make what changed. With the same flags for all, what they
# share is compiled once.
BUILD := CGO_ENABLED=0 go build -trimpath -ldflags="-s -w"
.PHONY: bin/manager bin/awssim bin/kubectl-viridian bin/demo
bin/manager bin/awssim bin/kubectl-viridian: bin/%:
	@$(BUILD) -o $@ ./cmd/$*
bin/demo:
	@$(BUILD) -o $@ ./hack/demo

tools: cluster-tools $(SNAPSHOT_TOOLS) $(GENERATORS) $(SCANNERS) $(PROMTOOL) bin/golangci-lint ## Get every tool that other targets would get when needed

# In one call, so that a download is tried once. Only the script knows whether
# what is linked in bin/ is what TOOLS asks for.
.PHONY: cluster-tools $(CLUSTER_TOOLS)
cluster-tools:
	@hack/get-tool.sh $(notdir $(CLUSTER_TOOLS))
$(CLUSTER_TOOLS):
	@hack/get-tool.sh $(@F)

$(SNAPSHOT_TOOLS): hack/get-tool.sh hack/kube/go.mod hack/kube/go.sum
	@hack/get-tool.sh $(@F)
bin/setup-envtest: hack/get-tool.sh hack/envtest/go.mod hack/envtest/go.sum
	@hack/get-tool.sh $(@F)
$(GENERATORS): hack/get-tool.sh hack/tools/go.mod hack/tools/go.sum
	@hack/get-tool.sh $(@F)
$(SCANNERS): hack/get-tool.sh hack/scanners/go.mod hack/scanners/go.sum
	@hack/get-tool.sh $(@F)
$(PROMTOOL): hack/get-tool.sh hack/promtool/go.mod hack/promtool/go.sum
	@hack/get-tool.sh $(@F)
bin/golangci-lint: hack/get-tool.sh hack/golangci-lint/go.mod hack/golangci-lint/go.sum
	@hack/get-tool.sh $(@F)

image: ## Build the container image IMG; needs a container engine with BuildKit
	@$(CONTAINER_TOOL) version >/dev/null 2>&1 || { \
		echo "make image needs a running container engine: \"$(CONTAINER_TOOL) version\" failed." >&2; \
		echo "Start it, or name another one: make image CONTAINER_TOOL=podman" >&2; exit 1; }
	@$(CONTAINER_TOOL) build --build-arg VERSION="$$(git describe --tags --always --dirty)" -t "$(IMG)" .

clean: ## Remove bin/ (built tools stay in the cache outside the checkout)
	@rm -rf bin

##@ A cluster (the one of your current kubectl context)

.PHONY: install deploy undeploy
install: $(filter bin/%,$(KUBECTL)) ## Install the CRDs only
	@$(KUBECTL) apply --server-side -k config/crd

deploy: $(filter bin/%,$(KUBECTL)) ## Install the CRDs and the manager, running IMG
	@$(KUBECTL) kustomize config/default | sed 's|image: viridian-manager:latest$$|image: $(IMG)|' \
		| $(KUBECTL) apply --server-side -f -

# With the CRDs go all their objects, whose finalizers would then wait for a
# manager that is gone. Stacks are deleted by who asks for it, not by the way.
undeploy: $(filter bin/%,$(KUBECTL)) ## Remove the manager and the CRDs; refused while deployments exist
	@left=$$($(KUBECTL) get immutabledeployments.deploy.viridian.dev -A -o name 2>/dev/null || true); \
	if [ -n "$$left" ]; then \
		echo "ImmutableDeployments exist; delete them first, which deletes their stacks:" >&2; \
		echo "  $(KUBECTL) delete imd --all --all-namespaces" >&2; exit 1; \
	fi
	@$(KUBECTL) delete --ignore-not-found -k config/default

##@ Help

.PHONY: help
help: ## Show this
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
