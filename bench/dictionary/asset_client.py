"""A client of one connection over TLS that keeps what it got, as a browser keeps dictionaries."""

import base64
import hashlib
import http.client
import ssl
import subprocess
import tempfile

from node import Node


def digest_field(content: bytes) -> str:
    """As Available-Dictionary has it (RFC 9842, 2.2)."""
    return f":{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def decoded(content: bytes, coding: str, dictionary: bytes | None) -> bytes:
    """By the programs of others."""
    if coding == "br":
        command = ["brotli", "-dc"]
        return subprocess.run(command, input=content, capture_output=True, check=True).stdout
    if coding != "dcz":
        return content
    with tempfile.NamedTemporaryFile() as file:
        file.write(dictionary)
        file.flush()
        # The first 40 bytes are a frame that decoders skip.
        command = ["zstd", "-dcq", "--long=27", f"--patch-from={file.name}"]
        return subprocess.run(command, input=content, capture_output=True, check=True).stdout


class AssetClient:
    def __init__(self, node: Node):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        port = node.port("https")
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)

    def get(self, path: str, has: bytes | None = None) -> tuple[str, bytes]:
        """The coding, and the content as it came."""
        fields = {"accept-encoding": "br, dcz"}
        if has is not None:
            fields["available-dictionary"] = digest_field(has)
        self._connection.request("GET", path, headers=fields)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return answer.getheader("content-encoding", "identity"), content

    def close(self) -> None:
        self._connection.close()
