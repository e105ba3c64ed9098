#!/usr/bin/env python3
"""A support desk that answers tickets with language models, replayed from a recorded usage log.

For each ticket it reports the tokens its answer took; Nova knows the models' prices and books
the cost. The customer pays a fixed price for each ticket, which is the revenue.
"""

import json
import os
import sys

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
TICKETS_A_RUN = 2
PRICE_A_TICKET = "0.007"


def emit(**event):
    line = (json.dumps(event) + "\n").encode()
    fd = int(os.environ.get("NOVA_EVENT_FD", sys.stdout.fileno()))
    if len(line) > 4096 or os.write(fd, line) != len(line):
        raise OSError("an event line did not fit into one write")


def main():
    with open(os.path.join(DATA, "llm-usage.jsonl"), encoding="utf-8") as f:
        log = [json.loads(line) for line in f]
    instance = int(os.environ.get("NOVA_INSTANCE", "1"))
    first = ((int(os.environ.get("NOVA_RUN", "1")) - 1) * 8 + instance - 1) * TICKETS_A_RUN
    run = os.environ.get("NOVA_RUN_ID", "by-hand")
    for i in range(first, first + TICKETS_A_RUN):
        call = log[i % len(log)]
        usage = call["usage"]
        # The names are OpenTelemetry's: what an instrumented client prints can be passed on.
        event = {
            "event": "usage",
            "id": call["request_id"] + "/" + run,
            "gen_ai.provider.name": call["provider"],
            "gen_ai.request.model": call["model"],
            "gen_ai.usage.input_tokens": usage["input_tokens"],
            "gen_ai.usage.output_tokens": usage["output_tokens"],
            "run": run,
        }
        if usage["cache_read_tokens"]:
            event["gen_ai.usage.cache_read.input_tokens"] = usage["cache_read_tokens"]
        if usage["cache_write_tokens"]:
            event["gen_ai.usage.cache_creation.input_tokens"] = usage["cache_write_tokens"]
        emit(**event)
        emit(event="revenue", amount=PRICE_A_TICKET, source="helpdesk", run=run,
             id="ticket-%d/%s" % (call["ticket"], run), external_id="ticket-%d" % call["ticket"])
        print("ticket %d answered by %s: %d tokens in, %d out" % (
            call["ticket"], call["model"], usage["input_tokens"], usage["output_tokens"]))


if __name__ == "__main__":
    main()
