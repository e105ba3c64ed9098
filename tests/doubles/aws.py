"""As much of AWS as `deploy.sh aws` asks, on loopback: STS, SSM, EC2, CloudFormation, ECR, ECS and
CloudWatch Logs of one account, with the CLI's own wire formats. Every request's signature is
recomputed, its input and our own answers are checked against botocore's descriptions. What a stack
makes comes from the template that was sent: its ECS service runs a task, which becomes healthy, or
not: see Aws.health."""

import base64
import datetime
import http.server
import json
import threading
import urllib.parse
import xml.etree.ElementTree as xml

import cfn
import sigv4

SERVICES = ("sts", "ssm", "ec2", "cloudformation", "ecr", "ecs", "logs")
ACCOUNT, REGION = cfn.PSEUDO["AWS::AccountId"], cfn.PSEUDO["AWS::Region"]
SUBNET = {"VpcId": "vpc-0a1b2c3d", "SubnetId": "subnet-0a1b2c3d4e5f60718",
          "AvailabilityZone": REGION + "a"}
NOW = datetime.datetime(2026, 11, 23, tzinfo=datetime.timezone.utc)


class Error(Exception):
    def __init__(self, code, text, status=400):
        super().__init__(text)
        self.code = code
        self.status = status


class Wrong(Exception):
    """The double itself answered what the description does not know."""


# ---- wire formats ----

def query_name(protocol, name, shape):
    said = shape.serialization
    if protocol == "ec2":
        found = said.get("queryName") or said.get("name") or name
        return found[0].upper() + found[1:]
    return said.get("name", name)


def unquery(protocol, shape, form, prefix):
    """The value of a shape in a form's fields; they are taken out of it. None: not there."""
    if shape.type_name == "structure":
        found = {}
        for name, member in shape.members.items():
            inner = f"{prefix}.{query_name(protocol, name, member)}" if prefix \
                else query_name(protocol, name, member)
            value = unquery(protocol, member, form, inner)
            if value is not None:
                found[name] = value
        return found or None
    if shape.type_name == "list":
        if form.get(prefix) == "":
            return [form.pop(prefix)][1:]  # how an empty list is sent
        found = []
        flat = protocol == "ec2" or shape.serialization.get("flattened")
        while True:
            one = f"{prefix}.{len(found) + 1}" if flat else f"{prefix}.member.{len(found) + 1}"
            value = unquery(protocol, shape.member, form, one)
            if value is None:
                return found or None
            found.append(value)
    if prefix not in form:
        return None
    text = form.pop(prefix)
    if shape.type_name in ("integer", "long"):
        return int(text)
    return text == "true" if shape.type_name == "boolean" else text


def to_xml(protocol, shape, value, parent, name):
    if shape.type_name == "list":
        flat = shape.serialization.get("flattened")
        box = parent if flat else xml.SubElement(parent, name)
        for each in value:
            to_xml(protocol, shape.member, each, box,
                   name if flat else shape.member.serialization.get("name", "member"))
        return
    box = xml.SubElement(parent, name)
    if shape.type_name == "structure":
        for key, each in value.items():
            if key not in shape.members:
                raise Wrong(f"{shape.name} has no {key}")
            member = shape.members[key]
            to_xml(protocol, member, each, box, member.serialization.get("name", key))
    elif isinstance(value, bool):
        box.text = "true" if value else "false"
    elif isinstance(value, datetime.datetime):
        box.text = value.strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        box.text = str(value)


def check_output(shape, value, path):
    if shape is None:
        return
    if shape.type_name == "structure":
        for key, each in value.items():
            if key not in shape.members:
                raise Wrong(f"{path}: no {key} in {shape.name}")
            check_output(shape.members[key], each, f"{path}.{key}")
    elif shape.type_name == "list":
        for each in value:
            check_output(shape.member, each, path)
    elif shape.type_name == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        raise Wrong(f"{path}: {value} is none of {shape.enum}")


# ---- the account ----

class Aws:
    """health(looks): health of the task that has been looked at so often; None: it has stopped.
    fail: operation -> Error to answer, or a list of them, one a request. deploy_fails: what a
    stack's own change ends with when its service does not become healthy."""

    def __init__(self, key, secret, registry):
        self.secrets = {key: (secret, None)}
        self.registry = registry
        self.password = "registry-password-planted"
        self.health = lambda looks: "UNKNOWN" if looks < 2 else "HEALTHY"
        self.fail = {}
        self.deploy_fails = False
        self.pushed = lambda tag: False
        self.calls = []
        self.wrong = []
        self.stacks = {}
        self.changes = {}
        self.service = None
        self.tasks = []
        self.task_number = 0
        self.looks = 0
        self.lock = threading.Lock()

    # -- sts, ssm, ec2

    def GetCallerIdentity(self, _):
        return {"Account": ACCOUNT, "UserId": "AIDA", "Arn": f"arn:aws:iam::{ACCOUNT}:user/x"}

    def GetParameter(self, given):
        return {"Parameter": {"Name": given["Name"], "Type": "String",
                              "Value": "ami-0a1b2c3d4e5f60718"}}

    def DescribeSubnets(self, given):
        wanted = given.get("SubnetIds")
        if wanted and wanted != [SUBNET["SubnetId"]]:
            raise Error("InvalidSubnetID.NotFound", f"The subnet ID '{wanted[0]}' does not exist")
        return {"Subnets": [dict(SUBNET, AvailabilityZone=REGION + "b",
                                 SubnetId="subnet-0ffffffffffffffff"), SUBNET][bool(wanted):]}

    # -- cloudformation

    def DescribeStacks(self, given):
        name = given["StackName"]
        if name not in self.stacks:
            raise Error("ValidationError", f"Stack with id {name} does not exist")
        found = self.stacks[name]
        return {"Stacks": [{
            "StackName": name, "StackId": name, "CreationTime": NOW, "StackStatus": found["status"],
            "Parameters": [{"ParameterKey": k, "ParameterValue": str(v)}
                           for k, v in found["parameters"].items()],
            "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in found["outputs"].items()]}]}

    def GetTemplateSummary(self, given):
        text = given.get("TemplateBody") or self.stacks[given["StackName"]]["template"]
        return {"Parameters": [{"ParameterKey": name, "ParameterType": spec["Type"]}
                               for name, spec in cfn.load(text)["Parameters"].items()]}

    def CreateChangeSet(self, given):
        name, kind = given["StackName"], given["ChangeSetType"]
        if (kind == "CREATE") == (name in self.stacks):
            raise Error("ValidationError", f"{kind} of {name}")
        if "CAPABILITY_IAM" not in given.get("Capabilities", []):
            raise Error("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]")
        problems = list(cfn.problems(given["TemplateBody"]))
        if problems:
            raise Error("ValidationError", problems[0])
        old = self.stacks.get(name, {"parameters": {}})["parameters"]
        parameters = {p["ParameterKey"]: old[p["ParameterKey"]] if p.get("UsePreviousValue")
                      else p["ParameterValue"] for p in given.get("Parameters", [])}
        try:
            stack = cfn.Stack(cfn.load(given["TemplateBody"]), parameters)
        except ValueError as error:
            raise Error("ValidationError", str(error)) from error
        same = name in self.stacks and stack.parameters == self.stacks[name]["parameters"] \
            and given["TemplateBody"] == self.stacks[name]["template"]
        self.changes[given["ChangeSetName"]] = (name, stack, given["TemplateBody"], same)
        return {"Id": given["ChangeSetName"], "StackId": name}

    def DescribeChangeSet(self, given):
        *_, same = self.changes[given["ChangeSetName"]]
        if same:
            return {"Status": "FAILED", "ExecutionStatus": "UNAVAILABLE",
                    "StatusReason": "The submitted information didn't contain changes."}
        return {"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE"}

    def DeleteChangeSet(self, given):
        self.changes.pop(given["ChangeSetName"])
        return {}

    def ExecuteChangeSet(self, given):
        name, stack, template, _ = self.changes[given["ChangeSetName"]]
        verb = "UPDATE" if name in self.stacks else "CREATE"
        for resource in stack.template["Resources"]:
            made = cfn.api_input(stack, resource) if stack.there(resource) else None
            if made and cfn.validate(*made):
                self.wrong.append(f"{resource}: {cfn.validate(*made)}")
        outputs = stack.outputs()
        outputs["Repository"] = self.registry + "/nova-repo"
        self.stacks[name] = {"status": f"{verb}_COMPLETE", "parameters": stack.parameters,
                             "outputs": outputs, "template": template}
        if stack.there("Service"):
            self.deploy(stack)
            if self.deploy_fails:
                self.stacks[name]["status"] = f"{verb}_ROLLBACK_COMPLETE"
        return {}

    def DescribeStackEvents(self, given):
        return {"StackEvents": [{
            "StackId": given["StackName"], "StackName": given["StackName"], "EventId": "1",
            "LogicalResourceId": "Service", "ResourceStatus": "UPDATE_FAILED", "Timestamp": NOW,
            "ResourceStatusReason": "Resource handler returned message: ECS Deployment Circuit "
                                    "Breaker was triggered."}]}

    # -- ecs

    def deploy(self, stack):
        (container,) = cfn.api_input(stack, "Task")[2]["containerDefinitions"]
        tag = container["image"].rpartition(":")[2]
        if not self.pushed(tag):
            self.wrong.append(f"the image {container['image']} was never pushed")
        self.service = {"desired": stack.properties("Service")["DesiredCount"], "image": tag}
        self.replace()

    def replace(self):
        """As with 0 and 100 percent: the old task ends, then the new one starts."""
        self.task_number += 1
        self.looks = 0
        self.tasks = [f"task/{self.task_number}"] * self.service["desired"]

    def rollout(self):
        return "COMPLETED" if not self.tasks or self.health(self.looks) == "HEALTHY" else \
            "FAILED" if self.looks > 2 else "IN_PROGRESS"

    def DescribeServices(self, given):
        if not self.service:
            raise Error("ServiceNotFoundException", "Service not found.")
        return {"failures": [], "services": [{
            "serviceName": given["services"][0], "status": "ACTIVE", "taskDefinition": "nova:1",
            "desiredCount": self.service["desired"], "runningCount": len(self.tasks),
            "deployments": [{"status": "PRIMARY", "rolloutState": self.rollout()}],
            "events": [{"id": "1", "createdAt": NOW.timestamp(),
                        "message": "(service nova) (task x) failed container health checks."}]}]}

    def ListTasks(self, given):
        if not self.service:
            raise Error("ServiceNotFoundException", "Service not found.")
        return {"taskArns": [f"arn:aws:ecs:{REGION}:{ACCOUNT}:{x}" for x in self.tasks]}

    def DescribeTasks(self, given):
        self.looks += 1
        health = self.health(self.looks)
        found = {"taskArn": given["tasks"][0], "taskDefinitionArn": "nova:1",
                 "lastStatus": "RUNNING" if health else "STOPPED", "healthStatus": health or "UNKNOWN"}
        if not health:
            found["stoppedReason"] = "Essential container in task exited"
        return {"tasks": [found], "failures": []}

    def UpdateService(self, given):
        before = self.service["desired"]
        self.service["desired"] = given.get("desiredCount", before)
        if given.get("forceNewDeployment") or self.service["desired"] != before:
            self.replace()
        return {"service": {"serviceName": given["service"], "status": "ACTIVE"}}

    # -- ecr, logs

    def GetAuthorizationToken(self, _):
        token = base64.b64encode(f"AWS:{self.password}".encode()).decode()
        return {"authorizationData": [{"authorizationToken": token,
                                       "proxyEndpoint": "https://" + self.registry,
                                       "expiresAt": NOW.timestamp()}]}

    def DescribeImages(self, given):
        tag = given["imageIds"][0]["imageTag"]
        if not self.pushed(tag):
            raise Error("ImageNotFoundException", "The image does not exist")
        return {"imageDetails": [{"imageTags": [tag], "repositoryName": given["repositoryName"]}]}

    def DescribeLogStreams(self, _):
        return {"logStreams": [{"logStreamName": "nova/nova/1"}]}

    def GetLogEvents(self, _):
        return {"events": [{"timestamp": 1, "message": "error novasupd[1]: the ledger's disk is full"}]}

    def FilterLogEvents(self, _):
        return {"events": [{"logStreamName": "nova/nova/1", "timestamp": int(NOW.timestamp() * 1000),
                            "message": "info novasupd[1]: ready", "eventId": "1"}]}

    # -- requests

    def answer(self, method, target, headers, body):
        """(status, content type, text)"""
        given = {name.lower(): value for name, value in headers}
        try:
            now = datetime.datetime.now(datetime.timezone.utc)
            _, region, service = sigv4.verify(method, target, headers, body, self.secrets, now)
        except sigv4.Refused as refused:
            self.calls.append(("refused", refused.code))
            return 403, "text/xml", f"<ErrorResponse><Error><Code>{refused.code}</Code><Message>" \
                f"{refused}</Message></Error></ErrorResponse>"
        if service not in SERVICES or region != REGION:
            raise Wrong(f"{service} in {region}")
        model = cfn.model(service)
        protocol = model.metadata["protocol"]
        if protocol == "json":
            operation = given["x-amz-target"].rpartition(".")[2]
            values = json.loads(body)
        else:
            form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
            operation = form.pop("Action")
            shape = model.operation_model(operation).input_shape
            if form.pop("Version") != model.api_version:
                raise Wrong(f"{operation} of another version")
            values = unquery(protocol, shape, form, "") or {}
            if form:
                raise Wrong(f"{operation}: fields nobody knows: {sorted(form)}")
        shapes = model.operation_model(operation)
        wrong = cfn.validate(service, operation, values) if shapes.input_shape else ""
        if wrong:
            raise Wrong(f"{operation}: {wrong}")
        self.calls.append((operation, values))
        try:
            failing = self.fail.get(operation)
            if isinstance(failing, list):
                failing = failing.pop(0) if failing else None
            if failing:
                raise failing
            found = getattr(self, operation)(values)
        except Error as error:
            if protocol == "json":
                return error.status, "application/x-amz-json-1.1", json.dumps(
                    {"__type": error.code, "message": str(error)})
            box = "<Response><Errors>{}</Errors></Response>" if protocol == "ec2" else \
                "<ErrorResponse>{}</ErrorResponse>"
            return error.status, "text/xml", box.format(
                f"<Error><Code>{error.code}</Code><Message>{error}</Message></Error>")
        check_output(shapes.output_shape, found, operation)
        if protocol == "json":
            return 200, "application/x-amz-json-1.1", json.dumps(found)
        top = xml.Element(operation + "Response")
        if shapes.output_shape is None:
            pass
        elif protocol == "ec2":
            for key, each in found.items():
                member = shapes.output_shape.members[key]
                to_xml(protocol, member, each, top, member.serialization.get("name", key))
        else:
            to_xml(protocol, shapes.output_shape, found, top, operation + "Result")
        return 200, "text/xml", xml.tostring(top, encoding="unicode")


def serve(aws):
    """A server for it on a free port of loopback: (server, its URL)."""
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                with aws.lock:
                    status, kind, text = aws.answer("POST", self.path, self.headers.items(), body)
            except Exception as error:  # whatever it is, the test is to see it
                aws.wrong.append(f"{type(error).__name__}: {error}")
                status, kind, text = 400, "text/plain", str(error)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"
