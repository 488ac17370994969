"""Bundles of made-up text, for measurements that need a certain size and count."""

import pathlib
import random

NAME = "made-up"


def noise(size: int, seed: int) -> str:
    """That many bytes that do not compress to less than three quarters."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return "".join(random.Random(seed).choices(letters, k=size))


def script(lines: int, version: int, seed: int) -> str:
    """Like minified code: each version has other numbers in every fiftieth line."""
    numbers = random.Random(seed)
    changed = random.Random(seed * 1000 + version)
    text = []
    for line in range(lines):
        value = numbers.randrange(10**6)
        if line % 50 == version % 50:
            value = changed.randrange(10**6)
        text.append(f"function f{value:x}(a,b){{return a.{noise(4, value)}+b*{value}}}")
    return "\n".join(text)


def write(root: pathlib.Path, version: str, file: str, text: str) -> None:
    path = root / NAME / version / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def url(version: str, file: str) -> str:
    return f"/{NAME}@{version}/{file}"
