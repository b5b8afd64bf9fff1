#!/usr/bin/env bash
# Lays the programs of a folder with their man pages, the systemd unit and the
# init script at their places: install.sh PROGRAMS [DESTDIR]. Without DESTDIR it
# is for this machine, and the account of utdsd is made.
set -euo pipefail
programs=$(realpath "$1")
dest=${2:+$(realpath -m "$2")}
cd "$(dirname "$0")"
. ./programs.sh
umask 022

put() { # FOLDER NAME...
	local folder=$1 name
	shift
	for name; do
		[ -x "$programs/$name" ] || continue
		install -D -m 755 "$programs/$name" "$dest$folder/$name"
		install -d "$dest/opt/SUNWut/man/man8"
		"$programs/$name" -man >"$dest/opt/SUNWut/man/man8/$name.8"
	done
}
put /opt/SUNWut/srds/lib "${lib_programs[@]}"
put /opt/SUNWut/sbin "${sbin_programs[@]}"

install -D -m 644 utdsd.service "$dest/usr/lib/systemd/system/utdsd.service"
install -D -m 644 utdsd.sysusers "$dest/usr/lib/sysusers.d/utdsd.conf"
install -D -m 755 utdsd.init "$dest/etc/init.d/utdsd"
install -D -m 644 utdsd.logrotate "$dest/etc/logrotate.d/utdsd"

if [ -z "$dest" ]; then
	if ! getent passwd utdsd >/dev/null; then
		useradd --system --user-group --no-create-home --home-dir /var/opt/SUNWut/srds --shell /usr/sbin/nologin \
			--comment "Sun Ray data store" utdsd
	fi
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
		systemctl enable utdsd.service
	fi
	echo "Installed. The next step is /opt/SUNWut/sbin/utconfig"
fi
