"""The figures of `dev bench placement` as a picture: JSON from the input, SVG to the output."""
import json
import math
import sys

WIDTH, HEIGHT = 930, 710
PANEL_W, PANEL_H = 360, 210
LEFT, TOP = 70, 40
GAP_X, GAP_Y = 90, 86

# A colour for each language; its libraries differ in the line and the mark.
OURS = "#d2552b"
COLOURS = {"Go": "#2f6db5", "Rust": "#555555", "Node.js": "#3a8f4d", "Python": "#a36ab0"}
DASHES = ["", "7 4", "2 3"]

PANELS = [  # the figure, the title, whether the axis is logarithmic
    ("lookups.1", "lookups a second, one node (R=1)", True),
    ("lookups.3", "lookups a second, three nodes (R=3)", True),
    ("add", "time until a node has joined", True),
    ("max_load.1", "load of the fullest node, for a mean of 1", False),
]


def text(x, y, content, kind="", **attributes):
    more = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{kind}{more}>{content}</text>'


def short(value, figure):
    if figure.startswith("lookups"):
        for scale, name in ((1e6, " M"), (1e3, " k"), (1, "")):
            if value >= scale:
                return f"{value / scale:g}{name}"
    if figure == "add":
        for scale, name in ((1, " s"), (1e-3, " ms"), (1e-6, " µs"), (1e-9, " ns")):
            if value >= scale * 0.999:
                return f"{value / scale:g}{name}"
    return f"{value:g}"


def marker(x, y, index, colour):
    """A disc, a square, a triangle."""
    if index == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'
    if index == 1:
        return f'<rect x="{x - 3.2:.1f}" y="{y - 3.2:.1f}" width="6.4" height="6.4" fill="{colour}"/>'
    return (f'<path d="M{x:.1f} {y - 4.2:.1f}l4.2 7.4h-8.4z" fill="{colour}"/>')


def styles(libraries):
    """Of each library: colour, dash, index among those of its language."""
    seen, result = {}, {}
    for library in libraries:
        language = library.split()[0]
        if language == "ProcessHub":
            result[library] = (OURS, "", 0)
            continue
        index = seen.get(language, 0)
        seen[language] = index + 1
        result[library] = (COLOURS.get(language, "#000"), DASHES[index % 3], index % 3)
    return result


class Panel:
    def __init__(self, left, top, series, log):
        self.left, self.top, self.log = left, top, log
        nodes = sorted({n for points in series.values() for n, _ in points})
        values = [v for points in series.values() for _, v in points]
        self.x_range = (math.log10(nodes[0]), max(math.log10(nodes[-1]), math.log10(nodes[0]) + 1))
        self.nodes = nodes
        if log:
            self.ticks = [10.0 ** e for e in range(math.floor(math.log10(min(values))),
                                                   math.ceil(math.log10(max(values))) + 1)]
        else:
            step = 0.1 if max(values) < 1.65 else 0.25
            count = math.ceil((max(values) - 1) / step + 1e-9)
            self.ticks = [1 + step * i for i in range(count + 1)]
        self.y_range = (self.scale(self.ticks[0]), self.scale(self.ticks[-1]))

    def scale(self, value):
        return math.log10(value) if self.log else value

    def x(self, nodes):
        low, high = self.x_range
        return self.left + PANEL_W * (math.log10(nodes) - low) / (high - low)

    def y(self, value):
        low, high = self.y_range
        return self.top + PANEL_H * (1 - (self.scale(value) - low) / (high - low))


def draw(figure, title, log, place, series, style):
    panel = Panel(LEFT + (place % 2) * (PANEL_W + GAP_X), TOP + (place // 2) * (PANEL_H + GAP_Y),
                  series, log)
    right, bottom = panel.left + PANEL_W, panel.top + PANEL_H
    yield text(panel.left, panel.top - 14, title, "t")
    for tick in panel.ticks:
        y = panel.y(tick)
        yield f'<path d="M{panel.left} {y:.1f}H{right}" class="g"/>'
        yield text(panel.left - 8, y + 4, short(round(tick, 12), figure), "l", text_anchor="end")
    for nodes in panel.nodes:
        x = panel.x(nodes)
        yield f'<path d="M{x:.1f} {bottom}v5" class="a"/>'
        yield text(x, bottom + 20, f"{nodes:,}", "l", text_anchor="middle")
    yield f'<path d="M{panel.left} {bottom}H{right}" class="a"/>'
    yield text(panel.left + PANEL_W / 2, bottom + 38, "nodes", "l", text_anchor="middle")
    # Ours last, above the others.
    for library in sorted(series, key=lambda name: name == "ProcessHub"):
        colour, dash, index = style[library]
        points = [(panel.x(n), panel.y(v)) for n, v in series[library]]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        width = 4 if library == "ProcessHub" else 1.8
        dash = f' stroke-dasharray="{dash}"' if dash else ""
        yield f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>'
        for x, y in points:
            yield marker(x, y, index, colour)


def legend(style, top):
    for number, (library, (colour, dash, index)) in enumerate(style.items()):
        x = LEFT + (number % 3) * 290
        y = top + (number // 3) * 24
        width = 4 if library == "ProcessHub" else 1.8
        dash = f' stroke-dasharray="{dash}"' if dash else ""
        yield f'<path d="M{x} {y}h34" stroke="{colour}" stroke-width="{width}"{dash}/>'
        yield marker(x + 17, y, index, colour)
        weight = "bold" if library == "ProcessHub" else "normal"
        yield text(x + 42, y + 4, library, "k", font_weight=weight)


def main():
    entries = json.load(sys.stdin)
    libraries = ["ProcessHub"] + [name for name in entries[0]["peers"]
                                  if not name.startswith("ProcessHub")]
    style = styles(libraries)
    body = []
    for place, (figure, title, log) in enumerate(PANELS):
        series = {}
        for entry in entries:
            if entry.get("figure") != figure:
                continue
            for library in libraries:
                value = entry["value"] if library == "ProcessHub" else entry["peers"][library]
                if not isinstance(value, str):
                    series.setdefault(library, []).append((entry["nodes"], value))
        body += draw(figure, title, log, place, series, style)
    body += legend(style, TOP + 2 * (PANEL_H + GAP_Y) + 8)
    label = ("Lookups a second, time of a join and greatest load of consistent hashing libraries, "
             "by the number of nodes")
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
          f'font-family="sans-serif" role="img" aria-label="{label}">')
    print("<style>.t{font-size:16px;font-weight:bold}.l{font-size:12px;fill:#444}"
          ".k{font-size:13px}.g{stroke:#e3e3e3;fill:none}.a{stroke:#888;fill:none}</style>")
    print(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>')
    print("\n".join(body))
    print("</svg>")


if __name__ == "__main__":
    main()
