#!/bin/sh
# Keeps checksums of documentation that nobody has ordered: it costs storage fees and earns
# nothing. Nova finds out and kills it.
#
# usage: loss_maker.sh DIRECTORY...
set -eu

files_a_run=20
total=$(find "$@" -type f 2>/dev/null | wc -l)
first=$(((${NOVA_RUN:-1} - 1) * files_a_run % (total > 0 ? total : 1) + 1))
sums=$(find "$@" -type f 2>/dev/null | sort | sed -n "${first},$((first + files_a_run - 1))p" |
	tr '\n' '\0' | xargs -0 -r sha256sum 2>/dev/null | wc -l)
echo "$sums checksums computed, none sold"
echo '{"cost": "0.002", "category": "storage", "vendor": "object store"}'
