#!/bin/sh
# A service that watches the machine's load and the space of its disk, and crashes now and
# then: its upstream connection breaks after a few seconds, most of the time. Nova restarts
# it, and lets it cool down when it crashes too often.
#
# It stays up by itself (kind: service), so it speaks the protocol itself: descriptor 3.
set -eu

tell()
{
	# One line, one write: printf of a short line does just that.
	printf '%s\n' "$1" >&"$NOVA_EVENT_FD"
}

: "${NOVA_EVENT_FD:=1}" "${NOVA_GENERATION:=1}"
# Bad connections, and from the fourth on every third one is better.
lives=$((NOVA_GENERATION > 1 && NOVA_GENERATION % 3 == 1 ? 60 : 5))
tell '{"event":"ready"}'
second=0
while :; do
	read -r load _ </proc/loadavg
	free=$(df -P -k / | awk 'NR == 2 { print $4 }')
	tell "{\"event\":\"metric\",\"name\":\"load\",\"value\":$load}"
	tell "{\"event\":\"metric\",\"name\":\"disk_free_kib\",\"value\":${free:-0}}"
	tell "{\"event\":\"heartbeat\",\"status\":\"watching, load $load\"}"
	if [ "$second" -ge "$lives" ]; then
		echo "upstream closed the connection" >&2
		exit 3
	fi
	sleep 1
	second=$((second + 1))
done
