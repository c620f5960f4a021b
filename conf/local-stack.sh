#!/usr/bin/env bash
# local-stack.sh - redis-server, restmq.fcgi, a web server and restmq-wsd, started in the foreground,
# stopped together.
#
# SPDX-License-Identifier: BSD-2-Clause
#
# `./bootstrap run` builds and then becomes this script.  Usage: local-stack.sh BUILD_DIR [SERVER [REDIS]]
# SERVER is lighttpd (when none is named), apache (with mod_proxy_fcgi), fcgid (Apache with mod_fcgid) or
# nginx.  REDIS is one; or sentinel: a master, two replicas and three sentinels; or cluster: three masters
# with a replica each.  The environment that it reads is explained in `./bootstrap help`.
#
# Each program runs in a session of its own, so that a Ctrl-C reaches only this script, which then
# stops them in order.  Should this script itself be killed with -9, the kernel sends each of them
# SIGTERM (--pdeathsig).
set -u -o pipefail
umask 077
PATH=$PATH:/usr/sbin:/sbin # web servers live there, and a plain user's PATH may not
exec </dev/null
unset CDPATH # cd would print where it went

conf_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=${conf_dir%/*}

ready_limit=10 # seconds until a started stack must have answered /ready
declare -A pids=()
started=() # names in the order of their start

say() {
    local text=$*
    printf '%s: %s\n' "${0##*/}" "${text//[$'\r\n']/ }" >&2
}

die() {
    say "$@"
    exit 1
}

# ---- settings -------------------------------------------------------------------------------

check_number() { # NAME VALUE MAX
    if [[ ! $2 =~ ^[1-9][0-9]{0,8}$ ]] || (($2 > $3)); then
        die "$1 must be a number from 1 to $3, not '$2'"
    fi
}

read_environment() {
    port=${RESTMQ_PORT:-8888}
    ws_port=${RESTMQ_WS_PORT:-8889}
    workers=${RESTMQ_WORKERS:-4}
    redis=${RESTMQ_REDIS:-}
    redis_port=${RESTMQ_REDIS_PORT:-7380}
    user_config=${RESTMQ_CONFIG:-}
    check_number RESTMQ_PORT "$port" 65535
    check_number RESTMQ_WS_PORT "$ws_port" 65535
    ((port != ws_port)) || die "RESTMQ_PORT and RESTMQ_WS_PORT are both $port"
    check_number RESTMQ_WORKERS "$workers" 256
    redis_ports=6
    [[ $redis_kind != cluster ]] || redis_ports=12
    check_number RESTMQ_REDIS_PORT "$redis_port" $((65536 - redis_ports))
    [[ -z $redis || $redis =~ ^(unix:/|[^[:cntrl:]]+:[0-9])[^[:cntrl:]]*$ ]] ||
        die "RESTMQ_REDIS must be unix:/path, host:port, sentinel://host:port,host:port/name or cluster://host:port,host:port, not '$redis'"
    [[ -z $user_config || -f $user_config && -r $user_config ]] ||
        die "RESTMQ_CONFIG: cannot read '$user_config'"
    [[ $redis_kind == one || -z $redis ]] || die "RESTMQ_REDIS names a Redis, and --redis $redis_kind starts one"
    [[ $redis_kind == one ]] || ! user_sets redis ||
        die "$user_config names a Redis, and --redis $redis_kind starts one"
}

check_programs() {
    local program
    for program in redis-server redis-cli spawn-fcgi multiwatch "$web_program" curl flock setsid setpriv; do
        command -v "$program" >/dev/null || die "missing program: $program"
    done
    for program in "$responder" "$helper"; do
        [[ -x $program ]] || die "missing program: $program"
    done
    multiwatch=$(command -v multiwatch)
}

# Two helpers could share a port, and consumers would be at one or the other; so somebody who listens is
# too many.
check_port() { # NAME PORT
    # shellcheck disable=SC2016 # $1 belongs to the inner shell
    if timeout 2 bash -c ': <"/dev/tcp/127.0.0.1/$1"' - "$2" 2>/dev/null; then
        die "port $2 is in use; choose another one with $1"
    fi
}

check_ports() {
    local i
    check_port RESTMQ_PORT "$port"
    [[ $redis_kind == one ]] ||
        for ((i = 0; i < redis_ports; i++)); do check_port RESTMQ_REDIS_PORT $((redis_port + i)); done
    user_sets listen || check_port RESTMQ_WS_PORT "$ws_port"
}

# ---- folders --------------------------------------------------------------------------------

# An owner of a folder, or a user who may write into it, can put other messages there, or links to other files; so
# may who owns a link to it.
check_own() { # PATH...
    local path
    for path; do
        [[ $(stat -c %u -- "$path")$(stat -L -c %u -- "$path") == "$EUID$EUID" ]] ||
            die "state folder: '$path' is somebody else's; choose another one with RESTMQ_STATE"
        ((!(0$(stat -L -c %a -- "$path") & 022))) ||
            die "state folder: others may write to '$path'; chmod go-w it, or choose another one with RESTMQ_STATE"
    done
}

# The lock is inherited by what is started here, so it is held until the last of them is gone.
open_state() {
    local folder=${RESTMQ_STATE:-$top/var} error
    [[ ! -d $folder ]] || check_own "$folder"
    error=$( (mkdir -p -- "$folder"/{log,redis} && : >>"$folder/lock") 2>&1) ||
        die "state folder: ${error%%$'\n'*}"
    check_own "$folder" "$folder"/{log,redis,lock}
    state=$(cd -- "$folder" && pwd)
    log_dir=$state/log
    exec 9>>"$state/lock"
    flock --nonblock 9 ||
        die "another stack runs on the state folder '$state'; choose another one with RESTMQ_STATE"
}

# Sockets get a short path of their own: theirs may not be longer than 107 bytes.
open_run_dir() {
    local parent=${TMPDIR:-/tmp}
    [[ $parent == /* && ${#parent} -le 60 ]] || parent=/tmp
    run_dir=$(mktemp -d "$parent/restmq.XXXXXX" 2>/dev/null) || die "cannot make a folder in $parent"
    mkdir "$run_dir/upload" # not on Redis's disk: the web server needs room to pass on what a full one gives back
}

# ---- restmq.conf ----------------------------------------------------------------------------

# The settings of the user's file, and those of the stack that it does not have.  The web server asks the
# helper through a socket of the stack's, so that is added to the user's addresses.
write_config() { # ADDRESSES
    {
        printf '# Written by %s at each start; changes made here are lost.\n' "${0##*/}"
        if [[ -n $user_config ]]; then
            printf '# from %s:\n' "$user_config"
            sed 's/^[[:space:]]*listen[[:space:]]*[=:]/#&/' -- "$user_config"
            printf '\n# of the stack:\n'
        fi
        user_sets redis || printf 'redis = %s\n' "${redis:-$private_redis}"
        [[ $redis_kind == one ]] || printf 'redis_password_file = %s\n' "$state/password"
        [[ $redis_kind != sentinel ]] || printf 'sentinel_password_file = %s\n' "$state/password"
        user_sets log || printf 'log = stderr\n'
        user_sets metrics_file || printf 'metrics_file = %s\n' "$run_dir/metrics"
        printf 'listen = %s,unix:%s\n' "$1" "$run_dir/ws.sock"
    } >"$state/restmq.conf" || die "cannot write $state/restmq.conf"
}

user_sets() { # KEY
    [[ -n $user_config ]] && grep -q "^[[:space:]]*$1[[:space:]]*[=:]" -- "$user_config"
}

# The settings in force, `key = value` a line.  A mistake is found here, with the user's own line number:
# a responder that refuses to start would only be started again and again.
read_settings() {
    local addresses=127.0.0.1:$ws_port private_redis=unix:$run_dir/redis.sock
    [[ $redis_kind == one ]] || private_redis=$several
    if [[ -n $user_config ]]; then
        settings=$("$responder" --config "$user_config" --check-config) || exit 1
        ! user_sets listen || addresses=$(setting listen)
    fi
    write_config "$addresses"
    settings=$("$responder" --config "$state/restmq.conf" --check-config) || exit 1
    redis=$(setting redis)
    prefix=$(setting prefix)
    prefix_pattern=$(sed 's/[^/[:alnum:]]/\\&/g' <<<"$prefix") # for regular expressions
    listen=$(setting listen)
    base_url=http://127.0.0.1:$port$prefix
}

setting() { sed -n "s/^$1 = //p" <<<"$settings"; }

# ---- start ----------------------------------------------------------------------------------

heed_stops() { trap 'exit 0' INT TERM HUP; }

# A shell's background command ignores SIGINT, and lighttpd would miss one that comes early.  A stop has to
# wait until the program is among those to stop.
start() { # NAME COMMAND...
    local name=$1 is_stopped=
    shift
    trap is_stopped=1 INT TERM HUP
    setsid env --default-signal setpriv --pdeathsig TERM -- "$@" >>"$log_dir/$name.log" 2>&1 &
    pids[$name]=$!
    started+=("$name")
    heed_stops
    [[ -z $is_stopped ]] || exit 0
}

start_redis() {
    local socket=$run_dir/redis.sock
    [[ $redis == "unix:$socket" ]] || return 0 # another Redis was asked for
    start redis-server redis-server "$conf_dir/redis-local.conf" \
        --unixsocket "$socket" --dir "$state/redis" --logfile "$log_dir/redis-server.log"
    # Reading a long append-only file may take minutes; it may, as long as the process lives.
    until redis-cli -s "$socket" ping 2>/dev/null | grep -q PONG; do
        check_children
        sleep 0.05
    done
}

# The files of a master, its replicas and sentinels.  Redis and the sentinels write into theirs who is the
# master: of what they wrote before, that is kept.  They have ports, so they have a password, too.
prepare_sentinels() {
    local i folder role
    several=sentinel://127.0.0.1:$((redis_port + 3)),127.0.0.1:$((redis_port + 4)),127.0.0.1:$((redis_port + 5))/restmq
    make_password
    check_port_before sentinels sentinel-1 $((redis_port + 3))
    for i in 1 2 3; do
        folder=$state/redis-$i
        mkdir -p "$folder" "$state/sentinel-$i" || die "cannot make $folder"
        role=$([[ $i == 1 ]] || echo "replicaof 127.0.0.1 $redis_port")
        [[ ! -f $folder/redis.conf ]] || role=$(grep '^replicaof ' "$folder/redis.conf")
        write_member "$i" "$role" >"$folder/redis.conf"
        folder=$state/sentinel-$i
        printf '%d' $((redis_port + 2 + i)) >"$folder/port"
        [[ -s $folder/sentinel.conf ]] || write_sentinel "$i" >"$folder/sentinel.conf"
        sed -i 's/^dir .*/dir ./' "$folder/sentinel.conf" # the state folder may have been moved
    done
}

make_password() {
    [[ -s $state/password ]] || od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$state/password" ||
        die "cannot write $state/password"
}

# Sentinels and replicas remember each other by port.
check_port_before() { # WHO FOLDER PORT
    [[ ! -s $state/$2/port || $(<"$state/$2/port") == "$3" ]] ||
        die "the $1 in '$state' have other ports; set RESTMQ_REDIS_PORT as before, or RESTMQ_STATE"
}

write_member() { # NUMBER ROLE
    cat "$conf_dir/redis-local.conf"
    printf '%s\n' "port $((redis_port + $1 - 1))" 'bind 127.0.0.1' "requirepass $(<"$state/password")" \
        "masterauth $(<"$state/password")" 'repl-diskless-sync-delay 0' "$2"
}

write_sentinel() { # NUMBER
    printf '%s\n' "port $((redis_port + 2 + $1))" 'bind 127.0.0.1' 'dir .' 'logfile ""' \
        "requirepass $(<"$state/password")" "sentinel sentinel-pass $(<"$state/password")" \
        "sentinel monitor restmq 127.0.0.1 $redis_port 2" "sentinel auth-pass restmq $(<"$state/password")" \
        'sentinel down-after-milliseconds restmq 1000' 'sentinel failover-timeout restmq 5000'
}

# Starts it again ten seconds after it has ended, so that others have taken its place.
# shellcheck disable=SC2016 # $child and $@ belong to the inner shell
keeper='trap "kill \$child 2>/dev/null; wait; exit 0" TERM
while :; do setpriv --pdeathsig TERM -- "$@" & child=$!; wait $child; sleep 10 & child=$!; wait $child; done'

# The sentinels come when all answer: a master that takes longer than its replicas would lose its place to
# one that knows less.  The first time they come when it has its replicas, too: they ask for these every ten
# seconds only.
start_sentinels() {
    local i
    for i in 1 2 3; do
        start "redis-$i" env -C "$state/redis-$i" bash -c "$keeper" keeper redis-server redis.conf
    done
    for i in 1 2 3; do
        until ask $((redis_port + i - 1)) ping | grep -q PONG; do
            check_children
            sleep 0.05
        done
    done
    grep -qs '^sentinel known-replica' "$state/sentinel-1/sentinel.conf" ||
        await "no Redis has two replicas yet" has_replicas
    for i in 1 2 3; do
        start "sentinel-$i" env -C "$state/sentinel-$i" bash -c "$keeper" keeper redis-server sentinel.conf --sentinel
    done
    for i in 1 2 3; do
        await "sentinel-$i does not know all others yet: it could not tell of a failover" knows_all "$i"
    done
}

ask() { # PORT COMMAND...
    REDISCLI_AUTH=$(<"$state/password") timeout 5 redis-cli -p "$1" "${@:2}" 2>/dev/null
}

# Waits until a command succeeds, for so long as is usual many times over; then says what is missing.
await() { # WHAT COMMAND...
    local deadline=$((SECONDS + 30))
    until "${@:2}"; do
        check_children
        ((SECONDS < deadline)) || {
            say "$1 (logs: $log_dir)"
            return
        }
        sleep 0.1
    done
}

has_replicas() {
    local i
    for i in 1 2 3; do
        ! ask $((redis_port + i - 1)) info replication | grep -q '^connected_slaves:2' || return 0
    done
    return 1
}

# A sentinel learns of the replicas and the other sentinels from the master.  One that has not when the master
# ends names that one for ever.
knows_all() { # NUMBER
    ask $((redis_port + 2 + $1)) sentinel master restmq |
        awk '{ if (NR % 2) name = $0; else value[name] = $0 }
             END { exit value["num-slaves"] < 2 || value["num-other-sentinels"] < 2 }'
}

# The files of three masters and their replicas.  A folder is as it was made, or as the node has left it: then the
# node knows the others by their ports.  A cluster that was not made to its end has no messages.
prepare_cluster() {
    local i folder
    several=cluster://127.0.0.1:$redis_port,127.0.0.1:$((redis_port + 1)),127.0.0.1:$((redis_port + 2))
    make_password
    [[ -e $state/cluster-is-made ]] || rm -rf "$state"/node-[1-6]
    check_port_before nodes node-1 "$redis_port"
    for i in {1..6}; do
        folder=$state/node-$i
        mkdir -p "$folder" || die "cannot make $folder"
        printf '%d' $((redis_port + i - 1)) >"$folder/port"
        write_member "$i" 'cluster-enabled yes' >"$folder/redis.conf"
        # Others are served while a master is away.
        printf '%s\n' "cluster-port $((redis_port + 5 + i))" 'cluster-node-timeout 2000' \
            'cluster-require-full-coverage no' >>"$folder/redis.conf"
    done
}

start_cluster() {
    local i
    for i in {1..6}; do
        start "redis-$i" env -C "$state/node-$i" bash -c "$keeper" keeper redis-server redis.conf
    done
    for i in {1..6}; do
        until ask $((redis_port + i - 1)) ping | grep -q PONG; do
            check_children
            sleep 0.05
        done
    done
    [[ -e $state/cluster-is-made ]] || make_cluster
    for i in {1..6}; do
        await "redis-$i does not say that the cluster is whole" node_is_well "$i"
    done
    : >"$state/cluster-is-made" || die "cannot write $state/cluster-is-made"
}

# The slots are dealt to the first three; who becomes whose replica must have heard of it.
make_cluster() {
    local i
    for i in {1..6}; do ask $((redis_port + i - 1)) cluster set-config-epoch "$i"; done
    for i in {0..2}; do
        ask $((redis_port + i)) cluster addslotsrange $((16384 * i / 3)) $((16384 * (i + 1) / 3 - 1))
    done
    for i in {1..5}; do
        ask "$redis_port" cluster meet 127.0.0.1 $((redis_port + i)) $((redis_port + 6 + i))
    done
    for i in {1..3}; do
        ask $((redis_port + i - 1)) cluster myid >"$run_dir/id"
        await "redis-$((i + 3)) has no master" follows $((redis_port + i + 2)) "$(<"$run_dir/id")"
    done
} >/dev/null

follows() { # PORT MASTER
    ask "$1" cluster replicate "$2" | grep -q OK
}

# All slots are served, all nodes known, and a replica has what its master has.
node_is_well() { # NUMBER
    ask $((redis_port + $1 - 1)) cluster info | awk -F '[:\r]' '{ value[$1] = $2 }
        END { exit value["cluster_state"] != "ok" || value["cluster_known_nodes"] < 6 }' &&
        ! ask $((redis_port + $1 - 1)) info replication | grep -q '^master_link_status:down'
}

# multiwatch gives up on a program that dies three times in ten seconds, unless told otherwise:
# then nobody would answer any more.  Its option parser (GLib) takes our
# paths for ASCII unless CHARSET says otherwise.
start_responders() {
    [[ $server != fcgid ]] || return 0
    start restmq.fcgi env CHARSET=UTF-8 spawn-fcgi -n -s "$run_dir/fcgi.sock" -M 0600 -b 1024 -- \
        "$multiwatch" -r 1000000 -t 1000 -f "$workers" -- \
        "$responder" --config "$state/restmq.conf"
    # A web server that finds no socket says 503 for a while.
    until [[ -S $run_dir/fcgi.sock ]]; do
        check_children
        sleep 0.02
    done
}

# Apache and nginx do not work as root.  Nobody does, and may open what is root's here.
as_nobody=()
((EUID != 0)) || as_nobody=(setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps +dac_override
    --ambient-caps +dac_override --pdeathsig TERM --)

# The variables that conf/*-local.conf reads from the environment.
start_web_server() {
    export RESTMQ_PORT=$port RESTMQ_PREFIX=$prefix_pattern RESTMQ_WORKERS=$workers
    export RESTMQ_FCGI_SOCKET=$run_dir/fcgi.sock RESTMQ_WS_SOCKET=$run_dir/ws.sock
    export RESTMQ_LOG_DIR=$log_dir RESTMQ_UPLOAD_DIR=$run_dir/upload
    "start_$server"
}

start_lighttpd() {
    start lighttpd lighttpd -D -f "$conf_dir/lighttpd-local.conf"
}

start_nginx() {
    local text
    text=$(<"$conf_dir/nginx-local.conf")
    # shellcheck disable=SC2016 # that is the text to replace
    text=${text//'${RESTMQ_PORT}'/"$port"}
    # shellcheck disable=SC2016
    text=${text//'${RESTMQ_PREFIX}'/"$prefix_pattern"}
    printf '%s\n' "$text" >"$run_dir/nginx.conf"
    start nginx env -C "$run_dir" "${as_nobody[@]}" nginx -e stderr -p "$run_dir" -c "$run_dir/nginx.conf"
}

start_apache() { # OPTION...
    start "$server" "${as_nobody[@]}" apache2 -D FOREGROUND "$@" -d "$run_dir" -f "$conf_dir/apache-local.conf"
}

# mod_fcgid starts the responders, by a script since it takes no path with spaces in a command.
start_fcgid() {
    printf '#!/bin/bash\nexec %q --config %q 2>>%q\n' "$responder" "$state/restmq.conf" \
        "$log_dir/restmq.fcgi.log" >"$run_dir/restmq.fcgi"
    chmod 700 "$run_dir/restmq.fcgi"
    start_apache -D FCGID
}

start_helper() {
    start restmq-wsd "$helper" --config "$state/restmq.conf"
}

wait_until_ready() {
    local deadline=$((SECONDS + ready_limit))
    until is_ready; do
        check_children
        ((SECONDS < deadline)) ||
            die "not ready after $ready_limit s with Redis at $redis: $(<"$run_dir/answer") (logs: $log_dir)"
        sleep 0.05
    done
}

# A first request, all the way to Redis and back; and one to the helper, which the web server is asked for
# only when it is there: after a failure it may not ask again for a while.
is_ready() {
    answers "$base_url/ready" && answers --unix-socket "$run_dir/ws.sock" "http://localhost$prefix/health" &&
        answers "$base_url/health/ws"
}

answers() { # CURL OPTION... URL
    curl -sS --noproxy '*' -m 5 -w 'HTTP %{http_code}' "$@" >"$run_dir/answer" 2>&1
    grep -q 'HTTP 200$' "$run_dir/answer"
}

tell_several() {
    local ask_one
    # shellcheck disable=SC2016 # whoever copies the command has it expanded
    printf -v ask_one 'REDISCLI_AUTH="$(cat %q)" redis-cli -p' "$state/password"
    case $redis_kind in
    sentinel)
        printf '%s %d sentinel get-master-addr-by-name restmq # who is the master\n' "$ask_one" $((redis_port + 3))
        ;;
    cluster)
        printf '%q cluster --config %q # which node has which queues\n' "${responder%/*}/restmq" "$state/restmq.conf"
        printf '%s %d shutdown nosave # its replica takes its place; it is back in ten seconds, as a replica\n' \
            "$ask_one" "$redis_port"
        ;;
    esac
}

check_children() {
    local name status
    for name in "${started[@]}"; do
        kill -0 "${pids[$name]}" 2>/dev/null && continue
        wait "${pids[$name]}" 2>/dev/null
        status=$?
        die "$name stopped by itself, status $status; end of $log_dir/$name.log: $(tail -n 1 "$log_dir/$name.log")"
    done
}

# ---- stop -----------------------------------------------------------------------------------

# The last started first, so that each finds what it needs until its own end.  The helper is before the web
# server, which would wait for the streams that it passes on.
stop_all() {
    local i
    trap '' INT TERM HUP
    for ((i = ${#started[@]} - 1; i >= 0; i--)); do
        stop "${started[i]}"
    done
    [[ -z ${run_dir:-} ]] || rm -rf -- "$run_dir"
}

# The signal at which each finishes what it has in hand.
declare -A stop_signals=([lighttpd]=INT [nginx]=QUIT [apache]=WINCH [fcgid]=WINCH)

# Only multiwatch may signal the
# responders: one that ends before multiwatch knows of the stop would be started again.  They are
# signalled as its process group when it is gone, or too late.
stop() { # NAME
    local pid=${pids[$1]} signal=${stop_signals[$1]:-TERM} limit=10 end
    [[ $1 != "$server" ]] || limit=5 # browsers keep connections open that they do not use
    [[ $1 != redis-* ]] || limit=60 # it forces the append-only file to the disk
    end=$((SECONDS + limit))
    kill -s "$signal" "$pid" || kill -s "$signal" -- "-$pid"
    while kill -0 "$pid" || kill -0 -- "-$pid"; do
        ((SECONDS < end)) || kill -s KILL -- "-$pid"
        ((SECONDS < end + 2)) || break
        sleep 0.02
    done
} 2>/dev/null

# ---------------------------------------------------------------------------------------------

main() {
    (($# >= 1 && $# <= 3)) || die "usage: ${0##*/} BUILD_DIR [SERVER [REDIS]]"
    server=${2:-lighttpd}
    redis_kind=${3:-one}
    [[ $redis_kind == one || $redis_kind == sentinel || $redis_kind == cluster ]] ||
        die "no redis '$redis_kind'; there are one, sentinel and cluster"
    case $server in
    lighttpd | nginx) web_program=$server ;;
    apache | fcgid) web_program=apache2 ;;
    *) die "no web server '$server'; there are lighttpd, apache, fcgid and nginx" ;;
    esac
    responder=$(cd -- "$1" 2>/dev/null && pwd)/restmq.fcgi
    helper=${responder%/*}/restmq-wsd
    trap stop_all EXIT
    heed_stops
    trap : PIPE # a reader of our lines that has gone away is no reason to stop

    read_environment
    check_programs
    open_state
    check_ports
    open_run_dir
    case $redis_kind in
    sentinel) prepare_sentinels ;;
    cluster) prepare_cluster ;;
    esac
    read_settings
    # No $(command) from here on: bash 5.2 may lose a signal that comes while it expands one.
    case $redis_kind in
    one) start_redis ;;
    sentinel) start_sentinels ;;
    cluster) start_cluster ;;
    esac
    start_responders
    start_web_server
    start_helper
    wait_until_ready
    printf 'ready %s/\ndashboard %s/ui/\ncurl -d value=hello %s/q/foo; curl %s/q/foo\n' "$base_url" "$base_url" "$base_url" "$base_url"
    tell_several
    printf 'curl -N %s/c/foo # streams: restmq-wsd, which also listens on %s\n' "$base_url" "${listen%,*}"

    while :; do
        wait -n "${pids[@]}" 2>/dev/null
        check_children
    done
}

main "$@"
