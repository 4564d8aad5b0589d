"""Outlines of an SVG in fewer characters: steps as horizontal and vertical lines, markers drawn where they stand."""

import re

_MARKER = re.compile(r'<path id="(\w+)" d="([^"]*)"[^>]*/>')
_USE = re.compile(r'<use href="#(\w+)" x="([^"]+)" y="([^"]+)" style="([^"]*)"/>')
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_POINT = re.compile(r"([ML])(-?[\d.]+) (-?[\d.]+)")


def with_drawn_markers(text: str) -> str:
    """Ticks and full points as paths of their own, so that neighbours can become one; other markers stay."""
    markers = dict(_MARKER.findall(text))

    def drawn(match: re.Match[str]) -> str:
        name, x, y, style = match.groups()
        outline = markers.get(name, "").split()
        look = dict(part.split(": ", 1) for part in style.split("; ") if ": " in part)
        if len(outline) == 6 and outline[:4] == ["M", "0", "0", "L"]:
            dx, dy = (f"{float(number):.3g}" for number in outline[4:])
            return f'<path d="M {x} {y} l{dx} {dy}" style="{style}"/>'
        if "C" in outline and look.get("fill", "") == look.get("stroke") != "none":
            reach = max(abs(float(number)) for number in _NUMBER.findall(markers[name]))
            width = 2 * reach + float(look.get("stroke-width", 1))
            round_point = f"fill: none; stroke: {look['fill']}; stroke-width: {width:.3g}; stroke-linecap: round"
            return f'<path d="M {x} {y} h0" style="{round_point}"/>'
        return match[0]

    text = _USE.sub(drawn, text)
    used = set(re.findall(r'href="#(\w+)"', text))
    text = _MARKER.sub(lambda match: match[0] if match[1] in used else "", text)
    return re.sub(r"<defs>\s*</defs>", "", text)


def shortened(outline: str) -> str:
    """A path of straight lines with `H` and `V` for those along an axis."""
    if not re.fullmatch(r"[MLz\d\s.-]*", outline):
        return outline
    last = ("", "")

    def step(match: re.Match[str]) -> str:
        nonlocal last
        kind, x, y = match.groups()
        before, last = last, (x, y)
        if kind == "M" or (x != before[0] and y != before[1]):
            return match[0]
        return f"V{y}" if x == before[0] else f"H{x}"

    return _POINT.sub(step, outline)
