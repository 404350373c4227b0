"""Users who are known by their keys: a seed alone, and credentials (JWT and seed) of an operator's account, on real NATS servers."""

import base64
import json
import os
import time

import pytest

nkeys = pytest.importorskip("nkeys", reason="nkeys is not installed (extra `realtime`)")

from pack.realtime import adapters

from .conftest import Running, free_port, need, pack

pytestmark = pytest.mark.broker


def pair(kind):
    """(seed, public key, key pair) of a fresh key: operator, account or user."""
    seed = nkeys.encode_seed(os.urandom(32), kind)
    key = nkeys.from_seed(bytearray(seed))
    return bytes(seed).decode(), key.public_key.decode(), key


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(claims, issuer):
    """A JWT as nsc makes it."""
    head = b64(json.dumps({"typ": "JWT", "alg": "ed25519-nkey"}).encode())
    body = b64(json.dumps(claims).encode())
    return "%s.%s.%s" % (head, body, b64(issuer.sign(("%s.%s" % (head, body)).encode())))


def claims(subject, issuer, name, kind, **more):
    made = {"jti": os.urandom(8).hex(), "iat": int(time.time()), "iss": issuer, "name": name, "sub": subject}
    return dict(made, nats=dict({"type": kind, "version": 2}, **more))


def served(folder, text):
    need("nats")
    port = free_port()
    (folder / "n.conf").write_text("listen: 127.0.0.1:%d\n%s" % (port, text))
    return Running(["nats-server", "-c", str(folder / "n.conf")], port), "nats://127.0.0.1:%d" % port


def asked(address, *options):
    words = [word for option in options for word in ("--option", option)]
    return pack("rt", "probe", "nats", address, "--rate", 200, "--duration", "1s", *words)


def test_a_user_is_known_by_a_seed(tmp_path, capsys):
    seed, public, _ = pair(nkeys.PREFIX_BYTE_USER)
    other = pair(nkeys.PREFIX_BYTE_USER)[0]
    (tmp_path / "user.nk").write_text(seed + "\n")
    (tmp_path / "other.nk").write_text(other)
    (tmp_path / "none.nk").write_text("# nothing\n")
    running, address = served(
        tmp_path, "jetstream: { store_dir: %s }\nauthorization { users = [ { nkey: %s } ] }\n" % (tmp_path / "js", public)
    )
    try:
        assert asked(address, "nkey=%s" % (tmp_path / "user.nk")) == 0
        assert "sent 200, received 200, lost 0" in capsys.readouterr().out
        for options, told in (
            ((), "Authorization Violation"),
            (("nkey=%s" % (tmp_path / "other.nk"),), "Authorization Violation"),
            (("nkey=%s" % (tmp_path / "none.nk"),), "holds no seed of a user (SU...)"),
            (("nkey=%s" % (tmp_path / "away.nk"),), "cannot be read"),
            (("credentials=%s" % (tmp_path / "user.nk"),), "holds no JWT and seed of a user"),
        ):
            assert asked(address, *options) == 2, options
            err = capsys.readouterr().err
            assert told in err and "Traceback" not in err and seed not in err and other not in err
    finally:
        running.stop()


def test_a_user_has_credentials_of_an_account(tmp_path, capsys):
    _, operator, operator_key = pair(nkeys.PREFIX_BYTE_OPERATOR)
    _, account, account_key = pair(nkeys.PREFIX_BYTE_ACCOUNT)
    seed, user, _ = pair(nkeys.PREFIX_BYTE_USER)
    limits = dict.fromkeys(
        ("subs", "data", "payload", "imports", "exports", "conn", "leaf", "mem_storage", "disk_storage", "streams", "consumer"), -1
    )
    self_signed = jwt(claims(operator, operator, "O", "operator"), operator_key)
    of_account = jwt(claims(account, operator, "A", "account", limits=dict(limits, wildcards=True)), operator_key)
    of_user = jwt(claims(user, account, "U", "user", pub={}, sub={}, subs=-1, data=-1, payload=-1), account_key)
    told = "-----BEGIN NATS USER JWT-----\n%s\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n%s\n------END USER NKEY SEED------\n"
    (tmp_path / "u.creds").write_text(told % (of_user, seed))
    (tmp_path / "o.jwt").write_text(self_signed)
    running, address = served(
        tmp_path, "operator: %s\nresolver: MEMORY\nresolver_preload: { %s: %s }\n" % (tmp_path / "o.jwt", account, of_account)
    )
    try:
        assert asked(address, "core=true", "credentials=%s" % (tmp_path / "u.creds")) == 0
        assert "sent 200, received 200, lost 0" in capsys.readouterr().out
        assert asked(address, "core=true") == 2
        assert "Authorization Violation" in capsys.readouterr().err
    finally:
        running.stop()


def test_a_file_of_keys_is_looked_for_where_the_project_is(tmp_path):
    (tmp_path / "u.nk").write_text(pair(nkeys.PREFIX_BYTE_USER)[0])
    made = adapters.make({"adapter": "nats", "address": "nats://127.0.0.1:1", "options": {"nkey": "u.nk"}}, "t", str(tmp_path))
    assert made.login() == {"nkeys_seed": str(tmp_path / "u.nk")}
