"""A CloudFormation template, read, resolved and looked at, without AWS: what its author may get
wrong and AWS would only say when somebody deploys it. Parts that are handed on to a service as they
are (ECS, EC2 launch templates, EFS) are checked against botocore's description of that service."""

import re

import botocore.loaders
import botocore.model
import botocore.validate
import yaml

PSEUDO = {"AWS::AccountId": "111122223333", "AWS::Region": "eu-central-1",
          "AWS::Partition": "aws", "AWS::StackName": "nova", "AWS::NoValue": None}
# Attributes that GetAtt may ask for, of the types that are used.
ATTRIBUTES = {
    "AWS::ECR::Repository": {"Arn", "RepositoryUri"},
    "AWS::Logs::LogGroup": {"Arn"},
    "AWS::ECS::Cluster": {"Arn"},
    "AWS::ECS::Service": {"Name", "ServiceArn"},
    "AWS::ECS::TaskDefinition": {"TaskDefinitionArn"},
    "AWS::EC2::Volume": {"VolumeId"},
    "AWS::EC2::SecurityGroup": {"GroupId", "VpcId"},
    "AWS::EC2::SecurityGroupEgress": set(),
    "AWS::EC2::SecurityGroupIngress": set(),
    "AWS::EC2::LaunchTemplate": {"LatestVersionNumber", "DefaultVersionNumber"},
    "AWS::EFS::FileSystem": {"Arn", "FileSystemId"},
    "AWS::EFS::MountTarget": {"Id", "IpAddress"},
    "AWS::EFS::AccessPoint": {"AccessPointId", "Arn"},
    "AWS::IAM::Role": {"Arn", "RoleId"},
    "AWS::IAM::Policy": set(),
    "AWS::IAM::InstanceProfile": {"Arn"},
    "AWS::AutoScaling::AutoScalingGroup": set(),
}
# Actions of which no resource can be named, by the Service Authorization Reference.
WITHOUT_RESOURCE = {"ecr:GetAuthorizationToken", "ecs:DiscoverPollEndpoint", "ec2:DescribeVolumes"}
# A resource's properties as an operation's input; what the resource spells otherwise.
OPERATIONS = {
    "AWS::ECS::TaskDefinition": ("ecs", "RegisterTaskDefinition", None),
    "AWS::ECS::Service": ("ecs", "CreateService", None),
    "AWS::EC2::LaunchTemplate": ("ec2", "CreateLaunchTemplate", "LaunchTemplateData"),
    "AWS::EFS::MountTarget": ("efs", "CreateMountTarget", None),
    "AWS::EFS::AccessPoint": ("efs", "CreateAccessPoint", None),
    "AWS::AutoScaling::AutoScalingGroup": ("autoscaling", "CreateAutoScalingGroup", None),
}
NAMES = {"FilesystemId": "fileSystemId", "EFSVolumeConfiguration": "efsVolumeConfiguration",
         "IAM": "iam"}
# Said by CloudFormation itself where the API wants them.
ADDED = {"AWS::ECS::Service": {"serviceName": "nova"},
         "AWS::EFS::AccessPoint": {"ClientToken": "x"},
         "AWS::EC2::LaunchTemplate": {"LaunchTemplateName": "nova"},
         "AWS::AutoScaling::AutoScalingGroup": {"AutoScalingGroupName": "nova"}}



class Loader(yaml.SafeLoader):
    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError(f"CloudFormation knows no aliases: {self.peek_event().start_mark}")
        return super().compose_node(parent, index)

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"{key} is there twice: {node.start_mark}")
        return super().construct_mapping(node, deep)


def _tag(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else "Fn::" + suffix
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    make = loader.construct_sequence if isinstance(node, yaml.SequenceNode) \
        else loader.construct_mapping
    return {name: make(node, deep=True)}


Loader.add_multi_constructor("!", _tag)
# Dates stay text: a policy's version is one.
Loader.yaml_implicit_resolvers = {
    key: [(tag, exp) for tag, exp in found if tag != "tag:yaml.org,2002:timestamp"]
    for key, found in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def load(text):
    return yaml.load(text, Loader)


def walk(node, path=()):
    """Every node below, with where it is."""
    yield path, node
    items = node.items() if isinstance(node, dict) else \
        enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from walk(value, path + (key,))


def references(node):
    """Names that Ref, GetAtt and Sub speak of: (name, attribute or None)."""
    for _, value in walk(node):
        if not isinstance(value, dict) or len(value) != 1:
            continue
        (name, what), = value.items()
        if name == "Ref":
            yield what, None
        elif name == "Fn::GetAtt":
            yield what[0], what[1]
        elif name == "Fn::Sub":
            for found in re.findall(r"\$\{([^!}][^}]*)\}", what if isinstance(what, str)
                                    else what[0]):
                yield tuple(found.split(".", 1)) if "." in found else (found, None)


class Stack:
    """A template with parameters: conditions decided, properties without functions."""

    def __init__(self, template, parameters):
        self.template = template
        self.parameters = {name: parameters.get(name, spec.get("Default"))
                           for name, spec in template["Parameters"].items()}
        missing = [name for name, value in self.parameters.items() if value is None]
        unknown = sorted(set(parameters) - set(template["Parameters"]))
        if missing or unknown:
            raise ValueError(f"Parameters: {missing} must have values, {unknown} do not exist")
        for name, spec in template["Parameters"].items():
            allowed = [str(x) for x in spec.get("AllowedValues", [])]
            if allowed and str(self.parameters[name]) not in allowed:
                raise ValueError(f"Parameter {name} must be one of {allowed}")

    def condition(self, name):
        return self.decide(self.template["Conditions"][name])

    def decide(self, test):
        (name, what), = test.items()
        if name == "Fn::Not":
            return not self.decide(what[0])
        if name == "Fn::Equals":
            return self.value(what[0]) == self.value(what[1])
        if name == "Condition":
            return self.condition(what)
        raise ValueError(f"condition {name}")

    def there(self, resource):
        spec = self.template["Resources"][resource]
        return "Condition" not in spec or self.condition(spec["Condition"])

    def name(self, what, attribute=None):
        if what in PSEUDO:
            return PSEUDO[what]
        if what in self.parameters:
            return self.parameters[what]
        if not self.there(what):
            raise ValueError(f"{what} is referred to and not made")
        kind = self.template["Resources"][what]["Type"].split("::")
        if attribute == "RepositoryUri":
            return f"{PSEUDO['AWS::AccountId']}.dkr.ecr.{PSEUDO['AWS::Region']}.amazonaws.com/nova-repo"
        if attribute == "Arn":
            return f"arn:aws:{kind[1].lower()}:{PSEUDO['AWS::Region']}:" \
                f"{PSEUDO['AWS::AccountId']}:{kind[2].lower()}/{what}"
        return f"{what.lower()}-{attribute or 'id'}"

    def value(self, node):
        if isinstance(node, list):
            found = [self.value(x) for x in node]
            return [x for x in found if x is not None]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, what), = node.items()
            if name == "Ref":
                return self.name(what)
            if name == "Fn::GetAtt":
                return self.name(*what)
            if name == "Fn::Sub":
                return re.sub(r"\$\{([^!}][^}]*)\}", lambda m: str(
                    self.name(*m.group(1).split(".", 1)) if "." in m.group(1)
                    else self.name(m.group(1))), what).replace("${!", "${")
            if name == "Fn::If":
                return self.value(what[1] if self.condition(what[0]) else what[2])
            if name == "Fn::Base64":
                return self.value(what)
            if name.startswith("Fn::"):
                raise ValueError(f"{name} is not known here")
        found = {key: self.value(value) for key, value in node.items()}
        return {key: value for key, value in found.items() if value is not None}

    def properties(self, resource):
        return self.value(self.template["Resources"][resource].get("Properties", {}))

    def outputs(self):
        return {name: str(self.value(spec["Value"]))
                for name, spec in self.template["Outputs"].items()
                if "Condition" not in spec or self.condition(spec["Condition"])}


_models = {}


def model(service):
    if service not in _models:
        _models[service] = botocore.model.ServiceModel(
            botocore.loaders.Loader().load_service_model(service, "service-2"), service)
    return _models[service]


def as_input(shape, value):
    """Properties, spelled and typed as the API's input. What the API does not know stays, to be
    found by the validation."""
    if shape.type_name == "structure" and isinstance(value, dict):
        found = {}
        for key, each in value.items():
            name = NAMES.get(key, key)
            if name not in shape.members:
                name = name[0].lower() + name[1:]
            found[name] = as_input(shape.members[name], each) if name in shape.members else each
        return found
    if shape.type_name == "list" and isinstance(value, list):
        return [as_input(shape.member, each) for each in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: as_input(shape.value, each) for key, each in value.items()}
    if shape.type_name in ("integer", "long") and isinstance(value, str) and value.isdigit():
        return int(value)
    if shape.type_name == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def enums(shape, value, path=""):
    """Values that are none of an enumeration's: botocore itself does not look."""
    if shape.type_name == "structure" and isinstance(value, dict):
        for key, each in value.items():
            if key in shape.members:
                yield from enums(shape.members[key], each, f"{path}.{key}")
    elif shape.type_name == "list" and isinstance(value, list):
        for n, each in enumerate(value):
            yield from enums(shape.member, each, f"{path}[{n}]")
    elif shape.type_name == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"


def validate(service, operation, given):
    """What is wrong with an operation's input, as text; "" when nothing is."""
    shape = model(service).operation_model(operation).input_shape
    report = botocore.validate.ParamValidator().validate(given, shape)
    wrong = [report.generate_report()] if report.has_errors() else []
    return "\n".join(wrong + list(enums(shape, given)))


def api_input(stack, resource):
    """(service, operation, input) of a resource that has an operation; None otherwise."""
    spec = stack.template["Resources"][resource]
    if spec["Type"] not in OPERATIONS:
        return None
    service, operation, only = OPERATIONS[spec["Type"]]
    properties = stack.properties(resource)
    if only:
        properties = {only: properties[only]}
    if spec["Type"] == "AWS::AutoScaling::AutoScalingGroup":
        properties["VPCZoneIdentifier"] = ",".join(properties["VPCZoneIdentifier"])
    if spec["Type"] == "AWS::EFS::AccessPoint":
        properties["PosixUser"] = {k: int(v) for k, v in properties["PosixUser"].items()}
    shape = model(service).operation_model(operation).input_shape
    found = as_input(shape, properties)
    for name, value in ADDED.get(spec["Type"], {}).items():
        found.setdefault(name, value)
    return service, operation, found


def problems(text):
    """Everything that is wrong with a template, whatever its parameters are."""
    template = load(text)
    known = set(PSEUDO) | set(template["Parameters"]) | set(template["Resources"])
    used = set()
    if len(text.encode()) > 51200:
        yield "is longer than what can be sent without a bucket"
    for name, attribute in references([template["Resources"], template["Outputs"],
                                       template["Conditions"]]):
        used.add(name)
        if name not in known:
            yield f"{name} is referred to and does not exist"
        elif attribute and attribute not in ATTRIBUTES.get(
                template["Resources"].get(name, {}).get("Type"), ()):
            yield f"{name} has no attribute {attribute}"
    for name in sorted(set(template["Parameters"]) - used):
        yield f"the parameter {name} is used nowhere"
    conditions = template["Conditions"]
    for path, node in walk(template):
        if path and path[-1] == "Condition" and isinstance(node, str) and node not in conditions:
            yield f"{path}: the condition {node} does not exist"
        if path and path[-1] == "Fn::If" and node[0] not in conditions:
            yield f"{path}: the condition {node[0]} does not exist"
        if path and path[-1] == "DependsOn":
            for each in node if isinstance(node, list) else [node]:
                if each not in template["Resources"]:
                    yield f"{path}: {each} does not exist"
    for name, spec in template["Resources"].items():
        if spec["Type"] not in ATTRIBUTES:
            yield f"{name}: the type {spec['Type']} is not one that is looked at here"
        for key in set(spec) - {"Type", "Properties", "Condition", "DependsOn", "DeletionPolicy",
                                "UpdateReplacePolicy", "UpdatePolicy"}:
            yield f"{name}: {key} is no attribute of a resource"
    yield from policy_problems(template)
    yield from secret_problems(template)


def listed(value):
    return value if isinstance(value, list) else [value]


def policy_problems(template):
    for path, node in walk(template["Resources"]):
        if not isinstance(node, dict) or "Effect" not in node:
            continue
        where = "/".join(str(p) for p in path)
        if "NotAction" in node or "NotResource" in node or "NotPrincipal" in node:
            yield f"{where}: says what is not meant"
        if node["Effect"] != "Allow":
            continue
        for action in listed(node["Action"]):
            if "*" in action:
                yield f"{where}: any action: {action}"
            if "*" in listed(node.get("Resource", [])) and action not in WITHOUT_RESOURCE:
                yield f"{where}: {action} on anything"
        if "*" in str(node.get("Principal", "")):
            yield f"{where}: anybody may"


def secret_problems(template):
    """A secret's value stands in no parameter, default, variable or tag: only its ARN."""
    suspicious = re.compile(r"(?i)(secret|password|passwd|token|api_?key|private_?key)")
    for name, spec in template["Parameters"].items():
        if suspicious.search(name) and not name.endswith("Arn"):
            yield f"the parameter {name} sounds like a secret's value"
    for path, node in walk(template["Resources"]):
        if not path or path[-1] != "Environment":
            continue
        for each in node:
            if suspicious.search(each["Name"]) or suspicious.search(str(each["Value"])):
                yield f"{'/'.join(map(str, path))}: {each['Name']} sounds like a secret"
    for path, node in walk(template):
        if isinstance(node, str) and re.search(r"(sk|rk)_(live|test)_|AKIA[0-9A-Z]{16}|"
                                               r"BEGIN [A-Z ]*PRIVATE KEY", node):
            yield f"{'/'.join(map(str, path))}: is a secret"
