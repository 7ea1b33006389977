"""Our ring beside other libraries: runs them, prints the table, writes the figures.

benchmarks/placement/run prepares what this needs and calls it. Only Python's own library.
"""
import argparse
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import threading
import time

POINTS = 512
KEYS = 1_000_000
# With fewer keys than this, loads and moves are noise.
ENOUGH_KEYS = 100_000
# What others may use of the machine without being mentioned.
SOME_CORES = 0.25
STEP = 60  # seconds that each step of a library has: the build, the lookups, one pass ...

# What the tables call them, the language, and what the language's program calls them.
LIBRARIES = {
    "Go stathat.com/c/consistent": ("go", "stathat"),
    "Go buraksezer/consistent": ("go", "buraksezer"),
    "Go buraksezer/consistent, defaults": ("go", "buraksezer-defaults"),
    "Rust hashring": ("rust", "hashring"),
    "Rust anchorhash": ("rust", "anchorhash"),
    "Node.js hashring": ("node", "hashring"),
    "Node.js consistent-hash": ("node", "consistent-hash"),
    "Python uhashring": ("python", "uhashring"),
}
OURS = "ProcessHub"
OURS_NAMES = "ProcessHub, with names"  # a vector of strings for each lookup

# Of 1,000 nodes, as percentages of the mean; and what we aim at, in seconds.
BOUNDS = {"125": {"at_most": 0.5}, "105": {}}

# The columns: a figure's key, its name, its unit, and for 1,000 nodes what we aim at.
COLUMNS = [
    ("lookups.1", "lookups, R=1", "/s", {"at_least": 50e6}),
    ("lookups.3", "lookups, R=3", "/s", {"at_least": 30e6}),
    ("build", "build", "s", {"at_most": 0.040}),
    ("add", "one joins", "s", {"at_most": 0.005}),
    ("memory", "memory", "B", {}),
    ("max_load.1", "max/mean load, R=1", "×", {}),
    ("max_load.3", "max/mean load, R=3", "×", {}),
    ("moved_on_leave.1", "moved on a leave, R=1", "×", {}),
    ("moved_on_leave.3", "moved on a leave, R=3", "×", {}),
    ("moved_on_join.1", "moved on a join, R=1", "×", {}),
    ("moved_on_join.3", "moved on a join, R=3", "×", {}),
    ("short.1", "short, R=1", "%", {"at_most": 0}),
    ("short.3", "short, R=3", "%", {"at_most": 0}),
]
AIMED_AT = 1000
NONE = "—"


class Others:
    """How many cores others have used since it was made."""

    def __init__(self):
        self.began, self.before = time.monotonic(), self.used()

    @staticmethod
    def used():
        with open("/proc/stat") as stat:
            user, nice, system, _, _, irq, softirq = map(int, stat.readline().split()[1:8])
        ours = os.times()
        return ((user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
                - ours.user - ours.system - ours.children_user - ours.children_system)

    def note(self, cells):
        cores = (self.used() - self.before) / (time.monotonic() - self.began)
        if cores > SOME_CORES:
            for cell in cells:
                cell.notes.append(f"others used {cores:.1f} cores meanwhile")


class Cell:
    """The figures of one library for one number of nodes."""

    def __init__(self):
        self.figures = {}  # where there is no build, a word that says why
        self.notes = []

    def show(self, key):
        return self.figures.get(key, NONE)


def assess(cell, replicas, quality):
    keys = quality["keys"]
    if not keys:
        return
    if keys >= ENOUGH_KEYS:
        for key in ("max_load", "moved_on_join", "moved_on_leave"):
            if quality[key] is not None:
                cell.figures[f"{key}.{replicas}"] = quality[key]
    if keys < KEYS:
        cell.notes.append(f"R={replicas} {keys:,.0f} keys")
    cell.figures[f"short.{replicas}"] = 100 * quality["short_keys"] / keys


def run_ours(build, nodes):
    """The cells of our ring, and of it with names, by the number of nodes."""
    some = "|".join(str(count) for count in nodes)
    text = subprocess.run(
        [build / "benchmarks/placement/ring_bench",
         f"--benchmark_filter=^(lookup|place|build|add|bounded|quality)/nodes:({some})(/|$)",
         "--benchmark_repetitions=3", "--benchmark_format=json"],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    ours, names = {}, {}
    for count in nodes:
        ours[count], names[count] = Cell(), Cell()
    scale = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}
    for result in json.loads(text)["benchmarks"]:
        kind, *rest = result["run_name"].split("/")
        if kind != "quality" and result.get("aggregate_name") != "median":
            continue
        arguments = dict(part.split(":") for part in rest if ":" in part)
        count, replicas = int(arguments["nodes"]), arguments.get("replicas")
        figures = ours[count].figures
        seconds = result["real_time"] * scale[result["time_unit"]]
        if kind == "lookup":
            figures[f"lookups.{replicas}"] = result["items_per_second"]
        elif kind == "place":
            names[count].figures[f"lookups.{replicas}"] = result["items_per_second"]
        elif kind == "build":
            figures.update(build=seconds, memory=result["memory"])
        elif kind == "add":
            figures["add"] = seconds
        elif kind == "bounded":
            figures[f"bounded.{arguments['percent']}"] = seconds
        elif kind == "quality":
            assess(ours[count], replicas, result)
    return ours, names


def missing(out, language, name):
    for file in (out / f"{language}.missing", out / f"{language}-{name}.missing"):
        if file.exists():
            return file.read_text().strip() or "no toolchain"
    return None


def program(out, language):
    return {
        "go": [out / "go"],
        "rust": [out / "rust/release/placement-peers"],
        "node": ["node", "--expose-gc", out / "node/place.js"],
        "python": [out / "python/bin/python",
                   pathlib.Path(__file__).parent / "peers/python/place.py"],
    }[language]


def problem(stderr):
    """The line that says why a program ended."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if re.match(r"thread .* panicked at", line):
            return " ".join(lines[number:number + 2])
        if re.match(r"panic:|fatal error:|\w*Error\b|.*\bError: ", line):
            return line
    return lines[-1] if lines else "no message"


def run_steps(command, step):
    """Yields each line that the command prints, as JSON; at the end, why it ended early."""
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        late = threading.Event()

        def stop():
            late.set()
            process.kill()

        stderr = []
        reader = threading.Thread(target=lambda: stderr.append(process.stderr.read()))
        reader.start()
        while True:
            timer = threading.Timer(step, stop)
            timer.start()
            line = process.stdout.readline()
            timer.cancel()
            if not line:
                break
            yield json.loads(line), None
        reader.join()
        process.wait()
        if late.is_set():
            yield None, f"> {step} s"
        elif process.returncode:
            yield None, f"crashed: {problem(stderr[0])}"


def run_peer(build, out, library, count, step):
    language, name = LIBRARIES[library]
    cell = Cell()
    reason = missing(out, language, name)
    if reason:
        cell.figures["build"] = "not run"
        cell.notes.append(f"not run: {reason}")
        return cell
    folder = out / "placements"
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    command = program(out, language) + [name, count, POINTS, KEYS, folder]
    for line, ended in run_steps(command, step):
        if ended:
            at = "after the build" if "build" in cell.figures else "build"
            cell.figures.setdefault("build", ended.split(":")[0])
            cell.notes.append(f"{at}: {ended}")
        elif "lookups" in line:
            cell.figures[f"lookups.{line['replicas']}"] = line["lookups"]
        else:
            cell.figures.update({key: line[key] for key in ("build", "memory", "add")
                                 if key in line})
    for replicas in (1, 3):
        files = [folder / f"{state}.{replicas}" for state in ("built", "joined", "left")]
        if all(file.exists() for file in files):
            quality = subprocess.run(
                [build / "benchmarks/placement/placement_quality", "--nodes", str(count),
                 "--replicas", str(replicas), *files], check=True, stdout=subprocess.PIPE).stdout
            assess(cell, replicas, json.loads(quality))
    return cell


def rounded(value):
    return float(f"{value:.3g}") if isinstance(value, (int, float)) else value


def shown(value, unit):
    """As benchmarks/document shows it."""
    if isinstance(value, str):
        return value
    scales = {"/s": ((1e6, " M"), (1e3, " k"), (1, "")),
              "s": ((1, " s"), (1e-3, " ms"), (1e-6, " µs"), (1e-9, " ns")),
              "B": ((1e6, " MB"), (1e3, " kB"), (1, " B")), "%": ((1e-9, " %"),)}.get(unit, ())
    if unit == "%":
        return f"{value:.3g} %" if value else "0"
    for scale, name in scales:
        if value >= scale:
            return f"{float(f'{value / scale:.3g}'):g}{name}"
    return f"{value:.3g}"


def machine():
    """As the benchmark `scale` says it."""
    cpus = re.findall(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    kilobytes = int(re.search(r"\d+", pathlib.Path("/proc/meminfo").read_text()).group())
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    name = cpus[0] if cpus else platform.machine()
    return f"{len(cpus)} × {name}, {kilobytes * 1024 / 1e9:.0f} GB, {system}"


def results(cells, nodes, command):
    """As every benchmark writes its figures; `table` puts them together."""
    notes = []
    for library in cells[nodes[0]]:
        for count in nodes:
            for note in cells[count][library].notes:
                notes.append(f"{library}, {count:,} nodes: {note}")
    entries = []
    described = {"command": command, "machine": machine()}
    for count in nodes:
        for key, name, unit, aim in COLUMNS:
            values = {library: rounded(cell.show(key)) for library, cell in cells[count].items()}
            entry = {"table": f"{count:,} nodes", "name": name, "value": values.pop(OURS),
                     "unit": unit, "nodes": count, "figure": key, "peers": values}
            if count == AIMED_AT:
                entry.update(aim)
            entries.append({**entry, **described})
    entries[0]["notes"] = notes
    if AIMED_AT in nodes:
        for percent, aim in BOUNDS.items():
            entries.append({
                "name": f"{AIMED_AT:,} nodes: {KEYS:,} children with R=3 are given nodes, none of "
                        f"which holds more than {percent} % of the mean",
                "value": rounded(cells[AIMED_AT][OURS].figures[f"bounded.{percent}"]),
                "unit": "s", "peers": {}, **aim, **described})
    return entries


def print_table(entries, nodes):
    for count in nodes:
        columns = [entry for entry in entries if entry.get("nodes") == count]
        rows = [[f"{count:,} nodes"] + [entry["name"] for entry in columns]]
        rows.append([OURS] + [shown(entry["value"], entry["unit"]) for entry in columns])
        for library in columns[0]["peers"]:
            rows.append([library] + [shown(entry["peers"][library], entry["unit"])
                                     for entry in columns])
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        # The names of the columns may take two lines.
        heads = [name.split(", ") + [""] for name in rows[0]]
        widths = [max([len(row[i]) for row in rows[1:]] + [len(part) for part in heads[i]])
                  for i in range(len(widths))]
        for line in range(2):
            print("  ".join(f"{heads[i][line]:{'<' if i == 0 else '>'}{width}}"
                            for i, width in enumerate(widths)))
        for row in rows[1:]:
            print("  ".join(f"{row[i]:{'<' if i == 0 else '>'}{width}}"
                            for i, width in enumerate(widths)))
        print()
    for note in entries[0]["notes"]:
        print(note)
    for entry in entries:
        for aim, reached in (("at_least", lambda a, b: a >= b), ("at_most", lambda a, b: a <= b)):
            if aim in entry:
                verdict = "reached" if reached(entry["value"], entry[aim]) else "MISSED"
                name = ": ".join(entry[key] for key in ("table", "name") if key in entry)
                print(f"{name}: {shown(entry['value'], entry['unit'])}, "
                      f"{aim.replace('_', ' ')} {shown(entry[aim], entry['unit'])}: {verdict}")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench placement")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--command", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the figures")
    parser.add_argument("--nodes", default="10,100,1000,5000", help="of 10, 100, 1000 and 5000")
    parser.add_argument("--libraries", default="", metavar="WORD,...",
                        help="only those beside ours whose name holds one of the words")
    parser.add_argument("--step", type=int, default=STEP, metavar="SECONDS",
                        help="how long each step of a library may take; %(default)s")
    options = parser.parse_args()
    nodes = [int(count) for count in options.nodes.split(",")]
    words = options.libraries.split(",")
    out = options.build / "benchmarks/placement/peers"

    began = time.monotonic()
    others = Others()
    ours, names = run_ours(options.build, nodes)
    others.note(ours.values())
    cells = {count: {OURS: ours[count], OURS_NAMES: names[count]} for count in nodes}
    for library in LIBRARIES:
        if not any(word in library for word in words):
            continue
        for count in nodes:
            print(f"==> {time.monotonic() - began:4.0f} s  {library}, {count:,} nodes",
                  file=sys.stderr, flush=True)
            others = Others()
            cells[count][library] = run_peer(options.build, out, library, count, options.step)
            others.note([cells[count][library]])

    entries = results(cells, nodes, options.command)
    print_table(entries, nodes)
    if options.json:
        options.json.write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
