"""Parses the deployment files named on standard input: JSON always, YAML where PyYAML is at hand."""

import json
import sys

try:
    import yaml
except ImportError:
    yaml = None


class Strict(yaml.SafeLoader if yaml else object):
    """A loader that refuses a key given twice, which YAML parsers otherwise take in silence."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"keys given twice: {sorted(twice)}", node.start_mark)
        return super().construct_mapping(node, deep)


def parse(path):
    with open(path, encoding="utf-8") as file:
        if path.endswith(".json"):
            json.load(file)
        elif path.endswith((".yaml", ".yml")) and yaml:
            list(yaml.load_all(file, Loader=Strict))


failed = False
for path in sys.stdin.read().split():
    try:
        parse(path)
    except Exception as error:  # whatever a parser raises is a finding
        print(f"{path}: {error}", file=sys.stderr)
        failed = True
sys.exit(failed)
