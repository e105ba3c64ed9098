"""Manifests without a cluster: as much of kustomize as deploy/k8s uses, and Kubernetes' own
description of its kinds, strictly (kubectl's server refuses unknown fields, too).

kube.py STATE ARGUMENTS... is a kubectl on a cluster that is the file STATE: a StatefulSet `nova`
with one pod, which does as the file says. What deploy.sh asks works, everything else is an error."""

import copy
import gzip
import json
import os
import re
import sys

import yaml

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLUSTER_KINDS = {"Namespace"}


# ---- kustomize ----

def documents(path):
    with open(path, encoding="utf-8") as f:
        return [doc for doc in yaml.safe_load_all(f) if doc]


def merge(into, patch):
    """A strategic merge, where lists have no merge keys: they are replaced."""
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def json_patch(doc, operations):
    for operation in operations:
        if operation["op"] != "replace":
            raise ValueError(f"patch {operation['op']}")
        *way, last = operation["path"].strip("/").split("/")
        at = doc
        for step in way:
            at = at[int(step)] if isinstance(at, list) else at[step]
        if last not in at:
            raise ValueError(f"nothing at {operation['path']}")
        at[last] = operation["value"]


def images(node, rules):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "image" and isinstance(value, str):
                name, _, tag = value.rpartition(":") if ":" in value.rpartition("/")[2] \
                    else (value, "", "")
                for rule in rules:
                    if rule["name"] == name:
                        node[key] = f"{rule.get('newName', name)}:{rule.get('newTag', tag)}"
            else:
                images(value, rules)
    elif isinstance(node, list):
        for each in node:
            images(each, rules)


def generate(found, folder, spec):
    data = {}
    for each in spec["files"]:
        name, _, path = each.rpartition("=")
        with open(os.path.join(folder, path), encoding="utf-8") as f:
            data[name or os.path.basename(path)] = f.read()
    old = [d for d in found if d["kind"] == "ConfigMap" and d["metadata"]["name"] == spec["name"]]
    if bool(old) != (spec.get("behavior") == "replace"):
        raise ValueError(f"{spec['name']}: behavior {spec.get('behavior')}")
    if old:
        old[0]["data"] = data
    else:
        found.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": spec["name"]},
                      "data": data})


def render(folder):
    """What `kubectl kustomize` prints, but for the hashes in the names of ConfigMaps."""
    (spec,) = documents(os.path.join(folder, "kustomization.yaml"))
    unknown = set(spec) - {"apiVersion", "kind", "namespace", "resources", "configMapGenerator",
                           "images", "patches"}
    if unknown:
        raise ValueError(f"{folder}: {unknown}")
    found = []
    for name in spec["resources"]:
        path = os.path.join(folder, name)
        found += render(path) if os.path.isdir(path) else documents(path)
    for each in spec.get("configMapGenerator", []):
        generate(found, folder, each)
    for each in spec.get("patches", []):
        (patch,) = documents(os.path.join(folder, each["path"])) if "path" in each \
            else [yaml.safe_load(each["patch"])]
        target = each.get("target") or {"kind": patch["kind"], "name": patch["metadata"]["name"]}
        (doc,) = [d for d in found if d["kind"] == target["kind"]
                  and d["metadata"]["name"] == target["name"]]
        if isinstance(patch, list):
            json_patch(doc, patch)
        else:
            merge(doc, patch)
    images(found, spec.get("images", []))
    for doc in found:
        if spec.get("namespace") and doc["kind"] not in CLUSTER_KINDS:
            doc["metadata"]["namespace"] = spec["namespace"]
    return copy.deepcopy(found)


# ---- the API's description ----

with gzip.open(os.path.join(SOURCE, "tests/data/kubernetes/definitions.json.gz")) as file:
    DESCRIBED = json.load(file)
TYPES = {"object": dict, "array": list, "boolean": bool, "integer": int, "number": (int, float),
         "string": str}


def wrong(value, schema, path):
    """Every place at which a value is not what the schema says."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name.endswith("resource.Quantity"):
            if not re.fullmatch(r"\d+(\.\d+)?(m|[KMGTPE]i?|k)?", str(value)):
                yield f"{path}: {value!r} is no quantity"
            return
        schema = DESCRIBED["definitions"][name]
    if schema.get("format") == "int-or-string":
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            yield f"{path}: {value!r} is no number or string"
        return
    kind = schema.get("type", "object" if "properties" in schema else None)
    if kind and (not isinstance(value, TYPES[kind]) or
                 kind == "integer" and isinstance(value, bool)):
        yield f"{path}: {value!r} is no {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                yield f"{path}: {name} is missing"
        for name, each in value.items():
            if name in schema.get("properties", {}):
                yield from wrong(each, schema["properties"][name], f"{path}.{name}")
            elif isinstance(schema.get("additionalProperties"), dict):
                yield from wrong(each, schema["additionalProperties"], f"{path}.{name}")
            elif "properties" in schema:
                yield f"{path}: unknown field {name}"
    elif isinstance(value, list):
        for n, each in enumerate(value):
            yield from wrong(each, schema["items"], f"{path}[{n}]")


def problems(doc):
    kind = f"{doc.get('apiVersion')}/{doc.get('kind')}"
    if kind not in DESCRIBED["kinds"]:
        return [f"{kind} is no kind that is known here"]
    return list(wrong(doc, DESCRIBED["definitions"][DESCRIBED["kinds"][kind]],
                      f"{doc['kind']}/{doc['metadata']['name']}"))


# ---- kubectl ----

class Refuse(Exception):
    """What kubectl says before it exits with 1."""


class Cluster:
    """state: fails (how), image, replicas (None: no StatefulSet), pod, revision; calls."""

    def __init__(self, state):
        self.s = state

    def ready(self):
        return self.s["pod"] and self.s.get("fails") != "never-ready"

    def apply(self, args):
        if args[0] != "--kustomize" or len(args) != 2:
            raise Refuse(f"unknown arguments {args}")
        docs = render(args[1])
        found = [text for doc in docs for text in problems(doc)]
        if self.s.get("fails") == "refused":
            found = ["admission webhook denied the request"]
        if found:
            raise Refuse("error validating data: " + "; ".join(found))
        (sts,) = [d for d in docs if d["kind"] == "StatefulSet"]
        image = sts["spec"]["template"]["spec"]["containers"][0]["image"]
        self.s["revision"] += image != self.s["image"]
        self.s.update(image=image, replicas=sts["spec"]["replicas"], pod=True)
        return "\n".join(f"{d['kind'].lower()}/{d['metadata']['name']} configured" for d in docs)

    def get(self, args):
        what = args[0]
        if what == "events":
            return "Warning  Unhealthy  pod/nova-0  Startup probe failed: the engine does not answer"
        if what == "persistentvolumeclaims":
            return "state-nova-0  Bound\nlogs-nova-0  Bound"
        there = {"pod/nova-0": self.s["pod"], "statefulset/nova": self.s["replicas"] is not None}[what]
        if args[1:] == ["--ignore-not-found", "--output", "name"]:
            return what if there else ""
        if args[1:] == ["--output", "wide"] and there:
            return "nova-0  1/1  Running"
        if args[1:3] == ["--ignore-not-found", "--output"] and 'type=="Ready"' in args[3]:
            return ("True" if self.ready() else "False") if there else ""
        raise Refuse(f"get {args}")

    def rollout(self, args):
        if args == ["restart", "statefulset/nova"]:
            self.s["revision"] += 1
            return "statefulset.apps/nova restarted"
        if args[:2] != ["status", "statefulset/nova"] or args[2] != "--timeout":
            raise Refuse(f"rollout {args}")
        if not self.ready():
            raise Refuse("error: timed out waiting for the condition")
        return "partitioned roll out complete"

    def exec(self, args):
        if args[:5] != ["nova-0", "--container", "nova", "--", "novactl"] or not self.s["pod"]:
            raise Refuse(f"exec {args}")
        if args[5] == "health" and (self.s.get("fails") in ("never-ready", "unhealthy")):
            raise Refuse("the engine cannot write to the ledger")
        return "novactl " + " ".join(args[5:])

    def logs(self, args):
        if args[:3] != ["nova-0", "--container", "nova"]:
            raise Refuse(f"logs {args}")
        return "info novasupd[1]: ready"

    def scale(self, args):
        if args[:2] != ["statefulset/nova", "--replicas"]:
            raise Refuse(f"scale {args}")
        self.s.update(replicas=int(args[2]))
        self.s["pod"] = self.s["replicas"] > 0 or self.s.get("fails") == "never-gone"
        return "statefulset.apps/nova scaled"

    def wait(self, args):
        if args[:2] != ["--for=delete", "pod/nova-0"] or args[2] != "--timeout":
            raise Refuse(f"wait {args}")
        if self.s["pod"]:
            raise Refuse("error: timed out waiting for the condition on pods/nova-0")
        return "pod/nova-0 condition met"

    def delete(self, args):
        if args != ["pod/nova-0", "--ignore-not-found"]:
            raise Refuse(f"delete {args}")
        return "pod \"nova-0\" deleted"

    def version(self, _):
        return "Server Version: v1.30.0"


def main(state_path, args):
    with open(state_path, encoding="utf-8") as f:
        state = json.load(f)
    cluster, code = Cluster(state), 0
    try:
        if args[:2] == ["--context", "tests"]:
            args = args[2:]
        if args[:2] != ["--namespace", "nova"]:
            raise Refuse(f"of which namespace is {args}?")
        if state.get("fails") == "no-cluster":
            raise Refuse("The connection to the server localhost:8080 was refused")
        state["calls"].append(args[2:])
        text = getattr(cluster, args[2])(args[3:])
        if text:
            print(text)
    except Refuse as refuse:
        print(refuse, file=sys.stderr)
        code = 1
    with open(state_path, "w", encoding="utf-8") as f:
        json.dump(state, f)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
