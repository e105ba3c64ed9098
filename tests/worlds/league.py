"""Who plays what: families of worlds, policies by name, one world with all its policies."""

import os
import shlex

import baselines
import game
import held_out
import kinds
import planner
import rival
from fleet import Judge

FAMILIES = {"development": kinds.KINDS, "held_out": held_out.KINDS}
POLICIES = {**baselines.BY_NAME, "posterior": rival.Posterior}
MODES = ("strict", "marginal", "classic")


def policy_of(name, world, directory):
    """(policy, mode for hello)"""
    if name in MODES:
        return game.Pipe([os.path.join(directory, "nova-engine"), "--replay"]), name
    if name.startswith("pipe:"):
        return game.Pipe(shlex.split(name[5:])), None
    if name == "oracle":
        return baselines.Oracle(world), None
    return POLICIES[name](), None


def one(job):
    """All policies on the same world, so that it is planned once."""
    family, kind, seed, names, directory = job
    make = next(k for k in FAMILIES[family] if k.__name__ == kind)
    world = make(seed)
    results = []
    for name in names:
        if name == "ceiling":
            results.append({**game.result(world, Judge(world)), "family": family, "policy": name,
                            "score": planner.ceiling(world)})
            continue
        policy, mode = policy_of(name, world, directory)
        found = game.result(world, game.play(world, policy, mode))
        found.update(family=family, policy=name)
        results.append(found)
    return results
