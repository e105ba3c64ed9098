"""Checks the signature of a request to AWS (Signature Version 4, in the Authorization header), as
the service does it: from the request and the secret key alone. Written from the description in
AWS's General Reference; tests/data/aws-sigv4 has cases of others."""

import datetime
import hashlib
import hmac
import posixpath
import re
import urllib.parse

ALGORITHM = "AWS4-HMAC-SHA256"


class Refused(Exception):
    """code is AWS's word for it."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def _quote(text):
    return urllib.parse.quote(text, safe="-_.~")


def canonical_path(path, normalize):
    path = urllib.parse.unquote(path)
    if normalize:
        slash = path.endswith(("/", "/.", "/..")) and path.strip("/.") != ""
        path = "/" + posixpath.normpath("/" + path).strip("/")
        path += "/" if slash and path != "/" else ""
    return "/".join(_quote(part) for part in (path or "/").split("/"))


def canonical_query(query):
    pairs = []
    for pair in query.split("&") if query else []:
        name, _, value = pair.partition("=")
        pairs.append((_quote(urllib.parse.unquote(name)), _quote(urllib.parse.unquote(value))))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def canonical(method, target, headers, signed, payload_hash, normalize=True):
    """headers: (name, value) as they came, repeated ones in order."""
    path, _, query = target.partition("?")
    values = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(re.sub(r"\s+", " ", value.strip()))
    lines = [f"{name}:{','.join(values[name])}" for name in signed]
    return "\n".join([method, canonical_path(path, normalize), canonical_query(query), *lines, "",
                      ";".join(signed), payload_hash])


def signature(secret, scope, when, text):
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    to_sign = "\n".join([ALGORITHM, when, scope, hashlib.sha256(text.encode()).hexdigest()])
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def verify(method, target, headers, body, secrets, now=None, normalize=True):
    """secrets: access key -> (secret, session token or None). Returns (access key, region,
    service); Refused otherwise. now: a clock that may be 15 minutes off; None: not looked at."""
    given = {}
    for name, value in headers:
        given.setdefault(name.lower(), value)
    match = re.fullmatch(
        ALGORITHM + r" Credential=([^/]+)/(\d{8}/([^/]+)/([^/]+)/aws4_request), ?"
        r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})", given.get("authorization", ""))
    if not match:
        raise Refused("MissingAuthenticationToken", "there is no usable Authorization header")
    key, scope, region, service, signed, found = match.groups()
    if key not in secrets:
        raise Refused("UnrecognizedClientException", "the access key is not known")
    secret, token = secrets[key]
    if given.get("x-amz-security-token") != token:
        raise Refused("UnrecognizedClientException", "the session token is not that key's")
    when = given.get("x-amz-date", "")
    if when[:8] != scope[:8]:
        raise Refused("SignatureDoesNotMatch", "the scope is of another day than the request")
    if now is not None:
        at = datetime.datetime.strptime(when, "%Y%m%dT%H%M%SZ").replace(
            tzinfo=datetime.timezone.utc)
        if abs((at - now).total_seconds()) > 900:
            raise Refused("RequestExpired", "the request was signed at another time")
    names = signed.split(";")
    if names != sorted(names) or "host" not in names:
        raise Refused("SignatureDoesNotMatch", f"signed headers: {signed}")
    if any(name.startswith("x-amz-") and name not in names for name in given
           if name not in ("x-amz-content-sha256", "x-amz-security-token")):
        raise Refused("SignatureDoesNotMatch", "an x-amz- header is not signed")
    payload_hash = hashlib.sha256(body).hexdigest()
    if given.get("x-amz-content-sha256", payload_hash) != payload_hash:
        raise Refused("XAmzContentSHA256Mismatch", "the body is another than the one signed")
    text = canonical(method, target, headers, names, payload_hash, normalize)
    if not hmac.compare_digest(signature(secret, scope, when, text), found):
        raise Refused("SignatureDoesNotMatch", "the signature is not that of this request")
    return key, region, service
