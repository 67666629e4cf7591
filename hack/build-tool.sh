#!/usr/bin/env bash
# Builds one pinned tool from source and links it into bin/.
#
#   hack/build-tool.sh <tool>
#
# The binary is kept outside the checkout, under a key that changes with the
# tool's version, its dependencies, its build flags and the Go release, so it is
# built once a machine and a second clone only links it.
set -euo pipefail

name=${1:?usage: hack/build-tool.sh <tool>}
root=$(cd "$(dirname "$0")/.." && pwd)

ldflags="-s -w"
minutes=1
case $name in
kube-apiserver)
	module=kube pin=k8s.io/kubernetes package=k8s.io/kubernetes/cmd/kube-apiserver minutes=4 ;;
kubectl)
	module=kube pin=k8s.io/kubernetes package=k8s.io/kubernetes/cmd/kubectl ;;
etcd)
	module=kube pin=go.etcd.io/etcd/server/v3 package=go.etcd.io/etcd/server/v3 ;;
etcdctl)
	module=kube pin=go.etcd.io/etcd/etcdctl/v3 package=go.etcd.io/etcd/etcdctl/v3 ;;
etcdutl)
	module=kube pin=go.etcd.io/etcd/etcdutl/v3 package=go.etcd.io/etcd/etcdutl/v3 ;;
controller-gen)
	module=tools pin=sigs.k8s.io/controller-tools package=sigs.k8s.io/controller-tools/cmd/controller-gen ;;
crd-ref-docs)
	module=tools pin=github.com/elastic/crd-ref-docs package=github.com/elastic/crd-ref-docs ;;
govulncheck)
	module=scanners pin=golang.org/x/vuln package=golang.org/x/vuln/cmd/govulncheck ;;
indexdb)
	module=scanners pin=golang.org/x/vulndb package=golang.org/x/vulndb/cmd/indexdb ;;
kube-score)
	module=scanners pin=github.com/zegl/kube-score package=github.com/zegl/kube-score/cmd/kube-score ;;
golangci-lint)
	module=golangci-lint pin=github.com/golangci/golangci-lint/v2 minutes=3
	package=sigs.k8s.io/kube-api-linter/cmd/golangci-lint-kube-api-linter ;;
*)
	echo "hack/build-tool.sh: unknown tool \"$name\"" >&2
	exit 2 ;;
esac

cd "$root/hack/$module"
# The settings of the person or CI job that calls make must not change the binary.
export GOWORK=off GOFLAGS=-buildvcs=false CGO_ENABLED=0
version=$(go list -m -f '{{.Version}}' "$pin")

if [ "$pin" = k8s.io/kubernetes ]; then
	IFS=. read -r major minor _ <<<"${version#v}"
	for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
		ldflags+=" -X $p.gitVersion=$version -X $p.gitMajor=$major -X $p.gitMinor=$minor -X $p.gitTreeState=clean"
	done
fi

target=$(go env GOOS)-$(go env GOARCH)
inputs=$( (go env GOVERSION && echo "$ldflags" && cat go.mod go.sum) | git hash-object --stdin)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/viridian/tools
dir=$cache/$name-$version-$target/${inputs:0:12}

link() {
	mkdir -p "$root/bin"
	# make compares the age of the linked file with go.mod: without this a
	# binary from an earlier clone would look out of date for ever.
	touch "$dir/$name"
	ln -sfn "$dir/$name" "$root/bin/$name"
}

if [ -x "$dir/$name" ]; then
	link
	exit
fi

# The lock is a link that names its owner: made in one step, and a lock whose
# owner is dead can be told from one that is held.
lock=$dir.lock
mkdir -p "$(dirname "$dir")"
until ln -s $$ "$lock" 2>/dev/null; do
	if ! kill -0 "$(readlink "$lock")" 2>/dev/null; then
		rm -f "$lock"
		continue
	fi
	[ "${waiting:-}" ] || echo "waiting for another build of $name"
	waiting=yes
	sleep 1
done

temp=$(mktemp -d "$dir.XXXXXX")
children=
cleanup() {
	kill $children 2>/dev/null || true
	rm -f "$lock"
	rm -rf "$temp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

what="building $name $version from source"
tick() {
	while sleep 1; do
		if [ -t 1 ]; then
			printf '\r%s… %ds ' "$what" "$SECONDS"
		elif ((SECONDS % 30 == 0)); then
			echo "$what… ${SECONDS}s"
		fi
	done
}

# Whoever held the lock before may have built it.
if [ ! -x "$dir/$name" ]; then
	SECONDS=0
	echo "$what (about $minutes min on 2 cores, once)"
	tick &
	children=$!
	# In the background, because bash acts on a signal at once only in wait.
	GOTMPDIR=$temp go build -ldflags "$ldflags" -o "$temp/$name" "$package" >"$temp/log" 2>&1 &
	children+=" $!"
	if ! wait $!; then
		echo
		cat "$temp/log" >&2
		echo "hack/build-tool.sh: $name $version could not be built" >&2
		exit 1
	fi
	rm "$temp/log"
	rm -rf "$dir"
	mv "$temp" "$dir"
	[ ! -t 1 ] || printf '\r'
	echo "built $name $version in ${SECONDS}s"
fi
link
