"""A second opinion on the CBOR of CTAP: python-fido2, as Debian has it.

Reads a JSON list of messages in hex, then is a client: writes "request HEX" and
reads the response in hex, as often as it likes. At last it writes "result JSON":
the messages written once more, what the responses said, the names of the status
codes.
"""

import json
import random
import sys

from fido2 import cbor
from fido2.ctap import CtapDevice, CtapError
from fido2.ctap2 import AttestationObject, Ctap2
from fido2.hid import CAPABILITY


class Road(CtapDevice):
    capabilities = CAPABILITY.CBOR

    def call(self, cmd, data=b"", event=None, on_keepalive=None):
        print("request", data.hex(), flush=True)
        return bytes.fromhex(sys.stdin.readline())

    @classmethod
    def list_devices(cls):
        return []


def plain(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def maybe(r, make):
    return make() if r.random() < 0.5 else None


def text(r):
    return "".join(r.choice("aZ é€😀") for _ in range(r.choice([0, 1, 23, 24, 80, 300])))


def some(r, make):
    return [make() for _ in range(r.choice([1, 2, 23, 24, 40]))]


def descriptor(r):
    d = {"id": r.randbytes(r.choice([1, 16, 64, 255, 256, 1023])), "type": "public-key"}
    if r.random() < 0.3:
        d["transports"] = ["hybrid", "internal"]
    return d


def options(r):
    return {k: r.random() < 0.5 for k in r.sample(["rk", "uv", "up", "later"], r.randint(1, 4))}


def salts(r):
    s = {"first": r.randbytes(32)}
    if r.random() < 0.5:
        s["second"] = r.randbytes(32)
    return s


def extensions(r):
    e = {"credProtect": r.randint(1, 3), "later": [{-1: b"", "": True}, -(2**40)]}
    e["prf"] = {"eval": salts(r), "evalByCredential": {r.randbytes(n): salts(r) for n in (1, 16, 300)}}
    return {k: e[k] for k in r.sample(sorted(e), r.randint(1, 3))}


def parameter(r):
    return {"alg": r.choice([-7, -8, -257, -65535, 2**40]), "type": "public-key"}


def ask(ctap, r):
    pin = maybe(r, lambda: r.randbytes(16))
    ctap.make_credential(
        r.randbytes(32),
        {"id": "id.example", "name": text(r)},
        {"id": r.randbytes(r.choice([1, 24, 64])), "name": text(r), "displayName": text(r)},
        some(r, lambda: parameter(r)),
        maybe(r, lambda: some(r, lambda: descriptor(r))),
        maybe(r, lambda: extensions(r)),
        maybe(r, lambda: options(r)),
        pin,
        pin and 2,
    )
    ctap.get_assertion(
        "id.example",
        r.randbytes(32),
        maybe(r, lambda: some(r, lambda: descriptor(r))),
        maybe(r, lambda: extensions(r)),
        maybe(r, lambda: options(r)),
        pin,
        pin and 1,
    )


def main():
    recoded = [cbor.encode(cbor.decode(bytes.fromhex(b))).hex() for b in json.loads(sys.stdin.readline())]
    ctap = Ctap2(Road())
    for seed in range(100):
        ask(ctap, random.Random(seed))
    key = [{"alg": -7, "type": "public-key"}]
    made = ctap.make_credential(bytes(32), {"id": "a", "name": ""}, {"id": b"b", "name": "", "displayName": ""}, key)
    asserted = ctap.get_assertion("a", bytes(32))
    info = ctap.info
    print("result", json.dumps({
        "recoded": recoded,
        "info": plain([info.versions, info.extensions, info.aaguid, info.options, info.max_msg_size, info.pin_uv_protocols,
                       info.max_creds_in_list, info.max_cred_id_length, info.transports, info.algorithms]),
        "made": plain([made.fmt, made.auth_data, made.att_statement, made.ep_att, made.large_blob_key]),
        "object": AttestationObject.create(made.fmt, made.auth_data, made.att_statement).with_string_keys().hex(),
        "asserted": plain([asserted.credential, asserted.auth_data, asserted.signature, asserted.user, asserted.number_of_credentials,
                           asserted.user_selected, asserted.large_blob_key]),
        "codes": {int(c): c.name for c in CtapError.ERR},
    }))


main()
