#!/usr/bin/env bash
# Gets pinned tools and links them into bin/.
#
#   hack/get-tool.sh <tool>...
#
# Tools are built from source. Only kube-apiserver, etcd and kubectl, which take
# minutes to build, may be prebuilt. TOOLS decides about them:
#
#   auto      take what this machine has, or what setup-envtest downloads; build
#             if there is neither. This is the default.
#   prebuilt  take what this machine has, or what setup-envtest downloads; fail
#             if there is neither.
#   source    build exactly the pinned versions.
#
# A prebuilt tool has to be a release of the pinned minor version. setup-envtest
# compares what it downloads with the checksums in its index.
#
# What is built or downloaded is kept outside the checkout, under a key that
# changes with its version, so it is made once a machine and a second clone only
# links it. The key of a build also changes with the dependencies, the build
# flags and the Go release.
#
# TOOLS_TIMEOUT is after how many seconds without any data a download is given
# up (5). TOOLS_INDEX is the URL of another index for setup-envtest.
set -euo pipefail

fail() {
	echo "hack/get-tool.sh: $2" >&2
	exit "$1"
}

[ $# -gt 0 ] || fail 2 "usage: hack/get-tool.sh <tool>..."
mode=${TOOLS:-auto}
case $mode in
auto | prebuilt | source) ;;
*) fail 2 "TOOLS is \"$mode\", but may be auto, prebuilt or source" ;;
esac
timeout=${TOOLS_TIMEOUT:-5}

root=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/viridian/tools
. "$root/hack/lib/process.sh"
. "$root/hack/lib/prebuilt.sh"

# The settings of the person or CI job that calls make must not change a binary.
export GOWORK=off GOFLAGS=-buildvcs=false CGO_ENABLED=0
target=$(go env GOOS)-$(go env GOARCH)

# describe <tool> sets what is to be known about it, and goes to its module.
describe() {
	name=$1 seconds=60 prebuilt= flags=
	case $name in
	kube-apiserver)
		module=kube pin=k8s.io/kubernetes package=$pin/cmd/kube-apiserver seconds=300 prebuilt=yes ;;
	kubectl)
		module=kube pin=k8s.io/kubernetes package=$pin/cmd/kubectl prebuilt=yes ;;
	etcd)
		module=kube pin=go.etcd.io/etcd/server/v3 package=$pin seconds=30 prebuilt=yes ;;
	etcdctl | etcdutl)
		module=kube pin=go.etcd.io/etcd/$name/v3 package=$pin seconds=10 ;;
	setup-envtest)
		# With the flags of the manager, the compiler has seen most of it.
		module=envtest pin=sigs.k8s.io/controller-runtime/tools/setup-envtest package=$pin seconds=10 flags=-trimpath ;;
	controller-gen)
		module=tools pin=sigs.k8s.io/controller-tools package=$pin/cmd/controller-gen ;;
	crd-ref-docs)
		module=tools pin=github.com/elastic/crd-ref-docs package=$pin ;;
	govulncheck)
		module=scanners pin=golang.org/x/vuln package=$pin/cmd/govulncheck ;;
	indexdb)
		module=scanners pin=golang.org/x/vulndb package=$pin/cmd/indexdb ;;
	kube-score)
		module=scanners pin=github.com/zegl/kube-score package=$pin/cmd/kube-score ;;
	promtool)
		# Without service discovery, which is most of what Prometheus depends on.
		module=promtool pin=github.com/prometheus/prometheus package=$pin/cmd/promtool seconds=120 flags="-tags=remove_all_sd" ;;
	golangci-lint)
		module=golangci-lint pin=github.com/golangci/golangci-lint/v2 seconds=180
		package=sigs.k8s.io/kube-api-linter/cmd/golangci-lint-kube-api-linter ;;
	*)
		fail 2 "unknown tool \"$name\"" ;;
	esac
	[ "$mode" != source ] || prebuilt=
	cd "$root/hack/$module"
	version=$(pinned "$pin")
	ldflags="-s -w"
	if [ "$pin" = k8s.io/kubernetes ]; then
		release=${version#v} release=${release%.*}
		for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
			ldflags+=" -X $p.gitVersion=$version -X $p.gitMajor=${release%.*} -X $p.gitMinor=${release#*.} -X $p.gitTreeState=clean"
		done
	fi
	inputs=$( (go env GOVERSION && echo "$ldflags" && cat go.mod go.sum) | git hash-object --stdin)
	built=$cache/$name-$version-$target/${inputs:0:12}
	if [ "$prebuilt" ]; then
		downloads=$cache/envtest-$(pinned k8s.io/kubernetes)-etcd-$(pinned go.etcd.io/etcd/server/v3)-$target
	fi
}

# pinned <module> is its version in this directory's go.mod. go list might ask a
# network that doesn't answer.
pinned() {
	awk -v module="$1" '$1 == module && $2 ~ /^v/ { print $2 }' go.mod
}

link() {
	mkdir -p "$root/bin"
	ln -sfn "$1" "$root/bin/$name"
}

use_built() {
	[ -x "$built/$name" ] || return 1
	# make compares the age of the linked file with go.mod: without this a
	# binary from an earlier clone would look out of date for ever.
	touch "$built/$name"
	link "$built/$name"
}

build() {
	local what="building $name $version from source"
	take_lock "$built" "$name"
	# Whoever held the lock before may have built it.
	if [ ! -x "$built/$name" ]; then
		echo "$what (about $(duration $seconds) on 2 cores, once)"
		GOTMPDIR=$temp attend 0 "$what" go build $flags -ldflags "$ldflags" -o "$temp/$name/$name" "$package" || {
			release_lock
			echo
			cat "$temp/log" >&2
			return 1
		}
		rm -rf "$built" && mv "$temp/$name" "$built" || return
		echo "built $name $version in ${SECONDS}s"
	fi
	release_lock
	use_built
}

duration() {
	if (($1 < 60)); then echo "$1 s"; else echo "$((($1 + 30) / 60)) min"; fi
}

# take links those of the tools that are here already, and sets which ones are
# missing. Those of them that there are prebuilt are undecided; to build them
# takes so many seconds in total.
take() {
	local tool
	missing=() undecided= total=0
	for tool in "$@"; do
		describe "$tool"
		if [ "$prebuilt" ]; then
			use_downloaded || { [ "$mode" = auto ] && use_built; } || use_installed || {
				missing+=("$tool") undecided+=", $tool" total=$((total + seconds))
			}
		else
			use_built || missing+=("$tool")
		fi
	done
}

store=
take "$@"
if [ "$undecided" ]; then
	get_prebuilt "$@" || echo "setup-envtest: $(tail -n 1 "$temp/log")" >&2
fi
if [ "$undecided" ]; then
	[ "$mode" = auto ] || fail 1 "TOOLS is prebuilt, but there is no prebuilt ${undecided#, }"
	echo "no prebuilt ${undecided#, }: building from source takes about $(duration $total) on 2 cores, once"
fi
for tool in ${missing[@]+"${missing[@]}"}; do
	describe "$tool"
	build || fail 1 "$name $version could not be built"
done
