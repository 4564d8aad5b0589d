"""Matplotlib's SVG made small and fit for a page: several hundred figures share one file."""

import re
from itertools import count

from flashsim.validation.page.outlines import shortened, with_drawn_markers

_numbers = count()
_STYLE = re.compile(r'style="([^"]+)"')
_PATH = re.compile(r'<path d="([^"]*)"((?: (?:clip-path|style)="[^"]*")*)\s*/>')
_PATHS = re.compile(r"(?:<path d=\"[^\"]*\"(?: (?:clip-path|style)=\"[^\"]*\")*\s*/>\s*){2,}")


def inline_svg(text: str, title: str, ink: str) -> str:
    """An SVG file as an inline element that says what it shows to a screen reader.

    `ink`, a placeholder colour, becomes CSS ``currentColor``, so that a figure reads on white paper and on a dark
    screen; ids that are referred to are made unique, the others go; neighbouring paths of one look become one.
    """
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:xlink)?="[^"]+"', "", text).replace("xlink:href", "href")
    text = text.replace(ink, "currentColor")
    text = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', f'role="img" aria-label="{_escaped(title)}"', text, count=1)
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)  # the font of the page
    text = with_drawn_markers(text)
    text = _own_ids(text)
    text = re.sub(r'(?<=[\s"ML(,-])(-?\d+\.\d)\d+', r"\1", text)
    text = re.sub(r"(-?\d+)\.0(?=[\s\",)])", r"\1", text)
    text = re.sub(r"\s*\n\s*", "\n", text)
    text = _PATHS.sub(lambda match: _joined(match[0]), text)
    text = re.sub(r'(?<=d=")[^"]*', lambda match: shortened(re.sub(r"\s*([MLzCQ])\s*", r"\1", match[0].strip())), text)
    text = re.sub(r'<path d="[^"]*" style="fill: none"/>', "", text)
    text = _without_empty_groups(text)
    text = text.replace(' transform="rotate(-0 ', ' transform="rotate(0 ')
    text = re.sub(r' transform="rotate\(0 [^"]*"', "", text)
    return re.sub(r"\n+", "\n", text)


def shared_styles(page: str) -> str:
    """A page whose figures have classes in place of styles: the same few looks come thousands of times."""
    looks = {look: f"s{k:x}" for k, look in enumerate(dict.fromkeys(_STYLE.findall(page)))}
    page = _STYLE.sub(lambda match: f'class="{looks[match[1]]}"', page)
    rules = "\n".join(f".{name} {{ {look} }}" for look, name in looks.items())
    return page.replace("</style>", f"{rules}\n</style>", 1)


def _without_empty_groups(text: str) -> str:
    """Groups without attributes change nothing: their marks go."""
    kept: list[bool] = []

    def mark(match: re.Match[str]) -> str:
        if match[0] != "</g>":
            kept.append(match[0] != "<g>")
            return match[0] if kept[-1] else ""
        return match[0] if kept.pop() else ""

    text = re.sub(r"<g\b[^>]*/>", "", text)
    return re.sub(r"<g\b[^>]*>|</g>", mark, text)


def _own_ids(text: str) -> str:
    """Ids that nothing refers to go, the others get a prefix of this figure."""
    used = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'href="#([^"]+)"', text))
    short = {name: f"f{next(_numbers):x}" for name in sorted(used)}
    text = re.sub(r' id="([^"]+)"', lambda match: f' id="{short[match[1]]}"' if match[1] in short else "", text)
    text = re.sub(r"url\(#([^)]+)\)", lambda match: f"url(#{short[match[1]]})", text)
    return re.sub(r'href="#([^"]+)"', lambda match: f'href="#{short[match[1]]}"', text)


def _joined(text: str) -> str:
    """Neighbouring paths of the same clip and style as one path each."""
    joined: list[tuple[str, list[str]]] = []
    for outline, look in _PATH.findall(text):
        if joined and joined[-1][0] == look:
            joined[-1][1].append(outline.strip())
        else:
            joined.append((look, [outline.strip()]))
    return "\n".join(f'<path d="{" ".join(outlines)}"{look}/>' for look, outlines in joined) + "\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
