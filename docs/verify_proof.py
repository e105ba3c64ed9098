#!/usr/bin/env python3
"""Checks a proof made by `novactl ledger prove`, with nothing of Nova: only hashes.

    verify_proof.py PROOF.json --key FILE        the line `novactl ledger seal --init` has shown
    verify_proof.py PROOF.json --anchors FILE    lines that `ledger.anchor` has handed out

Exit 0: the event is in the ledger that the key or the anchors belong to, as it is printed."""
import hashlib
import hmac
import json
import struct
import sys


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def climb(leaf, index, size, path):
    """Root of the Merkle tree of `size` leaves (RFC 6962) that has `leaf` at `index`."""
    at, last, node = index, size - 1, leaf
    assert 0 <= index < size
    for other in map(bytes.fromhex, path):
        assert last > 0
        right = at & 1 or at == last
        node = sha(b"\1", other, node) if right else sha(b"\1", node, other)
        while right and at and not at & 1:
            at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    assert last == 0
    return node


def var(data, at):
    """A base-128 number, least significant group first."""
    value = shift = 0
    while data[at] & 128:
        value, shift, at = value | (data[at] & 127) << shift, shift + 7, at + 1
    return value | data[at] << shift, at + 1


def event(record):
    """What a record says: its kind, its legs (debit, credit, 10^-9 units, currency, code), its line."""
    at, numbers, legs = 3 + (record[0] > 1) + 16, [], record[2]
    for _ in range(9 + 5 * legs + 3):
        number, at = var(record, at)
        numbers.append(number)
    at += numbers[-3] + numbers[-2]
    return {"kind": record[1], "legs": [numbers[9 + 5 * i:14 + 5 * i] for i in range(legs)],
            "line": record[at:at + numbers[-1]].decode("utf-8", "replace")}


def frames(data):
    at, found = 0, []
    while at < len(data):
        size = struct.unpack_from("<I", data, at)[0]
        found.append(data[at + 4:at + 4 + size])
        at += 4 + size
    assert at == len(data)
    return found


def batch_hash(batch, seq):
    """The hash of the event's batch, from its record up; and the record."""
    body, records = bytes.fromhex(batch["body"]), bytes.fromhex(batch["records"])
    previous, number = bytes.fromhex(batch["previous"]), struct.pack("<Q", batch["number"])
    first_seq, at = var(body, 17)
    assert seq == first_seq + batch["index"] and batch["index"] < var(body, at)[0]
    if body[0] == 1:  # the oldest shape: everything in one run
        return sha(previous, number, struct.pack("<I", len(body)), body, records), frames(records)[batch["index"]]
    leaf = sha(b"\0", struct.pack("<Q", batch["first"]), records)
    assert body[-32:] == climb(leaf, batch["leaf"], batch["leaves"], batch["path"])
    assert batch["index"] >= batch["first"]
    return sha(b"nova chain 2\0", previous, number, sha(body)), frames(records)[batch["index"] - batch["first"]]


def check_day(proof, day, found, key):
    seal, batch = day["seal"], proof["batch"]["number"]
    assert seal["event"] == "seal" and proof["chain"] is None
    root = climb(sha(b"\0", found), batch - seal["first_batch"], seal["batches"], day["path"])
    assert root.hex() == seal["root"]
    name, ledger, first, secret = key.strip().split(":")
    assert (name, ledger) == ("nova-seal-1", proof["ledger"])
    days = lambda date: __import__("datetime").date.fromisoformat(date).toordinal() - 719163
    assert days(seal["day"]) >= days(first)
    secret = bytes.fromhex(secret)
    for _ in range(days(seal["day"]) - days(first)):
        secret = sha(b"nova seal key 1\0", secret)
    said = b"nova seal 1\0" + bytes.fromhex(ledger) + struct.pack(
        "<IQQ", days(seal["day"]), seal["first_batch"], seal["batches"]) + root + bytes.fromhex(seal["head"])
    assert hmac.compare_digest(hmac.new(secret, said, "sha256").hexdigest(), seal["mac"])
    return f"sealed on {seal['day']}"


def check_chain(proof, chain, found, anchors):
    number = proof["batch"]["number"]
    assert proof["day"] is None
    for link in map(bytes.fromhex, chain["links"]):
        number += 1
        found = sha(b"nova chain 2\0", found, struct.pack("<Q", number), link)
        assert len(link) == 32
    assert (number, found.hex()) == (chain["batch"], chain["hash"])
    known = [json.loads(line[line.index("{"):line.index("}") + 1]) for line in anchors.splitlines() if "{" in line]
    match = [a for a in known if (a["ledger"], a["batch"], a["hash"]) == (proof["ledger"], number, found.hex())]
    return f"anchored at {match[0]['at']}"


def check(proof, way, text):
    assert proof["proof"] == "nova ledger proof 1"
    found, record = batch_hash(proof["batch"], proof["seq"])
    assert found.hex() == proof["batch"]["hash"]
    if way == "--key":
        told = check_day(proof, proof["day"], found, text)
    else:
        assert way == "--anchors"
        told = check_chain(proof, proof["chain"], found, text)
    return {"seq": proof["seq"], "proven": told, **event(record)}


if __name__ == "__main__":
    try:
        with open(sys.argv[1], encoding="utf-8") as f, open(sys.argv[3], encoding="utf-8") as k:
            print(json.dumps(check(json.load(f), sys.argv[2], k.read())))
    except (AssertionError, ValueError, KeyError, IndexError, TypeError, AttributeError, struct.error) as e:
        sys.exit(f"REFUSED: this proves nothing ({type(e).__name__} {e})")
