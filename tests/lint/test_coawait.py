#!/usr/bin/env python3
"""Keeps co_await out of statements that g++ 12 compiles wrongly.

With -std=c++20 it destroys some temporaries of a full-expression twice when the expression
suspends. Those forms are: a lambda that captures, a temporary made with braces, a braced list as an
argument, and a conditional operator. One co_await a statement, and its operands are names, moves of
names or calls with names. Lambdas are not coroutines here at all: their captures die early.
"""

import re

from sources import code_of, cxx_files, line_of, place, report

OPENING, CLOSING = "([{", ")]}"
AWAIT = re.compile(r"\bco_await\b")
CAPTURING_LAMBDA = re.compile(r"\[\s*[&=\w*][^\[\]]*\]\s*(?:\([^()]*\)\s*)?[\w\s>:-]*\{")
BRACED_ARGUMENT = re.compile(r"[(,=]\s*\{")
BRACED_TEMPORARY = re.compile(r"[\w>]\s*\{")
CONDITIONAL = re.compile(r"\?[^:]*:")


def is_block(text: str, brace: int) -> bool:
    """Whether the { at this position opens a block of statements and not a value."""
    before = text[:brace].rstrip()
    if not before or before[-1] in ";{}":
        return True
    # if (...) {   for (...) {   f() const {   -> T {   else {   do {
    if before[-1] == ")":
        return True
    word = re.search(r"(\w+)$", before)
    if word and word[1] in ("else", "do", "try", "const", "noexcept", "override", "mutable"):
        return True
    return bool(re.search(r"\)\s*(?:const\s*)?(?:noexcept\s*)?->\s*[\w:<>,\s&*]+$", before))


def statement_around(text: str, position: int) -> str:
    """The full-expression with this position, between the ; or block braces on both sides."""
    begin, depth = position, 0
    while begin > 0:
        character = text[begin - 1]
        if character in CLOSING:
            if character == "}" and depth == 0 and ends_a_block(text, begin - 1):
                break
            depth += 1
        elif character in OPENING:
            if character == "{" and depth == 0 and is_block(text, begin - 1):
                break
            depth = max(0, depth - 1)
        elif character == ";" and depth == 0:
            break
        begin -= 1
    end, depth = position, 0
    while end < len(text):
        character = text[end]
        if character in OPENING:
            if character == "{" and is_block(text, end) and depth <= 0:
                break
            depth += 1
        elif character in CLOSING:
            depth -= 1
            if character == "}" and depth < 0:
                break
        elif character == ";" and depth <= 0:
            break
        end += 1
    return text[begin:end]


def ends_a_block(text: str, closing: int) -> bool:
    """Whether the } at this position closes a block of statements."""
    depth = 0
    for position in range(closing, -1, -1):
        if text[position] == "}":
            depth += 1
        elif text[position] == "{":
            depth -= 1
            if depth == 0:
                return is_block(text, position)
    return True


def fault_of(statement: str) -> str | None:
    if len(AWAIT.findall(statement)) > 1:
        return "another co_await in the same statement"
    if CAPTURING_LAMBDA.search(statement):
        return "a lambda that captures"
    if BRACED_ARGUMENT.search(statement):
        return "a braced list"
    if BRACED_TEMPORARY.search(statement):
        return "a braced temporary"
    if CONDITIONAL.search(statement.replace("::", "  ")):
        return "a conditional operator"
    return None


def faults_in(text: str) -> list[tuple[int, str]]:
    """(line, what is wrong) of every co_await that g++ 12 may get wrong."""
    code = code_of(text)
    faults = []
    for match in AWAIT.finditer(code):
        if fault := fault_of(statement_around(code, match.start())):
            faults.append((line_of(code, match.start()), fault))
    return faults


# The lint is only worth what it catches: these are checked first, every time.
BAD = {
    "void f() { auto n = co_await read([&x](int i) { return i + x; }); }": "a lambda that captures",
    "void f() { co_await send(Frame{1, 2}); }": "a braced temporary",
    "void f() { co_await send({1, 2}); }": "a braced list",
    "void f() { co_await (fast ? a() : b()); }": "a conditional operator",
    "void f() { use(co_await a(), co_await b()); }": "another co_await in the same statement",
    "void f() { if (x) { y(); } co_await send(Frame{}); }": "a braced temporary",
    "void f() { Result r{co_await a()}; }": "a braced temporary",
}
GOOD = [
    "task f() { Frame frame{1, 2}; co_await send(std::move(frame)); }",
    "task f() { for (;;) { auto n = co_await read(buffer); if (!n) { co_return; } } }",
    "task f() { if (auto r = co_await read(x); !r) { y(Frame{1}); } }",
    "task f() { int n = cold ? 1 : 2; co_await wait(n); Frame after{n}; }",
    "task f() { // co_await with {braces} ? in : comments\n  co_await a(\"{?:\"); }",
    "awaitable<void> S::f(int n) const { co_await a(n); }",
]


def self_check() -> list[str]:
    wrong = []
    for text, expected in BAD.items():
        found = [fault for _, fault in faults_in(text)]
        if expected not in found:
            wrong.append(f"this lint says {found} instead of {expected!r} about: {text}")
    for text in GOOD:
        if found := faults_in(text):
            wrong.append(f"this lint says {found} about a good statement: {text}")
    return wrong


def main() -> None:
    findings = self_check()
    files = cxx_files("src", "include", "tests")
    for path in files:
        for line, fault in faults_in(path.read_text()):
            findings.append(f"{place(path, line)}: co_await with {fault}; name the object first")
    report(findings, len(files), "files")


main()
