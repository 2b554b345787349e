#!/bin/sh
# start.sh run [setting=value ...]   make the database where there is none, set the password, serve until told to stop
# start.sh ready                     exit 0 once connections are accepted
#
# Runs any PostgreSQL image whose programs are on PATH or in /usr/lib/postgresql/*/bin, as any user, on a read-only root.
# Killed at any point, it finishes the work when it is started again.
set -eu
umask 077

volume=${POSTGRESQL_VOLUME:-/var/lib/postgresql/data}
auth=${POSTGRESQL_AUTH:-/etc/postgresql-auth}
sockets=${POSTGRESQL_SOCKETS:-/var/run/postgresql}
hba=${POSTGRESQL_HBA:-/etc/postgresql-start/pg_hba.conf}
# A directory of the volume, not its root: some file systems keep a lost+found there, which initdb refuses.
data=$volume/pgdata
unfinished=$volume/pgdata.unfinished
newline='
'

fail() {
    echo "start: $1" >&2
    exit 1
}

find_programs() {
    command -v postgres >/dev/null && return
    for directory in /usr/lib/postgresql/*/bin; do
        [ ! -x "$directory/postgres" ] || PATH=$directory:$PATH
    done
    command -v postgres >/dev/null || fail "no program postgres on PATH or in /usr/lib/postgresql/*/bin of this image"
}

# credential <key>: one value of the Secret.
credential() {
    [ -r "$auth/$1" ] || fail "the Secret has no key $1"
    value=$(cat "$auth/$1")
    case $value in
        '') fail "key $1 of the Secret is empty" ;;
        # The single-user backend takes each line for a command.
        *"$newline"*) fail "key $1 of the Secret has more than one line" ;;
    esac
    printf %s "$value"
}

identifier() { printf '"%s"' "$(printf %s "$1" | sed 's/"/""/g')"; }
literal() { printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g")"; }

# query <data directory> [option ...]: run the statements of standard input, a line each, with no server listening.
# A failed statement ends it, and is never logged: it may hold the password.
query() {
    directory=$1
    shift
    postgres --single -D "$directory" -c exit_on_error=on -c log_statement=none -c log_min_error_statement=panic \
        -c log_checkpoints=off -c "hba_file=$hba" "$@" postgres >/dev/null
}

make_database() {
    rm -rf "$unfinished"
    initdb -D "$unfinished" -U postgres --encoding=UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=reject \
        --no-sync >/dev/null
    {
        printf 'CREATE ROLE %s LOGIN;\n' "$(identifier "$username")"
        printf 'CREATE DATABASE %s OWNER %s;\n' "$(identifier "$database")" "$(identifier "$username")"
    } | query "$unfinished" -c fsync=off
    # All of it is on the disk before it gets its name, and the name before anything is served.
    sync -f "$unfinished" 2>/dev/null || sync
    mv "$unfinished" "$data"
    sync "$volume" 2>/dev/null || sync
}

check_version() {
    made=$(cat "$data/PG_VERSION")
    program=$(postgres --version | sed -n 's/^postgres (PostgreSQL) \([0-9]*\).*/\1/p')
    [ "$made" = "$program" ] ||
        fail "the data are of PostgreSQL $made and the image has $program; ask for version $made, or reset the database"
}

serve() {
    postgres -D "$data" "$@" &
    server=$!
    # SIGTERM would make PostgreSQL wait for its clients; SIGINT lets it close their connections and stop at once.
    trap 'kill -INT "$server" 2>/dev/null || :' TERM INT
    code=0
    # A trapped signal ends `wait` before the server has ended.
    while kill -0 "$server" 2>/dev/null; do
        code=0
        wait "$server" || code=$?
    done
    exit "$code"
}

run() {
    # The first process of a container has no default reaction to a signal.
    trap 'exit 143' TERM INT
    username=$(credential username)
    password=$(credential password)
    database=$(credential database)
    if [ -d "$data" ]; then
        check_version
        # A lock that a killed container left names a process by a number that may be another's by now.
        # Nobody else uses this volume and these sockets.
        rm -f "$data/postmaster.pid" "$sockets"/.s.PGSQL.*
    else
        echo "start: making a database cluster"
        make_database
    fi
    # At each start, so that a copied or restored volume takes this environment's password.
    printf 'ALTER ROLE %s LOGIN PASSWORD %s;\n' "$(identifier "$username")" "$(literal "$password")" |
        query "$data" -c password_encryption=scram-sha-256
    for setting in "$@"; do
        shift
        set -- "$@" -c "$setting"
    done
    serve -c listen_addresses=* -c "unix_socket_directories=$sockets" -c "hba_file=$hba" "$@"
}

find_programs
case ${1:-} in
    run)
        shift
        run "$@"
        ;;
    ready) exec pg_isready -h "$sockets" -U postgres -d postgres ;;
    *) fail "expected run or ready, not '${1:-}'" ;;
esac
