#!/usr/bin/env python3
"""Sales of one product line, replayed from recorded Stripe balance transactions.

Each run takes the next transaction and reports what it moved: revenue and fee for a charge, a
refund for a refund, each under the platform's own id. What the shop itself costs (ads, hosting)
is the run's result line.

A demo has minutes where a shop has weeks, so amounts are divided by --scale: with 1000 a sale
of $19.00 counts as $0.019.
"""

import argparse
import json
import os
import sys
from decimal import Decimal

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")


def emit(**event):
    """One event line, in one write. Descriptor 3 is Nova's; without it, show the line."""
    line = (json.dumps(event) + "\n").encode()
    fd = int(os.environ.get("NOVA_EVENT_FD", sys.stdout.fileno()))
    if len(line) > 4096 or os.write(fd, line) != len(line):
        raise OSError("an event line did not fit into one write")


def money(cents, scale):
    """Cents as exact decimal text."""
    return format(Decimal(abs(cents)) / (100 * scale), "f")


def records(product):
    with open(os.path.join(DATA, "stripe-balance-transactions.jsonl"), encoding="utf-8") as f:
        return [r for r in map(json.loads, f) if product in r["description"]]


def number(name, default):
    return int(os.environ.get(name, default))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--product", required=True, help="which descriptions to take")
    parser.add_argument("--scale", type=int, default=1, help="divide amounts by this")
    parser.add_argument("--cost", default="0", help="what a run costs, in dollars")
    args = parser.parse_args()

    sales = records(args.product)
    if not sales:
        sys.exit("no recorded sale of " + args.product)
    # Runs and instances take turns through the file, so none replays another's sale.
    turn = (number("NOVA_RUN", 1) - 1) * 8 + number("NOVA_INSTANCE", 1) - 1
    sale = sales[turn % len(sales)]
    # A live shop would use the platform's id alone as the event's id: then a webhook that comes
    # twice counts once. A replay sells the same charge again and again, so the run is part of it.
    run = os.environ.get("NOVA_RUN_ID", "by-hand")
    common = {"source": "stripe", "currency": sale["currency"].upper(), "run": run}
    amount = money(sale["amount"], args.scale)

    if sale["type"] == "charge":
        emit(event="revenue", amount=amount, external_id=sale["source"],
             id=sale["source"] + "/" + run, note=sale["description"], **common)
        if sale["fee"]:
            emit(event="fee", amount=money(sale["fee"], args.scale), external_id=sale["id"],
                 id=sale["id"] + "/" + run, note="processing fee", **common)
    elif sale["type"] == "refund":
        emit(event="refund", amount=amount, external_id=sale["source"],
             id=sale["source"] + "/" + run, note=sale["description"], **common)
    print("%s %s %s" % (sale["type"], amount, sale["description"]))
    # The last line of the output is the result of the run.
    print(json.dumps({"cost": args.cost, "category": "ads"}))


if __name__ == "__main__":
    main()
