"""A schema registry of Confluent's API, read: the newest version of a subject is what a schema file must be compatible with."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request

TYPES = {"AVRO": ".avsc", "PROTOBUF": ".proto", "JSON": ".json"}
TIMEOUT_S = 5.0


class RegistryError(RuntimeError):
    """It cannot be asked, or does not know the subject; the message says which."""


def latest(address, subject):
    """(version, how such a file's name ends, the schema's text) of a subject's newest version; None where it has none yet. A user and a
    password in the address are sent as such."""
    url = urllib.parse.urlsplit(address)
    plain = url._replace(netloc=url.netloc.rpartition("@")[2]).geturl().rstrip("/")
    request = urllib.request.Request("%s/subjects/%s/versions/latest" % (plain, urllib.parse.quote(subject, safe="")))
    request.add_header("Accept", "application/vnd.schemaregistry.v1+json, application/json")
    if url.username:
        word = "%s:%s" % (urllib.parse.unquote(url.username), urllib.parse.unquote(url.password or ""))
        request.add_header("Authorization", "Basic " + base64.b64encode(word.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            told = json.loads(answer.read(1 << 24).decode("utf-8"))
        return told["version"], TYPES[told.get("schemaType", "AVRO")], told["schema"]
    except urllib.error.HTTPError as error:
        if error.code == 404 and _code(error) == 40401:
            return None  # no such subject
        raise RegistryError("the registry %s answers with HTTP %d for the subject %s" % (plain, error.code, subject))
    except (KeyError, TypeError, ValueError):
        raise RegistryError("what answers at %s is no schema registry" % plain)
    except OSError as error:
        raise RegistryError("the registry %s cannot be asked: %s" % (plain, getattr(error, "reason", error)))


def _code(error):
    try:
        return json.loads(error.read(65536).decode("utf-8")).get("error_code")
    except (ValueError, AttributeError):
        return None
