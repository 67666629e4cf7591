# Prebuilt kube-apiserver, etcd and kubectl: those that this machine has, and
# those that setup-envtest downloads. hack/get-tool.sh sources it.

# fits <path> says whether a program is a release of the pinned minor version,
# and sets found, its version. It is run as the demo runs it, where a wrapper
# doesn't find what is in its owner's home.
fits() {
	local arguments=--version first
	[ "$name" != kubectl ] || arguments="version --client"
	[ -x "$1" ] || return 1
	HOME=$temp attend "$timeout" "" "$1" $arguments || return 1
	read -r first <"$temp/out" || return 1
	found=v${first##*[ v]}
	[[ $found =~ ^"${version%.*}"\.[0-9]+$ ]]
}

# candidates lists where this machine may have the tool.
candidates() {
	[ -z "${KUBEBUILDER_ASSETS:-}" ] || echo "$KUBEBUILDER_ASSETS/$name"
	type -aP "$name" || true
	[ -z "$store" ] || echo "$store/$name"
}

# use_installed takes the tool that this machine has, if it fits.
use_installed() {
	local path
	while read -r path; do
		# What is in bin/ is what an earlier run chose.
		if [[ $path != /* || $(dirname "$path") -ef $root/bin ]] || ! fits "$path"; then
			continue
		fi
		[ "$(readlink "$root/bin/$name")" = "$path" ] ||
			echo "using $path, $found (TOOLS=source builds $version)"
		link "$path"
		return
	done < <(candidates)
	return 1
}

use_downloaded() {
	[ -x "$downloads/$name" ] && link "$downloads/$name"
}

# setup_envtest <what> <argument>... runs it as attend does. What it downloads
# goes to $temp and is thereby seen to grow.
setup_envtest() {
	TMPDIR=$temp attend "$timeout" "$1" "$root/bin/setup-envtest" --use-env=false \
		${TOOLS_INDEX:+--index "$TOOLS_INDEX"} "${@:2}"
}

# get_setup_envtest builds it, unless its modules are out of reach: a machine
# without a network may still have those of Kubernetes.
get_setup_envtest() {
	describe setup-envtest
	use_built && return
	attend $((4 * timeout)) "" go list -deps "$package" && build
}

# search_store sets store, where setup-envtest has put what it downloaded for
# others on this machine.
search_store() {
	describe kube-apiserver
	store=
	setup_envtest "" use --installed-only --print path "$release" && store=$(cat "$temp/out")
}

# get_prebuilt <tool>... takes what setup-envtest has stored, or else downloads.
# If it fails, the last line of $temp/log says why.
get_prebuilt() {
	get_setup_envtest || return
	if search_store; then
		take "$@"
		[ "$undecided" ] || return 0
	fi
	download && take "$@"
}

# download has setup-envtest fill $downloads.
download() {
	local code=0
	describe kube-apiserver
	take_lock "$downloads" "kube-apiserver, etcd and kubectl"
	# Whoever held the lock before may have downloaded it.
	[ -d "$downloads" ] || fill_downloads || code=$?
	release_lock
	return $code
}

fill_downloads() {
	local what="downloading kube-apiserver, etcd and kubectl" newest path
	setup_envtest "" list --bin-dir "$temp/store" "$release" || return
	# The newest comes first, but the pinned one is preferred.
	newest=$(awk -v pinned="$version" '
		$1 == "(available)" && (!v || $2 == pinned) { v = $2 } END { print v }' "$temp/out")
	if [ -z "$newest" ]; then
		echo "it lists no Kubernetes $release for $target" >>"$temp/log"
		return 1
	fi
	what+=" $newest"
	echo "$what"
	setup_envtest "$what" use --bin-dir "$temp/store" --print path "${newest#v}" || return
	echo "downloaded them in ${SECONDS}s"
	path=$(cat "$temp/out")
	# setup-envtest leaves the directory read-only.
	chmod u+w "$path" || return
	for tool in kube-apiserver etcd kubectl; do
		describe "$tool"
		fits "$path/$tool" || rm -f "$path/$tool"
	done
	mv "$path" "$downloads"
}
