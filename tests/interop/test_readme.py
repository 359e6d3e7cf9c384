"""The README's receiver for Node.js, run as it stands there over what we sign."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.channels.webhook import decode_secret, signature_headers
from tests.support.documents import GUIDE, blocks

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
BODY = '{"said": "Résumé − 细胞"}'.encode()

ASKED = """
const cases = JSON.parse(process.argv[2]);
const read = ([headers, body]) => verified(process.argv[3], headers, Buffer.from(body, "base64"));
console.log(JSON.stringify(cases.map(read)));
"""


def test_the_receiver_for_node_verifies_what_is_sent(tmp_path: Path) -> None:
    """It accepts our signature, one of several too, and refuses another body, id, time, or none."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node runs it")
    (source,) = (block for block in blocks(GUIDE, "js") if "webhook-signature" in block)
    script = tmp_path / "receiver.mjs"
    script.write_text(source + ASKED, "utf-8")
    now = datetime.now(UTC)
    key = decode_secret(SECRET, "k")
    good = dict(signature_headers([key], "dlv_1", now, BODY))
    several = dict(signature_headers([b"o" * 32, key], "dlv_1", now, BODY))
    stale = dict(signature_headers([key], "dlv_1", now - timedelta(minutes=6), BODY))
    cases = [
        (good, BODY, True),
        (several, BODY, True),
        (good, BODY + b" ", False),
        (good | {"webhook-id": "dlv_2"}, BODY, False),
        (good | {"webhook-timestamp": str(int(time.time()) + 1)}, BODY, False),
        (good | {"webhook-timestamp": "soon"}, BODY, False),
        (stale, BODY, False),
        (good | {"webhook-signature": "v1,é v1a,"}, BODY, False),
    ]
    told = json.dumps([(headers, base64.b64encode(body).decode()) for headers, body, _ in cases])
    ran = subprocess.run([node, str(script), told, SECRET], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == [wanted for _, _, wanted in cases]
