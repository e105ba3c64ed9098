#!/usr/bin/env python3
"""A full-text index of the machine's own documentation, a slice of the files in each run.

Reads a slice (unpacking what is packed), counts the words of each file, packs the index
with zlib, unpacks it again and looks up words whose place is known: a run is good only if the
packed index answers right. Nothing is left on the disk.
"""

import gzip
import json
import os
import re
import sys
import zlib
from collections import Counter, defaultdict

FILES_A_RUN = 60
FILE_BYTES_MAX = 256 * 1024
WORD = re.compile(r"[a-z][a-z0-9_-]{2,30}")


def emit(**event):
    line = (json.dumps(event) + "\n").encode()
    fd = int(os.environ.get("NOVA_EVENT_FD", sys.stdout.fileno()))
    if len(line) > 4096 or os.write(fd, line) != len(line):
        raise OSError("an event line did not fit into one write")


def find_files(roots):
    found = []
    for root in roots:
        for folder, folders, names in os.walk(root):
            folders.sort()
            paths = [os.path.join(folder, name) for name in sorted(names)]
            found += [p for p in paths if os.path.isfile(p) and not os.path.islink(p)]
    return found


def read_text(path):
    opener = gzip.open if path.endswith(".gz") else open
    try:
        with opener(path, "rb") as f:
            return f.read(FILE_BYTES_MAX).decode("utf-8", "replace").lower()
    except (OSError, EOFError, zlib.error) as e:
        print("left out %s: %s" % (path, e))
        return ""


def main():
    files = find_files(sys.argv[1:] or ["/usr/share/doc"])
    if not files:
        sys.exit("no documentation found in " + " ".join(sys.argv[1:]))
    turn = (int(os.environ.get("NOVA_RUN", "1")) - 1) * 8
    turn += int(os.environ.get("NOVA_INSTANCE", "1")) - 1
    first = turn * FILES_A_RUN % len(files)
    part = files[first : first + FILES_A_RUN]

    index = defaultdict(dict)
    read_bytes = 0
    sample = None
    for number, path in enumerate(part):
        text = read_text(path)
        read_bytes += len(text)
        words = Counter(WORD.findall(text))
        for word, times in words.items():
            index[word][number] = times
        if words:
            sample = (number, words.most_common(1)[0])
    packed = zlib.compress(json.dumps({"files": part, "words": index}).encode(), 6)

    again = json.loads(zlib.decompress(packed))
    if sample:
        number, (word, times) = sample
        if again["words"][word].get(str(number)) != times:
            sys.exit("the packed index has lost \"%s\" of %s" % (word, part[number]))
    emit(event="metric", name="indexed_files", value=len(part))
    emit(event="metric", name="index_bytes", value=len(packed))
    print("%d files, %d words, %d KiB of text in an index of %d KiB" % (
        len(part), len(index), read_bytes // 1024, len(packed) // 1024))


if __name__ == "__main__":
    main()
