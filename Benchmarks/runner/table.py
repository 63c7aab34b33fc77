"""Rows of the table, and the document around them."""

from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- table: written by make bench -->", "<!-- end of table -->"


@dataclass
class Row:
    name: str
    value: str
    unit: str
    target: str = ""
    verdict: str = "reference"
    note: str = ""


def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def plain(name, value, unit, note=""):
    return Row(name, number(value), unit, note=note)


def at_most(limit, name, value, unit, note=""):
    return Row(name, number(value), unit, f"≤ {number(limit)}", "pass" if value <= limit else "miss", note)


def at_least(limit, name, value, unit, note=""):
    return Row(name, number(value), unit, f"≥ {number(limit)}", "pass" if value >= limit else "miss", note)


def text(rows):
    marks = {"pass": "✓", "miss": "✗", "reference": ""}
    lines = ["| | figure | target | | |", "|---|---:|---|---|---|"]
    lines += [f"| {row.name} | {row.value} {row.unit} | {row.target} | {marks[row.verdict]} | {row.note} |" for row in rows]
    return "\n".join(lines)


def document(sections, facts, seconds):
    parts = [f"- {name}: {value}" for name, value in facts.items()]
    parts.append(f"- the measurements took {seconds / 60:.1f} minutes")
    for title, rows in sections:
        parts += ["", f"## {title}", "", text(rows)]
    return "\n".join(parts)


def write(body):
    before, rest = README.read_text().split(BEGIN, 1)
    README.write_text(f"{before}{BEGIN}\n{body}\n{END}{rest.split(END, 1)[1]}")
