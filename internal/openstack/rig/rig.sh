#!/usr/bin/env bash
# Real servers for tests: Keystone, and Gnocchi with its metricd and PostgreSQL,
# on loopback, from Debian's packages, without systemd, RabbitMQ or memcached.
#
#   rig.sh install              install the packages (root)
#   rig.sh missing              name the packages that are missing
#   rig.sh up                   start what does not run, print the rig's addresses
#   rig.sh down                 stop everything; what the servers stored stays
#   rig.sh start SERVER         start one server and wait until it serves
#   rig.sh stop SERVER          ask one server to stop, and wait
#   rig.sh kill SERVER          end one server at once, as a crash would
#   rig.sh pause|resume SERVER  halt one server, as an overloaded machine would
#
# SERVER is keystone, gnocchi, metricd or postgres. A rig lives in the directory
# that RIG names (.openstack here, unless set), on ports that KEYSTONE_PORT,
# GNOCCHI_PORT and POSTGRES_PORT name when it is first started, or else on free
# ones; several live side by side. It can be looked into: log/ has what the
# servers say, rig.env the addresses. With OWNER=PID it ends when that process
# does. TOKEN_LIFETIME is how many seconds a token of Keystone is good for, and
# TOKEN_CACHE how many Gnocchi does not ask Keystone about one again; with -1 it
# always asks, and refuses a revoked one at once. PAGE_LIMIT is how many resources
# or metrics Gnocchi gives at a time.
set -euo pipefail

packages=(python3-keystone python3-gnocchi uwsgi-core uwsgi-plugin-python3 postgresql-15 curl)
servers=(postgres keystone gnocchi metricd)

RIG=$(realpath -m "${RIG:-.openstack}")
export PATH=/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin PYTHONWARNINGS=ignore
unset "${!OS_@}" # what a person is logged in to is not for these servers

fail() { printf 'rig: %s\n' "$*" >&2; exit 1; }

missing() {
	local package
	for package in "${packages[@]}"; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || printf '%s\n' "$package"
	done
}

install() {
	[ -n "$(missing)" ] || return 0
	[ "$EUID" = 0 ] || fail "only root can install packages"
	# The packages would start their servers; policy-rc.d forbids it.
	local policy=/usr/sbin/policy-rc.d
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod +x $policy
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	fi
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${packages[@]}"
}

# free_port prints a port that nothing listens on. It is below those that the
# kernel gives to connections, so that a server finds it free again after a stop.
free_port() {
	/usr/bin/python3 - <<'PYTHON'
import random, socket
while True:
    port = random.randrange(20000, 32000)
    with socket.socket() as s:
        try:
            s.bind(('127.0.0.1', port))
        except OSError:
            continue
    print(port)
    break
PYTHON
}

# PostgreSQL refuses to run as root.
as_postgres() {
	if [ "$EUID" = 0 ]; then
		setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
	else
		"$@"
	fi
}

# --- processes ---------------------------------------------------------------

# A process is known by its id and the time that it was started at: an id alone
# may be somebody else's by now.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

# alive tells whether the process with an id and a time runs.
alive() {
	local stat
	[ "$(started_at "$1")" = "$2" ] && stat=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) && [ "${stat%% *}" != Z ]
}

# pid_of prints the id of a server that runs.
pid_of() {
	local pid at
	[ -f "$RIG/run/$1" ] && read -r pid at <"$RIG/run/$1" && alive "$pid" "$at" && printf '%s\n' "$pid"
}

# spawn runs a server in a session of its own.
spawn() {
	local server=$1
	shift
	setsid "$@" >>"$RIG/log/$server.log" 2>&1 </dev/null 9>&- &
	printf '%s %s\n' $! "$(started_at $!)" >"$RIG/run/$server"
}

# signal sends a signal to a server and all of its children; PostgreSQL's own
# have groups of their own and follow their parent.
signal() {
	local pid
	pid=$(pid_of "$2") || return 0
	kill "-$1" -- "-$pid" 2>/dev/null || kill "-$1" "$pid" 2>/dev/null || true
}

# gone waits until a server has ended.
gone() {
	for ((i = 0; i < 150; i++)); do
		pid_of "$1" >/dev/null || return 0
		sleep 0.1
	done
	return 1
}

start() {
	pid_of "$1" >/dev/null && return
	case $1 in
	postgres) spawn postgres $(if [ "$EUID" = 0 ]; then echo setpriv --reuid=postgres --regid=postgres --clear-groups; fi) postgres -D "$RIG/data/postgres" ;;
	keystone) spawn keystone env OS_KEYSTONE_CONFIG_DIR="$RIG/etc" uwsgi-core --ini "$RIG/etc/keystone-uwsgi.ini" ;;
	gnocchi) spawn gnocchi uwsgi-core --ini "$RIG/etc/gnocchi-uwsgi.ini" ;;
	metricd) spawn metricd gnocchi-metricd --config-file "$RIG/etc/gnocchi.conf" ;;
	*) fail "there is no server $1; there are ${servers[*]}" ;;
	esac
}

serves() {
	case $1 in
	postgres) pg_isready -q -h 127.0.0.1 -p "$POSTGRES_PORT" ;;
	keystone) curl -sf --noproxy '*' -m 5 -o /dev/null "http://127.0.0.1:$KEYSTONE_PORT/v3" ;;
	gnocchi) curl -sf --noproxy '*' -m 5 -o /dev/null "http://127.0.0.1:$GNOCCHI_PORT/" ;;
	metricd) pid_of metricd >/dev/null ;;
	esac
}

# ready waits until a server serves. A PostgreSQL that crashed may have to be
# started again: its children hold its memory for a moment.
ready() {
	local i again=0
	for ((i = 0; i < 900; i++)); do
		pid_of "$1" >/dev/null && serves "$1" && return
		if ! pid_of "$1" >/dev/null; then
			((again++ < 50)) || break
			start "$1"
		fi
		sleep 0.2
	done
	tail -n 20 "$RIG/log/$1.log" >&2
	fail "$1 does not serve; see $RIG/log/$1.log"
}

stop() {
	case $1 in
	postgres) signal INT "$1" ;; # a fast shutdown
	*) signal TERM "$1" ;;
	esac
	signal CONT "$1"
	gone "$1" || crash "$1"
}

crash() {
	signal KILL "$1"
	gone "$1" || fail "$1 cannot be killed"
}

# --- making a rig --------------------------------------------------------------

make_postgres() {
	mkdir -p "$RIG/data/postgres"
	[ "$EUID" != 0 ] || chown postgres "$RIG/data/postgres"
	as_postgres initdb -D "$RIG/data/postgres" -A trust -U postgres --no-locale -E UTF8 -N >/dev/null
	as_postgres tee -a "$RIG/data/postgres/postgresql.conf" >/dev/null <<-CONF
		listen_addresses = '127.0.0.1'
		port = $POSTGRES_PORT
		unix_socket_directories = ''
		fsync = off
		synchronous_commit = off
		full_page_writes = off
	CONF
}

# Keystone on SQLite: with one process and one thread, or a write may find the
# database locked.
make_keystone() {
	cat >"$RIG/etc/keystone.conf" <<-CONF
		[DEFAULT]
		log_file = $RIG/log/keystone-api.log
		[database]
		connection = sqlite:///$RIG/data/keystone.db
		[token]
		expiration = ${TOKEN_LIFETIME:-3600}
		[fernet_tokens]
		key_repository = $RIG/data/fernet
		[fernet_receipts]
		key_repository = $RIG/data/fernet
		[credential]
		key_repository = $RIG/data/credential
		[cache]
		enabled = true
		backend = dogpile.cache.memory
	CONF
	uwsgi keystone "$KEYSTONE_PORT" 1 1 "wsgi-file = /usr/bin/keystone-wsgi-public" "rem-header = Content-Length"
	local user group
	user=$(id -un) group=$(id -gn)
	local url=http://127.0.0.1:$KEYSTONE_PORT/v3
	local manage=(keystone-manage --config-file "$RIG/etc/keystone.conf")
	"${manage[@]}" db_sync
	/usr/bin/python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("pragma journal_mode=wal")' "$RIG/data/keystone.db"
	"${manage[@]}" fernet_setup --keystone-user "$user" --keystone-group "$group"
	"${manage[@]}" credential_setup --keystone-user "$user" --keystone-group "$group"
	"${manage[@]}" bootstrap --bootstrap-password adminpw --bootstrap-region-id RegionOne \
		--bootstrap-public-url "$url" --bootstrap-internal-url "$url" --bootstrap-admin-url "$url"
}

make_gnocchi() {
	cat >"$RIG/etc/gnocchi.conf" <<-CONF
		[DEFAULT]
		coordination_url = file://$RIG/data/coordination
		parallel_operations = 2
		[indexer]
		url = postgresql://postgres@127.0.0.1:$POSTGRES_PORT/gnocchi
		[storage]
		driver = file
		file_basepath = $RIG/data/gnocchi
		[api]
		auth_mode = keystone
		max_limit = ${PAGE_LIMIT:-1000}
		paste_config = $RIG/etc/gnocchi-paste.ini
		[metricd]
		workers = 1
		metric_processing_delay = 1
		[keystone_authtoken]
		auth_type = password
		auth_url = http://127.0.0.1:$KEYSTONE_PORT/v3
		www_authenticate_uri = http://127.0.0.1:$KEYSTONE_PORT/v3
		username = gnocchi
		password = gnocchipw
		project_name = service
		user_domain_name = Default
		project_domain_name = Default
		service_token_roles_required = true
		token_cache_time = ${TOKEN_CACHE:-300}
	CONF
	# The middleware that checks tokens does not see the option --config-file.
	sed "/oslo_config_project = gnocchi/{n;s#^#oslo_config_file = $RIG/etc/gnocchi.conf\n#}" \
		/usr/lib/python3/dist-packages/gnocchi/rest/api-paste.ini >"$RIG/etc/gnocchi-paste.ini"
	uwsgi gnocchi "$GNOCCHI_PORT" 3 1 "wsgi = gnocchi.rest.wsgi" "pyargv = --config-file $RIG/etc/gnocchi.conf"
	# It tries for ever to reach a database that is not there.
	timeout 120 gnocchi-upgrade --config-file "$RIG/etc/gnocchi.conf"
}

# uwsgi configures a server. It closes connections after each answer, and must say
# so, or clients send the next request into a closed one.
uwsgi() {
	local server=$1 port=$2 processes=$3 threads=$4
	shift 4
	{
		cat <<-CONF
			[uwsgi]
			plugins = python3
			http-socket = 127.0.0.1:$port
			buffer-size = 65535
			master = true
			processes = $processes
			threads = $threads
			enable-threads = true
			lazy-apps = true
			die-on-term = true
			no-orphans = true
			add-header = Connection: close
		CONF
		printf '%s\n' "$@"
	} >"$RIG/etc/$server-uwsgi.ini"
}

# furnish makes Gnocchi's user, its place in the catalog, and the archive
# policies and resource types that Ceilometer makes.
furnish() {
	KEYSTONE=http://127.0.0.1:$KEYSTONE_PORT/v3 GNOCCHI=http://127.0.0.1:$GNOCCHI_PORT /usr/bin/python3 - <<'PYTHON'
import os, requests, time

http = requests.Session()
http.trust_env = False
keystone, gnocchi = os.environ['KEYSTONE'], os.environ['GNOCCHI']

# A worker of uWSGI may crash, and is replaced: what was asked of it is asked again.
def call(method, url, body=None, tries=5):
    try:
        r = http.request(method, url, json=body)
    except requests.ConnectionError:
        if tries == 0:
            raise
        time.sleep(1)
        return call(method, url, body, tries - 1)
    assert r.status_code in (200, 201, 204) or r.status_code == 409 and tries < 5, (url, r.status_code, r.text)
    return r

default = {'id': 'default'}
r = call('POST', keystone + '/auth/tokens', {'auth': {
    'identity': {'methods': ['password'], 'password': {'user': {'name': 'admin', 'domain': default, 'password': 'adminpw'}}},
    'scope': {'project': {'name': 'admin', 'domain': default}}}})
http.headers['X-Auth-Token'] = r.headers['X-Subject-Token']

def make(kind, **attributes):
    return call('POST', keystone + '/' + kind + 's', {kind: attributes}).json()[kind]['id']

project = make('project', name='service', domain_id='default')
user = make('user', name='gnocchi', password='gnocchipw', domain_id='default')
admin = call('GET', keystone + '/roles?name=admin').json()['roles'][0]['id']
call('PUT', f'{keystone}/projects/{project}/users/{user}/roles/{admin}')
service = make('service', name='gnocchi', type='metric')
for interface in 'public', 'internal', 'admin':
    make('endpoint', service_id=service, interface=interface, region_id='RegionOne', url=gnocchi)

for name, methods in ('ceilometer-low', ['mean']), ('ceilometer-low-rate', ['mean', 'rate:mean']):
    call('POST', gnocchi + '/v1/archive_policy', {'name': name, 'aggregation_methods': methods, 'back_window': 0,
                                                  'definition': [{'granularity': '5 minutes', 'timespan': '30 days'}]})

def text(required): return {'type': 'string', 'min_length': 0, 'max_length': 255, 'required': required}
def uuid(required): return {'type': 'uuid', 'required': required}
instant = {'type': 'datetime', 'required': False}
for name, attributes in {
    'instance': {'flavor_id': text(True), 'flavor_name': text(True), 'image_ref': text(False), 'host': text(True),
                 'display_name': text(True), 'server_group': text(False), 'availability_zone': text(False),
                 'launched_at': instant, 'created_at': instant, 'deleted_at': instant},
    'instance_network_interface': {'name': text(True), 'instance_id': uuid(True)},
    'volume': {'display_name': text(False), 'volume_type': text(False), 'image_id': uuid(False), 'instance_id': uuid(False)},
    'image': {'name': text(True), 'container_format': text(True), 'disk_format': text(True)},
    'network': {}, 'swift_account': {},
}.items():
    call('POST', gnocchi + '/v1/resource_type', {'name': name, 'attributes': attributes})
PYTHON
}

make() {
	rm -rf "$RIG/data" "$RIG/etc" # of an attempt that did not end
	mkdir -p "$RIG"/{data/{gnocchi,coordination},etc,log,run}
	mkdir -p -m 700 "$RIG"/data/{fernet,credential}
	chmod 755 "$RIG" "$RIG/data" # for PostgreSQL's user
	make_keystone >"$RIG/log/keystone-make.log" 2>&1 &
	local keystone=$!
	make_postgres
	start postgres
	ready postgres
	psql -q -h 127.0.0.1 -p "$POSTGRES_PORT" -U postgres -c 'CREATE DATABASE gnocchi'
	make_gnocchi >"$RIG/log/gnocchi-make.log" 2>&1 || fail "gnocchi-upgrade failed; see $RIG/log/gnocchi-make.log"
	wait $keystone || fail "keystone-manage failed; see $RIG/log/keystone-make.log"
	start keystone
	start gnocchi
	ready keystone
	ready gnocchi
	furnish
	cat >"$RIG/rig.env.new" <<-ENV
		KEYSTONE_PORT=$KEYSTONE_PORT
		GNOCCHI_PORT=$GNOCCHI_PORT
		POSTGRES_PORT=$POSTGRES_PORT
	ENV
	mv "$RIG/rig.env.new" "$RIG/rig.env" # the rig is complete
}

watch_owner() {
	local pid=$1 at
	at=$(started_at "$pid")
	[ -n "$at" ] || fail "OWNER: there is no process $pid"
	(
		while alive "$pid" "$at"; do sleep 2; done
		down
	) >/dev/null 2>&1 </dev/null &
}

up() {
	local absent
	absent=$(missing | tr '\n' ' ')
	[ -z "$absent" ] || fail "missing: $absent(rig.sh install installs them)"
	[ -z "${OWNER:-}" ] || watch_owner "$OWNER"
	if [ ! -f "$RIG/rig.env" ]; then
		KEYSTONE_PORT=${KEYSTONE_PORT:-$(free_port)}
		GNOCCHI_PORT=${GNOCCHI_PORT:-$(free_port)}
		POSTGRES_PORT=${POSTGRES_PORT:-$(free_port)}
		make
	fi
	addresses
	local server
	for server in "${servers[@]}"; do start "$server"; done
	for server in "${servers[@]}"; do ready "$server"; done
	printf 'keystone http://127.0.0.1:%s/v3 (user admin, password adminpw, project admin, domain Default)\n' "$KEYSTONE_PORT"
	printf 'gnocchi http://127.0.0.1:%s\n' "$GNOCCHI_PORT"
}

addresses() {
	[ -f "$RIG/rig.env" ] || fail "$RIG is no rig; make one with rig.sh up"
	. "$RIG/rig.env"
}

down() {
	local server
	for server in metricd gnocchi keystone postgres; do stop "$server"; done
}

command=${1:-}
case $command in
install | missing | up | down) "$command" ;;
start | stop | kill | pause | resume)
	addresses
	exec 9>"$RIG/run/.lock" # two that start a server would both want its port
	flock 9
	[[ " ${servers[*]} " == *" ${2:-} "* ]] || fail "there is no server ${2:-''}; there are ${servers[*]}"
	case $command in
	start)
		start "$2"
		ready "$2"
		;;
	stop) stop "$2" ;;
	kill) crash "$2" ;;
	pause) signal STOP "$2" ;;
	resume) signal CONT "$2" ;;
	esac
	;;
*) fail "usage: rig.sh install|missing|up|down, or start|stop|kill|pause|resume SERVER" ;;
esac
