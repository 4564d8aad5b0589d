"""Text that is no formula is refused with what is wrong, whatever it is; nothing of it is ever executed."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashsim.card import Expression
from flashsim.errors import FlashSimError

REFUSED = {
    "__import__('os').system('true')": '"\'" at character 12: text is not allowed',
    "__import__(os)": "unknown function '__import__'",
    "eval(a)": "unknown function 'eval'",
    "a.__class__": "attributes (a.b) are not allowed",
    "a.b(1)": "'a.b' cannot be called: only functions by their name",
    "sqrt(a)(1)": "cannot be called",
    "lambda: 1": "':' at character 7",
    "lambda a: a": "':'",
    "[x for x in a]": "'[' at character 1: only round brackets are allowed",
    "(x for x in a)": "not allowed",
    "{1: 2}": "only round brackets",
    "a[0]": "only round brackets",
    "'text'": "text is not allowed",
    'f"{a}"': "text is not allowed",
    "a := 1": "':'",
    "a = 1": "cannot be read: invalid syntax",
    "a; b": "';' at character 2",
    "a if b else c": "write where(condition, a, b)",
    "a, b": "a comma outside a function call",
    "()": "a comma outside a function call",
    "isin(*a, 1)": "starred arguments are not allowed",
    "sqrt(x=1)": "sqrt() takes no named arguments",
    "sqrt(**a)": "sqrt() takes no named arguments",
    "sqrt()": "sqrt() takes 1 argument, 0 given",
    "sqrt(a, b)": "sqrt() takes 1 argument, 2 given",
    "isin(a)": "isin() takes at least 2 arguments, 1 given",
    "sqr(a)": "unknown function 'sqr' (did you mean 'sqrt'?)",
    "arctan3(a, b)": "(did you mean 'arctan",
    "True": "only numbers are allowed; write 1 and 0",
    "None": "only numbers are allowed",
    "...": "only numbers are allowed",
    "1j": "only numbers are allowed",
    "1e999": "too large for double precision",
    "9" * 400: "too large for double precision",
    "a in b": "write isin(x, 1, 2)",
    "a is b": "write isin(x, 1, 2)",
    "a ^ 2": "write ** for a power",
    "a // 2": "'a // 2' is not allowed",
    "a @ b": "'@' at character 3",
    "a << 2": "'a << 2' is not allowed",
    "await a": "'await a' is not allowed",
    "a && b": "write & for and, with brackets",
    "a || b": "write | for or, with brackets",
    "!a": "write ~ for not",
    "a & b > 1": "'a & b' would be compared, as & | ~ bind first: put brackets around each comparison",
    "a > 1 & b < 2": "put brackets around each comparison: (a > 1) & (b < 2)",
    "~a == 1": "'~a' would be compared",
    "a & b + 1": "'b + 1' is a number, & | ~ join conditions",
    "~-a": "'-a' is a number",
    "a & 1": "'1' is a number",
    "1and 2": "cannot be read",
    "lambda": "cannot be read",
    "a b": "cannot be read: invalid syntax",
    "sqrt(a": "cannot be read: '(' was never closed",
    "": "the expression is empty",
    " \n\t ": "the expression is empty",
    "größe": "'ö' at character 3",
    "a\x00b": "'\\x00' at character 2",
    "a # b": "'#'",
    "(" * 5000 + "a" + ")" * 5000: "10001 characters, at most 4000 are allowed",
    "(" * 1500 + "a" + ")" * 1500: "cannot be read: too",
    "-" * 3000 + "a": "too deeply nested",
    "-" * 300 + "a": "more than 100 nested operations",
    "sqrt(" * 101 + "a" + ")" * 101: "more than 100 nested operations",
    "+".join(["a"] * 200): "more than 100 nested operations; split it in [derive]",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text[:30]))
def test_what_is_wrong_is_said(text: str):
    with pytest.raises(FlashSimError) as caught:
        Expression.parse(text, "derive.x")
    message = str(caught.value)
    assert message.startswith("derive.x = ")
    assert REFUSED[text] in message
    assert len(message) < 600


def test_the_formula_is_shown_and_shortened():
    with pytest.raises(FlashSimError, match=r"^where = '1 1': "):
        Expression.parse("1 1", "where")
    with pytest.raises(FlashSimError, match=r"^where = '(1 ){38}1…': "):
        Expression.parse("1 " * 100, "where")


GRAMMAR_LIKE = st.text(alphabet="ab01.e()+-*/%<>=!&|~^, \n" + "sqrtnodi", max_size=60)
TEXT = st.one_of(st.text(max_size=60), st.text(alphabet=string.printable, max_size=60), GRAMMAR_LIKE)


@given(TEXT)
def test_arbitrary_text_is_read_or_refused(text: str):
    refusal = None
    try:
        Expression.parse(text, "derive.x")
    except FlashSimError as error:
        refusal = str(error)
    assert refusal is None or refusal.startswith("derive.x = ")
