#!/usr/bin/env bash
# A data store with sample data in demo/, served in the foreground. The first
# start makes it, later ones find it again. PORT chooses the port.
set -euo pipefail
cd "$(dirname "$0")/.."

port=${PORT:-7012}
root=demo/root
password=demo-password
store=$root/var/opt/SUNWut/srds/dbm.ut/id2entry.dbb
pidfile=$root/var/opt/SUNWut/srds/utdsd.pid

if [ ! -e "$store" ]; then
	mkdir -p "$root"
	bin/utconfig -R "$root" -y -w - -port "$port" -group demo -force <<<"$password"
fi
# The tools find the server by this file; the port may be another one today.
sed -i "s/^port = .*/port = $port/" "$root/etc/opt/SUNWut/utadmin.conf"
rm -f "$pidfile"

bin/utdsd -R "$root" -H "ldap://127.0.0.1:$port ldapi://" -metrics "127.0.0.1:$((port + 2700))" &
server=$!
stop() {
	trap - INT TERM EXIT
	kill "$server" 2>/dev/null || true
	wait "$server"
	exit
}
trap stop INT TERM EXIT

# utdsd writes its process id when it listens. Another server on the port is
# not ours: then utdsd has said so and ended.
until [ "$(cat "$pidfile" 2>/dev/null)" = "$server" ]; do
	if ! kill -0 "$server" 2>/dev/null; then
		trap - EXIT
		echo "The demo did not start; with PORT=$((port + 100)) make run it uses another port." >&2
		wait "$server" || exit $?
		exit 1
	fi
	sleep 0.1
done
bin/utsample -R "$root"

base=utname=demo,o=v1,o=utdata
cat <<TXT

The data store is running; Ctrl-C ends it. Try, in another terminal:

  ldapsearch -x -LLL -H ldap://127.0.0.1:$port -b $base '(utusername=John*)' utusername uttoken
  ldapsearch -x -LLL -H ldap://127.0.0.1:$port -D cn=admin,o=utdata -w $password -b utname=desktops,$base '(utlocation=Library*)' utlocation utlastseen
  $PWD/bin/utuser -R $PWD/$root -l

TXT
wait "$server"
