"""From the text of a formula to a small tree that can do nothing but arithmetic on columns.

Why a parser of our own: scikit-hep's formulate reads ROOT and NumExpr syntax well, but has no
evaluation; it renders Python text meant for `eval`, which this project does not allow, accepts any
name and knows none of the functions that need the event (`event_sum`) or particle data (`charge`).
What remains is a grammar, and Python's `ast` has one that every physicist knows. Here each node is
checked against a white-list and turned into our own tree; nothing is compiled or executed.
"""

import ast
import math
import re
import warnings

from flashsim.card.functions import FUNCTIONS
from flashsim.card.nodes import COMPARISONS, OPERATORS, Call, Comparison, Logical, Name, Node, Number
from flashsim.errors import FlashSimError, nearest

MAX_LENGTH = 4000  # characters
MAX_DEPTH = 100  # nested operations; keeps every recursion far below Python's own limit

_FOREIGN = re.compile(r"[^A-Za-z0-9_\s.,()+\-*/%<>=!&|~^]")
_FOREIGN_HINTS = dict.fromkeys("'\"", "text is not allowed, only numbers and names") | dict.fromkeys(
    "[]{}", "only round brackets are allowed; a list is written isin(x, 1, 2)"
)
_HINTS = (
    ("&&", "write & for and, with brackets: (a > 1) & (b < 2)"),
    ("||", "write | for or, with brackets: (a > 1) | (b < 2)"),
    ("!", "write ~ for not: ~(a > 1)"),
)
_BRACKETS = "put brackets around each comparison: (a > 1) & (b < 2)"
_LOGICAL = {ast.BitAnd: "&", ast.BitOr: "|", ast.And: "&", ast.Or: "|"}
_REFUSED = {
    ast.Attribute: "attributes (a.b) are not allowed",
    ast.IfExp: "write where(condition, a, b) for a choice",
    ast.Tuple: "a comma outside a function call",
    ast.Lambda: "lambda is not allowed",
    ast.Constant: "only numbers are allowed; write 1 and 0 for true and false",
    ast.Starred: "starred arguments are not allowed",
}


def parse(text: str) -> Node:
    """The tree of a formula; FlashSimError says what is wrong and where in the text."""
    if len(text) > MAX_LENGTH:
        raise FlashSimError(f"{len(text)} characters, at most {MAX_LENGTH} are allowed; split it in [derive]")
    text = re.sub(r"\s", " ", text).strip()
    if not text:
        raise FlashSimError("the expression is empty")
    if foreign := _FOREIGN.search(text):
        hint = _FOREIGN_HINTS.get(foreign.group(), "formulas are numbers, names, operators and functions")
        raise FlashSimError(f"{foreign.group()!r} at character {foreign.start() + 1}: {hint}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # '1and 2' only warns
            tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FlashSimError(_explain(text, error)) from None
    _check_depth(tree)
    return _convert(tree)


def _explain(text: str, error: Exception) -> str:
    for sign, hint in _HINTS:
        if sign in text and (sign != "!" or re.search("!(?!=)", text)):
            return f"cannot be read: {hint}"
    if isinstance(error, SyntaxError):
        return f"cannot be read: {error.msg}" + (f" at character {error.offset}" if error.offset else "")
    return "cannot be read: too deeply nested"


def _check_depth(tree: ast.expr) -> None:
    level: list[ast.AST] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return
    raise FlashSimError(f"more than {MAX_DEPTH} nested operations; split it in [derive]")


def _convert(node: ast.expr) -> Node:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _number(value)
        case ast.Name(id=name):
            return Name(name)
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr() as op, left=left, right=right):
            return Logical(_LOGICAL[type(op)], (_flag(left), _flag(right)))
        case ast.BoolOp(op=op, values=values):
            return Logical(_LOGICAL[type(op)], tuple(_flag(value) for value in values))
        case ast.UnaryOp(op=ast.Invert() | ast.Not(), operand=operand):
            return Logical("~", (_flag(operand),))
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as op, operand=operand):
            return Call(OPERATORS[type(op)], (_convert(operand),))
        case ast.BinOp(op=op, left=left, right=right) if type(op) in OPERATORS:
            return Call(OPERATORS[type(op)], (_convert(left), _convert(right)))
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            return _comparison(ops, [left, *comparators])
        case ast.Call():
            return _call(node)
        case ast.BinOp(op=ast.BitXor()):
            raise FlashSimError("'^' has no meaning here: write ** for a power")
    raise FlashSimError(_REFUSED.get(type(node), f"{ast.unparse(node)[:60]!r} is not allowed"))


def _number(value: float) -> Number:
    try:
        converted = float(value)
    except OverflowError:
        converted = math.inf
    if not math.isfinite(converted):
        raise FlashSimError("a number is too large for double precision")
    return Number(converted)


def _flag(node: ast.expr) -> Node:
    """An operand of & | ~: `a & b + 1` and `a > 1 & b` read otherwise than they look, so they are refused."""
    arithmetic = isinstance(node, ast.BinOp) and not isinstance(node.op, ast.BitAnd | ast.BitOr)
    signed = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd)
    if arithmetic or signed or isinstance(node, ast.Constant):
        raise FlashSimError(f"'{ast.unparse(node)[:60]}' is a number, & | ~ join conditions: {_BRACKETS}")
    return _convert(node)


def _comparison(ops: list[ast.cmpop], operands: list[ast.expr]) -> Comparison:
    for op in ops:
        if type(op) not in COMPARISONS:
            raise FlashSimError("'in' and 'is' are not allowed: write isin(x, 1, 2) for x in a list")
    for operand in operands:
        logical = isinstance(operand, ast.BinOp) and isinstance(operand.op, ast.BitAnd | ast.BitOr)
        if logical or (isinstance(operand, ast.UnaryOp) and isinstance(operand.op, ast.Invert)):
            shown = ast.unparse(operand)[:60]
            raise FlashSimError(f"'{shown}' would be compared, as & | ~ bind first: {_BRACKETS}")
    return Comparison(tuple(COMPARISONS[type(op)] for op in ops), tuple(_convert(one) for one in operands))


def _call(node: ast.Call) -> Call:
    if not isinstance(node.func, ast.Name):
        raise FlashSimError(f"'{ast.unparse(node.func)[:60]}' cannot be called: only functions by their name")
    name = node.func.id
    if name not in FUNCTIONS:
        known = ", ".join(FUNCTIONS)
        raise FlashSimError(f"unknown function {name!r}{nearest(name, FUNCTIONS)}; known are {known}")
    if node.keywords:
        raise FlashSimError(f"{name}() takes no named arguments")
    function = FUNCTIONS[name]
    if not function.accepts(len(node.args)):
        raise FlashSimError(f"{name}() takes {function.arity}, {len(node.args)} given")
    return Call(function.apply, tuple(_convert(argument) for argument in node.args), function.of_one_object)
