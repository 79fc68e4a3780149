"""Validates OCSF events, one JSON object a line, against the schema of their class.

usage: ocsf_validate.py FILE...

Needs `pip install ocsf-json-schema jsonschema`. The class is that of `class_uid`, the profiles are
those of `metadata.profiles`. Metrics and spans (no `class_uid`) are not OCSF: they are counted and
only checked to be JSON. An object that has a name twice is a failure. Exits with 1 on any failure.
"""

import collections
import functools
import json
import sys

import jsonschema
import ocsf_json_schema

VERSION = "1.8.0"
SHOWN_FAILURES = 50


@functools.cache
def schemas():
    return ocsf_json_schema.OcsfJsonSchemaEmbedded(ocsf_json_schema.get_ocsf_schema(VERSION))


@functools.cache
def validator(class_uid, profiles):
    name = schemas().lookup_class_name_from_uid(class_uid)
    schema = schemas().get_class_schema(name, list(profiles))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def once(pairs):
    names = [name for name, _ in pairs]
    twice = [name for name, count in collections.Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"name twice in an object: {twice}")
    return dict(pairs)


def failures(line):
    """The class name and what is wrong with one line."""
    try:
        event = json.loads(line, object_pairs_hook=once)
    except ValueError as error:
        return "?", [str(error)]
    if "class_uid" not in event:
        return event.get("class_name", "?"), []
    if event["metadata"].get("version") != VERSION:
        return event.get("class_name", "?"), ["metadata.version is not " + VERSION]
    profiles = tuple(event["metadata"].get("profiles", []))
    errors = validator(event["class_uid"], profiles).iter_errors(event)
    return event.get("class_name", "?"), [f"{e.json_path}: {e.message[:300]}" for e in errors]


def main(paths):
    checked, failed = collections.Counter(), 0
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                name, errors = failures(line)
                checked[name] += 1
                failed += bool(errors)
                if failed <= SHOWN_FAILURES:
                    for error in errors:
                        print(f"{path}:{number}: {name}: {error}")
    for name, count in sorted(checked.items()):
        print(f"{name}: {count} checked")
    print(f"{failed} failed")
    return 1 if failed or not checked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
