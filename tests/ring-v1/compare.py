"""Whether ring_v1.py and the program ring_v1_answers agree, in random cases and the vectors."""

import argparse
import json
import pathlib
import random
import string
import subprocess
import sys

from ring_v1 import Ring, hash64, point

VECTORS = pathlib.Path(__file__).parent.parent / "unit/placement/ring_v1.json"
# The example of docs/ring-v1.md: key, replicas, excluded, nodes, zoneRelaxed.
EXAMPLE = [
    ("shop/orders/us", 2, [], ["node-3", "node-2"], False),
    ("shop/orders/us", 2, ["node-3"], ["node-2", "node-1"], True),
    ("shop/orders/fr", 2, [], ["node-2", "node-3"], False),
    ("shop/orders/fr", 9, [], ["node-2", "node-3", "node-1"], False),
]
EXAMPLE_MEMBERS = [
    {"name": "node-1", "zone": "a"},
    {"name": "node-2", "zone": "a", "weight": 150},
    {"name": "node-3", "zone": "b"},
]
# H gives both names of a pair one value, so they share every point.
EQUAL_NAMES = [["eu90mvp2", "vo7hcvk"], ["noy27baa", "9qgdkjk"]]
LETTERS = string.ascii_lowercase + string.digits


def label(dice, longest):
    return "".join(dice.choices(LETTERS, k=dice.randint(1, longest)))


def names(dice, count):
    """Distinct names: of one prefix, as random as they may be, or some whose points are equal."""
    prefix = dice.choice(["", "node-", "ip-10-0-0-", label(dice, 40) + "."])
    found = {f"{prefix}{dice.randrange(10 * count)}" for _ in range(count)}
    if dice.random() < 0.2:
        found.add(".".join(label(dice, 63) for _ in range(dice.randint(1, 3))))
    if dice.random() < 0.1:
        found.update(dice.choice(EQUAL_NAMES))
    return dice.sample(sorted(found), len(found))


def random_case(dice):
    zones = [label(dice, 63) for _ in range(dice.choice([1, 1, 2, 3, 3, 7]))] + [""]
    if dice.random() < 0.7:
        zones.pop()
    rare = dice.random() < 0.3  # most members in one zone
    weighted = dice.random() < 0.5
    members = []
    for name in names(dice, dice.choice([1, 2, 3, 5, 8, 13, 30])):
        member = {"name": name}
        if zone := zones[0] if rare and dice.random() < 0.8 else dice.choice(zones):
            member["zone"] = zone
        if weighted and dice.random() < 0.6:
            member["weight"] = dice.choice([1, 49, 50, 51, 150, dice.randint(1, 1000)])
        members.append(member)
    if dice.random() < 0.01:
        dice.choice(members)["weight"] = dice.randint(1000, 10000)
    return {
        "virtualNodes": dice.choice([1, 1, 2, 3, dice.randint(1, 40), dice.randint(1, 260)]),
        "members": members,
        "children": [random_child(dice, members) for _ in range(3)],
    }


def random_child(dice, members):
    key = "/".join(label(dice, dice.choice([3, 8, 63])) for _ in range(3))
    excluded = []
    if dice.random() < 0.4:
        some = [member["name"] for member in members] + ["nobody"]
        excluded = dice.choices(some, k=dice.randint(1, len(some)))
    replicas = dice.choice([0, 1, 2, 3, dice.randint(1, len(members) + 2), len(members)])
    return {"key": key, "replicas": replicas, "excluded": excluded}


def answers_of(ring, children):
    placed = (ring.place(child["key"], child["replicas"], child["excluded"]) for child in children)
    return [{"nodes": nodes, "zoneRelaxed": relaxed} for nodes, relaxed in placed]


def compare(program, cases):
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    told = subprocess.run([program], input=lines, stdout=subprocess.PIPE, text=True, check=True)
    answers = [json.loads(line) for line in told.stdout.splitlines()]
    if len(answers) != len(cases):
        sys.exit(f"{len(cases)} cases, {len(answers)} answers")
    for number, (case, theirs) in enumerate(zip(cases, answers)):
        ours = answers_of(Ring(case["members"], case["virtualNodes"]), case["children"])
        if ours != theirs:
            sys.exit(f"case {number}: {json.dumps(case)}\nring_v1.py: {ours}\nC++: {theirs}")


def check_known_answers():
    ring = Ring(EXAMPLE_MEMBERS, 2)
    for key, replicas, excluded, *expected in EXAMPLE:
        assert list(ring.place(key, replicas, excluded)) == expected, key
    vectors = json.loads(VECTORS.read_text())
    for one in vectors["hashes"]:
        assert str(hash64(one["text"], one["seed"])) == one["hash"], one
    for one in vectors["points"]:
        assert str(point(one["name"], one["i"])) == one["point"], one
    for case in vectors["cases"]:
        ring = Ring(case["members"], case["virtualNodes"])
        for child in case["children"]:
            told = ring.place(child["key"], child["replicas"], child.get("excluded", ()))
            assert told == (child["nodes"], child.get("zoneRelaxed", False)), child


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("program")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--cases", type=int, default=10_000)
    given = options.parse_args()
    check_known_answers()
    dice = random.Random(given.seed)
    compare(given.program, [random_case(dice) for _ in range(given.cases)])
    print(f"{given.cases} cases: the same answers (seed {given.seed})")


main()
