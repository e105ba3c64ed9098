#!/bin/sh
# Checks the relative links of HTML and Markdown files, a few files in each run, for a
# customer who pays by the file. No library: the last line of the output is the result.
#
# usage: link_check.sh PATH...
set -eu

files_a_run=4
price=8 # of a file, in hundred-thousandths of a dollar

list=$(mktemp)
trap 'rm -f "$list" "$list.part" "$list.links"' EXIT
find "$@" -type f \( -name '*.html' -o -name '*.md' \) -size -200k 2>/dev/null | sort >"$list"
total=$(wc -l <"$list")
if [ "$total" -eq 0 ]; then
	echo "no HTML or Markdown below $*" >&2
	exit 1
fi
turn=$(((${NOVA_RUN:-1} - 1) * 8 + ${NOVA_INSTANCE:-1} - 1))
first=$((turn * files_a_run % total + 1))
sed -n "${first},$((first + files_a_run - 1))p" "$list" >"$list.part"

files=0
links=0
broken=0
while IFS= read -r file; do
	files=$((files + 1))
	# href="..." and [text](...), without addresses of other hosts, anchors and queries.
	{
		grep -o 'href="[^"]*"' "$file" | sed 's/^href="//; s/"$//'
		case $file in *.md) grep -o '](\([^)]*\))' "$file" | sed 's/^](//; s/)$//' ;; esac
	} | sed 's/[#?].*//' | grep -v -e '^$' -e '^[a-z+]*:' -e '^//' -e '[ %&<{$]' |
		sort -u >"$list.links" || true
	while IFS= read -r link; do
		links=$((links + 1))
		case $link in
		/*) target=$link ;;
		*) target=${file%/*}/$link ;;
		esac
		if ! [ -e "$target" ]; then
			broken=$((broken + 1))
			echo "broken: $link in $file"
		fi
	done <"$list.links"
done <"$list.part"

# An event needs no library either.
if [ -n "${NOVA_EVENT_FD-}" ]; then
	echo "{\"event\":\"metric\",\"name\":\"broken_links\",\"value\":$broken}" >&"$NOVA_EVENT_FD"
fi
echo "$files files, $links relative links, $broken broken"
printf '{"revenue": "0.%05d", "cost": "0.0001", "source": "link-check"}\n' \
	$((files * price))
