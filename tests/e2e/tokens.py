"""JSON Web Tokens (RFC 7519) as clients bring them: good ones, and the parts of bad ones."""

import base64
import hmac
import json
import pathlib
import subprocess
import time

SECRET, OTHER_SECRET = "s" * 32, "o" * 32  # RFC 7518, 3.2: not less than a hash's size


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signing_input(claims: dict, algorithm: str) -> str:
    header = {"alg": algorithm, "typ": "JWT"}
    return ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))


def hs256(claims: dict, secret: str = SECRET) -> str:
    text = signing_input(claims, "HS256")
    return f"{text}.{encoded(hmac.digest(secret.encode(), text.encode(), 'sha256'))}"


def claims(lasts: int = 600, **others) -> dict:
    return {"tier": "gold", "sub": "acme", "exp": int(time.time()) + lasts} | others


def bearer(token: str) -> str:
    return f"Authorization: Bearer {token}"


class Ed25519:
    """A key of openssl's: its half of a JWK Set, and tokens by it."""

    def __init__(self, directory: pathlib.Path, name: str):
        self.key = directory / f"{name}.pem"
        subprocess.run(
            ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(self.key)], check=True
        )
        public = subprocess.run(
            ["openssl", "pkey", "-in", str(self.key), "-pubout", "-outform", "DER"],
            check=True,
            capture_output=True,
        )
        self.public = encoded(public.stdout[-32:])  # RFC 8410, 4

    def jwks(self) -> str:
        return json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": self.public}]})

    def token(self, of: dict) -> str:
        text = signing_input(of, "EdDSA")
        content = self.key.with_suffix(".txt")
        content.write_text(text)
        command = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", str(self.key)]
        run = subprocess.run([*command, "-in", str(content)], check=True, capture_output=True)
        return f"{text}.{encoded(run.stdout)}"
