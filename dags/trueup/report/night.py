"""The report of a night: one HTML file that holds all it needs, and its facts as JSON."""

import json
from pathlib import Path
from typing import Any

from trueup.nights import Night, sentence
from trueup.report import html

FINDINGS_SHOWN = 200


def write(night: Night, findings: list[Any], docs: str, folder: Path) -> dict[str, str]:
    """Write `<folder>/<night_id>/night.html` and `night.json`, and give their paths."""
    own = folder / night.night_id
    own.mkdir(parents=True, exist_ok=True)
    facts = {
        **night._asdict(),
        "looked_at": night.looked_at.isoformat(),
        "sentence": sentence(night),
        "findings": [row._asdict() for row in findings],
    }
    page = (
        html.environment(own)
        .get_template("night.html")
        .render(facts=facts, figures=night.figures, docs=docs, shown=FINDINGS_SHOWN)
    )
    paths = {"html": own / "night.html", "json": own / "night.json"}
    paths["html"].write_text(page, encoding="utf-8")
    paths["json"].write_text(json.dumps(facts, indent=2, ensure_ascii=False), encoding="utf-8")
    return {name: str(path) for name, path in paths.items()}
