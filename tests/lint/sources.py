"""What the lints share: the files of the repository, and how a finding is reported."""

import os
import pathlib
import re
import sys

SOURCE = pathlib.Path(os.environ.get("SELVEDGE_SOURCE", pathlib.Path(__file__).parents[2]))

_COMMENT_OR_LITERAL = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | R"(\w*)\(.*?\)\1" | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])+'""",
    re.DOTALL | re.VERBOSE,
)


def cxx_files(*folders: str) -> list[pathlib.Path]:
    return sorted(
        path
        for folder in folders
        for path in (SOURCE / folder).rglob("*")
        if path.suffix in (".cpp", ".hpp")
    )


def code_of(text: str) -> str:
    """The text with comments and literals blanked; every position and line stays where it was."""
    return _COMMENT_OR_LITERAL.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def place(path: pathlib.Path, line: int) -> str:
    return f"{path.relative_to(SOURCE)}:{line}"


def report(findings: list[str], checked: int, what: str) -> None:
    """Prints the findings and exits; nothing to check is a failure too, or a moved folder would
    turn the lint off without a word."""
    for finding in findings:
        print(finding)
    print(f"{checked} {what} checked, {len(findings)} findings")
    sys.exit(1 if findings or not checked else 0)
