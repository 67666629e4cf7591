# What scripts that get tools need to run together with others: a directory for
# what is unfinished, locks, and commands that are attended to. It is sourced
# with cache set, the directory of what is finished.

# What is complete is moved from temp to its place, so they share a file system.
mkdir -p "$cache"
temp=$(mktemp -d "$cache/temp.XXXXXX")
lock= children=
cleanup() {
	kill $children 2>/dev/null || true
	[ -z "$lock" ] || rm -f "$lock"
	rm -rf "$temp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# take_lock <directory> <what> waits until no other process makes the directory.
# The lock is a link that names its owner: made in one step, and a lock whose
# owner is dead can be told from one that is held.
take_lock() {
	local waiting=
	mkdir -p "$(dirname "$1")"
	until ln -s $$ "$1.lock" 2>/dev/null; do
		if ! kill -0 "$(readlink "$1.lock")" 2>/dev/null; then
			rm -f "$1.lock"
			continue
		fi
		[ "$waiting" ] || echo "waiting for another process that gets $2"
		waiting=yes
		sleep 1
	done
	lock=$1.lock
}

release_lock() {
	rm -f "$lock"
	lock=
}

# attend <seconds> <what> <command>... runs a command with its output in
# $temp/out and $temp/log, and shows how long <what> takes, if it has a name. It
# ends the command after so many seconds in which no file in $temp grew; 0 means
# never. SECONDS is how long it took.
attend() {
	local limit=$1 what=$2 child code=0
	shift 2
	SECONDS=0
	# In the background, because bash acts on a signal at once only in wait.
	"$@" >"$temp/out" 2>"$temp/log" </dev/null &
	child=$!
	watch "$limit" "$what" $child &
	children="$child $!"
	disown $!
	wait $child 2>/dev/null || code=$?
	# A subshell that gets another signal as soon as it is forked runs our traps.
	kill -KILL $! 2>/dev/null || true
	children=
	[ -z "$what" ] || [ ! -t 1 ] || printf '\r'
	return $code
}

watch() {
	local limit=$1 what=$2 child=$3 idle=0 size last=
	# The last sleep outlives this and must not hold whoever reads our output.
	while sleep 1 >/dev/null 2>&1; do
		if [ "$what" ] && [ -t 1 ]; then
			printf '\r%s… %ds ' "$what" "$SECONDS"
		elif [ "$what" ] && ((SECONDS % 30 == 0)); then
			echo "$what… ${SECONDS}s"
		fi
		[ "$limit" != 0 ] || continue
		size=$(ls -lR "$temp" 2>/dev/null) || true # du would not see a line of a log
		if [ "$size" = "$last" ]; then idle=$((idle + 1)); else idle=0; fi
		last=$size
		if [ $idle -ge "$limit" ]; then
			echo "no answer within $limit s" >>"$temp/log"
			kill "$child"
			return
		fi
	done
}
