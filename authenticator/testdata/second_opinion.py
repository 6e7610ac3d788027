"""A second opinion on what the authenticator signs: python-fido2, as Debian has it.

Reads a JSON list of {"made", "make_hash", "asserted", "get_hash"}, responses of CTAP
and hashes of client data in hex. Verifies statement and assertion, and that neither
verifies for another hash. Writes a JSON list of what it saw.
"""

import json
import sys

from cryptography.exceptions import InvalidSignature as WrongSignature
from fido2.attestation import Attestation, InvalidSignature
from fido2.cose import CoseKey
from fido2.ctap2 import AssertionResponse, AttestationObject

seen = []
for case in json.load(sys.stdin):
    made = AttestationObject(bytes.fromhex(case["made"]))
    make_hash = bytes.fromhex(case["make_hash"])
    attestation = Attestation.for_type(made.fmt)()
    result = attestation.verify(made.att_statement, made.auth_data, make_hash)
    if made.fmt != "none":
        try:
            attestation.verify(made.att_statement, made.auth_data, bytes(32))
            sys.exit("a statement for other client data")
        except InvalidSignature:
            pass
    key = CoseKey.parse(made.auth_data.credential_data.public_key)
    asserted = AssertionResponse(bytes.fromhex(case["asserted"]))
    asserted.verify(bytes.fromhex(case["get_hash"]), key)
    try:
        asserted.verify(bytes(32), key)
        sys.exit("an assertion for other client data")
    except WrongSignature:
        pass
    if asserted.credential["id"] != made.auth_data.credential_data.credential_id:
        sys.exit("another credential")
    seen.append(
        "%s %s %d %s %s %s"
        % (
            made.fmt,
            result.attestation_type.name,
            key.ALGORITHM,
            made.auth_data.is_user_verified() and asserted.auth_data.is_user_verified(),
            asserted.user["id"].decode(),
            asserted.user_selected,
        )
    )
json.dump(seen, sys.stdout)
