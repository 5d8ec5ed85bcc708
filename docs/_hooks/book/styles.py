"""Style sheets without what no page needs: the theme brings the styles of all that it can do.

A rule is needed if each class, palette and direction that it names stands in a page or a script, a
variable if a rule or a script reads it, an animation or a font if a declaration names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

_COMMENT_OR_QUOTED = re.compile(r"""/\*.*?\*/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""", re.S)
_TOKEN = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^{};"'])+|[{};]""", re.S)
_OF_RULES = re.compile(r"@(?:media|supports|layer|container|(?:-\w+-)?keyframes)\b")
_KEYFRAMES = re.compile(r"@(?:-\w+-)?keyframes\s+([\w-]+)")
_FAMILY = re.compile(r"font-family\s*:\s*(.*)", re.S)
_ALTERNATIVES = re.compile(r",(?![^(]*\))(?![^\[]*\])")
_IN_PARENTHESES = re.compile(r"\([^()]*\)")
_CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
_VALUE = re.compile(r"\[((?:dir|data-md-color-(?:primary|accent|scheme))=)[\"']?([\w-]+)[\"']?\]")
_READ = re.compile(r"var\(\s*(--[\w-]+)")
_WORD = re.compile(r"[\w-]+")
_CLASSES = re.compile(r' class="([^"]*)"')
_VALUES = re.compile(r' (?:dir|data-md-color-\w+)="[^"]*"')


@dataclass(frozen=True)
class Rule:
    """What stands before a brace, and in it: declarations, or more rules. A statement has neither."""

    head: str
    declarations: tuple[str, ...] | None = None
    rules: tuple[Rule, ...] | None = None

    def __str__(self) -> str:
        if self.rules is not None:
            return f"{self.head}{{{''.join(map(str, self.rules))}}}"
        if self.declarations is not None:
            return f"{self.head}{{{';'.join(self.declarations)}}}"
        return f"{self.head};"


def names_in(pages: Iterable[str], scripts: Iterable[str]) -> set[str]:
    """Every class, palette, direction and variable that the pages use, and every word of the scripts."""
    names: set[str] = set()
    for page in pages:
        for value in set(_CLASSES.findall(page)):
            names.update(value.split())
        names.update(value.strip().replace('"', "") for value in _VALUES.findall(page))
        names.update(_READ.findall(page))
    for script in scripts:
        names.update(_WORD.findall(script))
    return names


def needed(sheets: dict[str, str], names: set[str]) -> dict[str, str]:
    """The style sheets without what is not needed where these names are used, and no others."""
    left = {name: tuple(_living(parse(text), names)) for name, text in sheets.items()}
    before = None
    while left != before:
        before = left
        used = [text for rules in left.values() for text in _used(rules)]
        read = names.union(*map(_READ.findall, used))
        words = set().union(*map(_WORD.findall, used))
        left = {name: tuple(_wanted(rules, read, words)) for name, rules in left.items()}
    return {name: "".join(map(str, rules)) for name, rules in left.items()}


def parse(text: str) -> tuple[Rule, ...]:
    """The rules of a style sheet, in order, without comments and needless spaces."""
    plain = _COMMENT_OR_QUOTED.sub(lambda m: "" if m[0].startswith("/*") else m[0], text)
    return tuple(_rules(iter(_TOKEN.findall(plain))))


def _rules(tokens: Iterator[str]) -> Iterator[Rule]:
    head = ""
    for token in tokens:
        if token == "}":
            return
        if token == "{":
            if _OF_RULES.match(head):
                yield Rule(head, rules=tuple(_rules(tokens)))
            else:
                yield Rule(head, declarations=tuple(_declarations(tokens)))
            head = ""
        elif token == ";":
            if head:
                yield Rule(head)
            head = ""
        else:
            head = " ".join(token.split())


def _declarations(tokens: Iterator[str]) -> Iterator[str]:
    for token in tokens:
        if token == "}":
            return
        if token == "{":
            raise ValueError("a rule within a rule: `styles` needs to learn to read it.")
        if token != ";" and token.strip():
            name, _, value = token.strip().partition(":")
            yield f"{name}:{value.strip()}"


def _living(rules: Iterable[Rule], names: set[str]) -> Iterator[Rule]:
    """The rules that may apply to something."""
    for rule in rules:
        if rule.rules is not None:
            if inner := tuple(_living(rule.rules, names)):
                yield replace(rule, rules=inner)
        elif rule.declarations is None or rule.head.startswith("@"):
            yield rule
        else:
            alive = [s for s in _ALTERNATIVES.split(rule.head) if _applies(s, names)]
            if alive:
                yield replace(rule, head=",".join(alive))


def _applies(selector: str, names: set[str]) -> bool:
    """Whether all that a selector asks for by itself is there; what it only excludes may be missing."""
    bare = selector
    while (shorter := _IN_PARENTHESES.sub("", bare)) != bare:
        bare = shorter
    return names.issuperset(map("".join, _VALUE.findall(bare))) and names.issuperset(
        _CLASS.findall(re.sub(r"\[[^\]]*\]", "", bare))
    )


def _used(rules: Iterable[Rule]) -> Iterator[str]:
    """The values of all declarations, but for those that say what a font is."""
    for rule in rules:
        if rule.rules is not None:
            yield from _used(rule.rules)
        elif rule.declarations is not None and rule.head != "@font-face":
            for declaration in rule.declarations:
                yield declaration.partition(":")[2]


def _wanted(rules: Iterable[Rule], read: set[str], words: set[str]) -> Iterator[Rule]:
    """The rules without variables, animations and fonts that nothing asks for."""
    for rule in rules:
        frames = _KEYFRAMES.match(rule.head)
        if frames and frames[1] not in words:
            continue
        if rule.rules is not None:
            if inner := tuple(_wanted(rule.rules, read, words)):
                yield replace(rule, rules=inner)
        elif rule.declarations is None:
            yield rule
        elif rule.head == "@font-face":
            family = next(filter(None, map(_FAMILY.match, rule.declarations)))
            if words.issuperset(_WORD.findall(family[1])):
                yield rule
        else:
            kept = tuple(
                declaration
                for declaration in rule.declarations
                if not declaration.startswith("--") or declaration.partition(":")[0] in read
            )
            if kept:
                yield replace(rule, declarations=kept)
