"""Invite the people of a spreadsheet through the API of the identity service.

    SESAME_ISSUER=… SESAME_CLIENT_ID=… SESAME_CLIENT_SECRET=… python -m examples.provision people.csv

The first line of the CSV file names the columns: address, given_name, family_name, locale, product, role. What
became of each line is printed; the exit code is 1 when one was refused. A file may be sent again: who is one of the
company's people, or was invited with the same line today, gets no second mail.
"""

import csv
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

COLUMNS = ("address", "given_name", "family_name", "locale", "product", "role")
TIMEOUT = 30
TRIES = 5
DONE = ("invited", "invited before", "there already")


class Api:
    """The API for one service, which works for one company."""

    def __init__(self, issuer: str, client_id: str, secret: str) -> None:
        self._base = f"{issuer}/api/v1"
        self._http = requests.Session()
        answer = self._http.post(
            f"{issuer}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(client_id, secret),
            timeout=TIMEOUT,
        )
        answer.raise_for_status()
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One call; when the service asks to wait, it waits and calls again. With an `Idempotency-Key` that is safe."""
        for _ in range(TRIES):
            answer = self._http.request(method, self._base + path, timeout=TIMEOUT, **options)
            if answer.status_code not in (429, 503):
                break
            time.sleep(int(answer.headers.get("Retry-After", "2")))
        return answer

    def company(self) -> str:
        """The company that the service works for."""
        answer = self.call("GET", "/companies")
        answer.raise_for_status()
        return str(answer.json()["data"][0]["id"])


def people(path: Path) -> Iterator[dict[str, str]]:
    """The lines of the file; `utf-8-sig` because spreadsheets put a mark in front."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise SystemExit(f"{path}: the first line lacks {', '.join(sorted(missing))}")
        for line in reader:
            yield {name: (line[name] or "").strip() for name in COLUMNS}


def invite(api: Api, company: str, person: dict[str, str]) -> str:
    """Invite one person; answers what became of it, in a few words."""
    body: dict[str, Any] = {name: person[name] for name in ("address", "given_name", "family_name", "locale")}
    body["roles"] = {person["product"]: person["role"]}
    key = hashlib.sha256(json.dumps([company, body], sort_keys=True).encode()).hexdigest()
    answer = api.call("POST", f"/companies/{company}/invitations", json=body, headers={"Idempotency-Key": key})
    if answer.status_code == 201:
        return "invited before" if answer.headers.get("Idempotent-Replayed") else "invited"
    problem = answer.json()
    code = problem["type"].rpartition("/")[2]
    if code == "already_member":
        return "there already"
    return f"refused: {code}" + (f" ({problem['field']})" if "field" in problem else "")


def main(path: str) -> int:
    """Everybody of the file; the exit code."""
    api = Api(*(os.environ[f"SESAME_{name}"] for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET")))
    company = api.company()
    failed = 0
    for person in people(Path(path)):
        outcome = invite(api, company, person)
        failed += outcome not in DONE
        print(f"{person['address']}: {outcome}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
