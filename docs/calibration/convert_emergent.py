"""Turn the Emergent rumour data into the table that `manage.py calibrate` reads.

    python docs/calibration/convert_emergent.py edata_all.csv > emergent.jsonl

Each claim that Emergent settled as true or false is a case, each article a note at second hand: `for` supports,
`against` disputes, `observing` is context. Texts and headlines are left out. The data has no days of publication.
"""

import csv
import json
import sys
from collections.abc import Iterable, Iterator

STANCE = {"for": "supports", "against": "disputes", "observing": "context"}
TRUTH = {"true": True, "false": False}
TAKEN_ON = "2015-06-14"  # the day in the name of the original file


def cases(articles: Iterable[dict[str, str]]) -> Iterator[dict[str, object]]:
    settled: dict[str, list[dict[str, str]]] = {}
    for article in articles:
        if article["claimTruth"] in TRUTH:
            settled.setdefault(article["claimId"], []).append(article)
    for claim, about in sorted(settled.items()):
        yield {
            "case": claim,
            "truth": TRUTH[about[0]["claimTruth"]],
            "as_of": TAKEN_ON,
            "notes": [_note(article) for article in sorted(about, key=lambda article: article["articleId"])],
        }


def _note(article: dict[str, str]) -> dict[str, object]:
    return {
        "id": article["articleId"],
        "publisher": article["source"].lower().removeprefix("www."),
        "credibility": 2,
        "stance": STANCE[article["articleHeadlineStance"]],
    }


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        for case in cases(csv.DictReader(file)):
            print(json.dumps(case))
