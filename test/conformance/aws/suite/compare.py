"""Finds where two responses differ: error code, status, members and values."""

import dataclasses
import fnmatch


@dataclasses.dataclass(frozen=True, order=True)
class Difference:
    """One difference between the responses of moto and awssim to an operation."""

    operation: str  # ecs:DescribeServices
    what: str  # "error at <step>", "status at <step>" or a member's path, .services[].status
    moto: str
    awssim: str

    def __str__(self):
        return f"{self.operation} {self.what}: moto {self.moto}, awssim {self.awssim}"


ABSENT = "absent"


def compare(step, moto, awssim):
    """All differences of two outcomes of one step."""
    op = awssim.operation
    if moto.code != awssim.code:
        return [Difference(op, f"error at {step}", moto.code or "none", awssim.code or "none")]
    if moto.status != awssim.status:
        return [Difference(op, f"status at {step}", str(moto.status), str(awssim.status))]
    a, b = members(moto.shape, moto.response), members(awssim.shape, awssim.response)
    found = [Difference(op, path, a.get(path, ABSENT), b.get(path, ABSENT)) for path in sorted({*a, *b}) if a.get(path) != b.get(path)]
    # If one of them lacks a structure, it lacks its members too.
    gone = [d.what for d in found if ABSENT in (d.moto, d.awssim)]
    return [d for d in found if not any(d.what != g and d.what.startswith((g + ".", g + "[]", g + "{}")) for g in gone)]


def members(shape, response):
    """Every member by its path, with its type or, where AWS decides the value
    (enumerations, numbers, booleans), with each value once."""
    found = {}
    if shape is not None:
        _members(shape, response, "", found)
    return {path: ", ".join(sorted(values)) for path, values in found.items()}


def _members(shape, value, path, found):
    if shape.type_name == "structure":
        if path:
            found.setdefault(path, ["structure"])
        for name, v in value.items():
            if name in shape.members:
                _members(shape.members[name], v, f"{path}.{name}", found)
    elif shape.type_name == "list":
        _length(found, path, len(value))
        for v in value:
            _members(shape.member, v, path + "[]", found)
    elif shape.type_name == "map":
        _length(found, path, len(value))
        for v in value.values():
            _members(shape.value, v, path + "{}", found)
    else:
        _scalar(shape, value, path, found)


def _length(found, path, n):
    _add(found, path, f"{n} elements")


def _scalar(shape, value, path, found):
    told = getattr(shape, "enum", None) or shape.type_name in ("boolean", "integer", "long", "float", "double")
    if shape.type_name in ("float", "double"):
        value = f"{value:g}"
    text = str(value) if told else shape.type_name + (" (empty)" if value == "" else "")
    _add(found, path, text)


def _add(found, path, text):
    values = found.setdefault(path, [])
    if text not in values:
        values.append(text)


class Decisions:
    """The known differences and which of the two is right."""

    def __init__(self, entries):
        self.entries = entries
        self.used = [set() for _ in entries]

    def explain(self, difference):
        """The entry that lists a difference, or None."""
        for i, entry in enumerate(self.entries):
            for pattern in entry["where"]:
                if fnmatch.fnmatchcase(f"{difference.operation} {difference.what}", _literal(pattern)) and self._sides(entry, difference):
                    self.used[i].add(pattern)
                    return entry
        return None

    @staticmethod
    def _sides(entry, d):
        return all(fnmatch.fnmatchcase(side, _literal(str(entry[name]))) for name, side in (("moto", d.moto), ("awssim", d.awssim)) if name in entry)

    def gone(self):
        """Entries that are listed and no longer differ."""
        return [
            f"{pattern} ({entry['reason']})"
            for entry, used in zip(self.entries, self.used)
            for pattern in entry["where"]
            if pattern not in used
        ]


def _literal(pattern):
    """Paths contain brackets, which have a special meaning in fnmatch."""
    return pattern.replace("[", "[[]")
