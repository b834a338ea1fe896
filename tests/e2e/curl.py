"""What docs/integrating.md asks of `curl`, for a machine without one: sends a request, prints and notes its answer.

A word that the page does not use is refused. The notes go to the file that ANSWERS names, one JSON object a line.
"""

import json
import os
import sys
from argparse import ArgumentParser
from pathlib import Path

import httpx


def main() -> int:
    """Send one request."""
    parser = ArgumentParser(allow_abbrev=False)
    parser.add_argument("url")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="data")
    parser.add_argument("--data-binary", dest="file", type=lambda word: Path(word.removeprefix("@")))
    asked = parser.parse_args()
    content = asked.data.encode() if asked.file is None else asked.file.read_bytes()
    headers = dict(header.split(": ", 1) for header in asked.headers)
    answer = httpx.request(asked.method, asked.url, headers=headers, content=content, timeout=60, trust_env=False)
    sys.stdout.write(answer.text)
    note = {"asked": f"{asked.method} {answer.url.path}", "status": answer.status_code, "body": answer.json()}
    with Path(os.environ["ANSWERS"]).open("a") as answers:
        answers.write(json.dumps(note) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
