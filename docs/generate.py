# Copyright (c) ephemeral.k8s contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the reference from its sources, or with ``--check`` fail when a committed page is not what they say.

Modules, filters and lookups: docs/reference/, from their DOCUMENTATION and RETURN, as ``ansible-doc`` reads them.
Roles: the table of variables in each role's README, from meta/argument_specs.yml.
k8s-ee.yaml: docs/reference/k8s-ee.schema.json, from the dataclasses that validate it.
Events: docs/reference/triggers.md, by asking the function that decides.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
COLLECTION = "ephemeral.k8s"
PLUGINS = {"module": "modules", "filter": "filter", "lookup": "lookup", "inventory": "inventory"}
BEGIN, END = "<!-- variables: written by `make docs` -->", "<!-- end of variables -->"
_MARKUP = re.compile(r"\b(HORIZONTALLINE|(?:RV|[CVOEMPIBLU])\(((?:[^()\\]|\\.)*)\))")


def markdown(text: str | list[str]) -> str:
    """Ansible's documentation markup as Markdown on one line."""
    paragraphs = [text] if isinstance(text, str) else text

    def translate(match: re.Match[str]) -> str:
        kind, inner = match[1].split("(", 1)[0], (match[2] or "").replace("\\", "")
        match kind:
            case "I":
                return f"*{inner}*"
            case "B":
                return f"**{inner}**"
            case "L":
                label, _, address = inner.rpartition(",")
                return f"[{label.strip()}]({address.strip()})"
            case "U":
                return f"<{inner}>"
            case "O" | "RV":
                return f"`{inner.rpartition(':')[2]}`"
            case _:
                return f"`{inner}`"

    return " ".join(_MARKUP.sub(translate, paragraph).strip().replace("\n", " ") for paragraph in paragraphs)


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """A Markdown table; a pipe within a cell is escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def kind_of(option: Mapping[str, Any]) -> str:
    """``list of str``, ``dict``, or the choices."""
    if option.get("choices"):
        return " or ".join(f"`{choice}`" for choice in option["choices"])
    elements = option.get("elements")
    return f"{option.get('type', 'str')} of {elements}" if elements else str(option.get("type", "str"))


def default_of(option: Mapping[str, Any]) -> str:
    """The default as JSON, ``required``, or nothing."""
    if option.get("required"):
        return "**required**"
    return "" if option.get("default") is None else f"`{json.dumps(option['default'], ensure_ascii=False)}`"


def rows(options: Mapping[str, Any], *, prefix: str = "", nested: str = "options") -> Iterator[tuple[str, ...]]:
    """One row per option, nested ones below theirs by their dotted path."""
    for name, option in sorted(options.items()):
        path = f"{prefix}{name}"
        yield f"`{path}`", kind_of(option), default_of(option), markdown(option.get("description", ""))
        yield from rows(option.get(nested) or option.get("suboptions") or {}, prefix=f"{path}.", nested=nested)


def result_rows(values: Mapping[str, Any], *, prefix: str = "") -> Iterator[tuple[str, ...]]:
    """One row per returned value, nested ones below theirs."""
    for name, value in values.items():
        path = f"{prefix}{name}"
        yield f"`{path}`", kind_of(value), markdown(value.get("description", ""))
        yield from result_rows(value.get("contains") or {}, prefix=f"{path}.")


def plugin_page(name: str, kind: str, page: Mapping[str, Any]) -> str:
    """The page of one module or filter."""
    documentation = page["doc"]
    parts = [
        f"# {kind} `{name}`\n",
        f"{markdown(documentation['short_description'])}.\n",
        *(f"{markdown(paragraph)}\n" for paragraph in documentation["description"]),
    ]
    if options := documentation.get("options"):
        parts += ["## Options\n", table(("option", "type", "default", "meaning"), rows(options, nested="suboptions"))]
    if attributes := documentation.get("attributes"):
        cells = ((f"`{a}`", value["support"], markdown(value.get("details") or "")) for a, value in attributes.items())
        parts += ["## Attributes\n", table(("attribute", "support", "detail"), cells)]
    if examples := (page.get("examples") or "").strip():
        parts += ["## Examples\n", f"```yaml\n{examples}\n```\n"]
    if results := page.get("return"):
        parts += ["## Returned\n", table(("value", "type", "meaning"), result_rows(results))]
        samples = {key: value["sample"] for key, value in results.items() if value.get("sample") is not None}
        if samples:
            parts += [f"```json\n{json.dumps(samples, indent=2, ensure_ascii=False)}\n```\n"]
    return "\n".join(parts)


def plugin_pages() -> Iterator[tuple[Path, str]]:
    """The pages of all modules, filters and inventory plugins, and their index."""
    index = [
        "# Reference\n",
        "Written by `make docs` from the sources; `make test-fast` fails when a page is behind them.\n",
    ]
    for kind, folder in PLUGINS.items():
        names = sorted(
            f"{COLLECTION}.{path.stem}"
            for path in (ROOT / "plugins" / folder).glob("*.*")
            if path.suffix in {".py", ".yml"} and not path.stem.startswith("_")
        )
        if not names:
            continue
        command = ["ansible-doc", "--json", "--type", kind, *names]
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if found.returncode:
            sys.exit(f"docs: {' '.join(command)} failed: {found.stderr.strip()}")
        pages = json.loads(found.stdout)
        if missing := sorted(set(names) - set(pages)):
            sys.exit(f"docs: {kind} {', '.join(missing)} has no readable DOCUMENTATION: {found.stderr.strip()}")
        index.append(f"## {kind.capitalize()}s\n" if kind != "inventory" else "## Inventory\n")
        for name in names:
            file = Path(kind) / f"{name.rpartition('.')[2]}.md"
            yield REFERENCE / file, plugin_page(name, kind.capitalize(), pages[name])
            index.append(f"- [`{name}`]({file}): {markdown(pages[name]['doc']['short_description'])}")
        index.append("")
    index += [
        "## Files\n",
        "- [`k8s-ee.yaml`](k8s-ee.schema.json): its JSON schema, for editors",
        "",
        "## GitHub\n",
        "- [What happens when](triggers.md): events, labels and commands, and what each comes to",
    ]
    yield REFERENCE / "README.md", "\n".join(index) + "\n"


def role_pages() -> Iterator[tuple[Path, str]]:
    """The README of every role: its own words, with the table of variables between two markers."""
    for spec in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        role, readme = spec.parent.parent.name, spec.parent.parent / "README.md"
        entry = yaml.safe_load(spec.read_text(encoding="utf-8"))["argument_specs"]["main"]
        about = f"# Role `{COLLECTION}.{role}`\n\n{markdown(entry['short_description'])}.\n\n{BEGIN}\n{END}\n"
        text = readme.read_text(encoding="utf-8") if readme.exists() else about
        if BEGIN not in text or END not in text:
            text = f"{text.rstrip()}\n\n## Variables\n\n{BEGIN}\n{END}\n"
        options = entry.get("options") or {}
        body = table(("variable", "type", "default", "meaning"), rows(options)) if options else "It has no variables.\n"
        before, _, rest = text.partition(BEGIN)
        yield readme, f"{before}{BEGIN}\n\n{body}\n{END}{rest.partition(END)[2]}"


def schema_page() -> Iterator[tuple[Path, str]]:
    """The JSON schema of k8s-ee.yaml."""
    from ansible_collections.ephemeral.k8s.plugins.module_utils.schema import schema

    yield REFERENCE / "k8s-ee.schema.json", json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def triggers_page() -> Iterator[tuple[Path, str]]:
    """The table of events."""
    from triggers import page

    yield REFERENCE / "triggers.md", page()


def main(*, check: bool) -> int:
    """Write every page, or name those that are behind; exit code 1 when one is."""
    sys.path.insert(0, str(ROOT / ".collections"))
    pages = dict([*plugin_pages(), *role_pages(), *schema_page(), *triggers_page()])
    written = {path for path in REFERENCE.rglob("*") if path.is_file()}
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    orphans = sorted(written - set(pages))
    if check:
        for path in [*stale, *orphans]:
            print(f"{path.relative_to(ROOT)} is behind its source; run: make docs")
        return 1 if stale or orphans else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages[path], encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    for path in orphans:
        path.unlink()
        print(f"removed {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
