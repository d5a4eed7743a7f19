//! Errors of expressions, with their position.

use super::evaluate;
use pictify_emulator::expressions::ErrorKind;

#[test]
fn errors_have_a_kind_a_message_and_a_position() {
    use ErrorKind::{Evaluation, Limit, Syntax, UndefinedVariable};
    for (expression, kind, text) in [
        ("price *", Syntax, "Unexpected end of expression: expected a value (line 1, column 8)"),
        ("", Syntax, "Unexpected end of expression: expected a value (line 1, column 1)"),
        ("price price", Syntax, "Unexpected price: expected an operator or the end (line 1, column 7)"),
        ("(1 + 2", Syntax, "Unexpected end of expression: expected ) or an operator (line 1, column 7)"),
        ("a ? b", Syntax, "Unexpected end of expression: expected the : of a conditional (line 1, column 6)"),
        ("a[1", Syntax, "Unexpected end of expression: expected ] or an operator (line 1, column 4)"),
        ("a.", Syntax, "Unexpected end of expression: expected a member name (line 1, column 3)"),
        ("a.1", Syntax, "Unexpected 1: expected a member name (line 1, column 3)"),
        ("max(1,)", Syntax, "Unexpected ): expected a value (line 1, column 7)"),
        ("max(1", Syntax, "Unexpected end of expression: expected , or ) or an operator (line 1, column 6)"),
        (
            "a === b",
            Syntax,
            "Unexpected ===: expected an operator or the end (equality is written ==) (line 1, column 3)",
        ),
        ("{{a}}", Syntax, "Unexpected {{: expected a value (write the expression without braces) (line 1, column 1)"),
        ("1 +\n  #", Syntax, "Unexpected character '#' (line 2, column 3)"),
        ("2px", Syntax, "Unexpected character 'p' after a number (line 1, column 2)"),
        ("1e999", Syntax, "The number is too large (line 1, column 1)"),
        ("'abc", Syntax, "Unexpected end of expression: the string is not closed with ' (line 1, column 1)"),
        (r"'\ud83d'", Syntax, r"\u must be followed by the four hexadecimal digits of a character (line 1, column 2)"),
        ("shout(title)", Syntax, "Unknown function shout (line 1, column 1)"),
        ("Uppercase(title)", Syntax, "Unknown function Uppercase: write uppercase (line 1, column 1)"),
        ("1 + round()", Syntax, "round takes 1 to 2 arguments, not 0: write round(num, decimals?) (line 1, column 5)"),
        ("max()", Syntax, "max takes at least 1 argument, not 0: write max(a, b, ...) (line 1, column 1)"),
        ("title.trim()", Syntax, "Only functions can be called: write name(value) (line 1, column 11)"),
        ("price * discount", UndefinedVariable, "Undefined variable: discount (line 1, column 9)"),
        ("user.nickname.short", Evaluation, "undefined has no member 'short' (line 1, column 14)"),
        ("none.a", Evaluation, "null has no member 'a' (line 1, column 5)"),
        ("title * 2", Evaluation, "* needs numbers: 'Hello World' is not a number (line 1, column 9)"),
        ("-tags", Evaluation, "- needs numbers: an array of 2 is not a number (line 1, column 1)"),
        ("price / 0", Evaluation, "Division by zero (line 1, column 9)"),
        ("1e300 * 1e300", Evaluation, "The result of * is too large for a number (line 1, column 9)"),
        ("round(title)", Evaluation, "round: argument 1 must be a number, not 'Hello World' (line 1, column 1)"),
        (
            "round(1, 1.5)",
            Evaluation,
            "round: argument 2 must be a whole number from 0 to 20, not 1.5 (line 1, column 1)",
        ),
        (
            "truncate('a', -1)",
            Evaluation,
            "truncate: argument 2 must be a whole number from 0, not -1 (line 1, column 1)",
        ),
        ("sum(title)", Evaluation, "sum: argument 1 must be an array, not 'Hello World' (line 1, column 1)"),
        ("sum(tags)", Evaluation, "sum: the array contains 'new', which is not a number (line 1, column 1)"),
        (
            "currency(1, 'dollar')",
            Evaluation,
            "currency: argument 2 must be a currency code of three letters, as in 'USD', not 'dollar' (line 1, column 1)",
        ),
        ("number(1, '!')", Evaluation, "number: '!' is not a locale: write for example 'en-US' (line 1, column 1)"),
        (
            "date('soon', 'YYYY')",
            Evaluation,
            "date: 'soon' is not a date: write it as 2026-01-29, as 2026-01-29T10:30:00Z, or as milliseconds since 1970 \
             (line 1, column 1)",
        ),
        (
            "parseJson('{')",
            Evaluation,
            "parseJson: the text is not JSON: EOF while parsing an object at line 1 column 1 (line 1, column 1)",
        ),
        (
            "padEnd('a', 1e15, 'b')",
            Limit,
            "The expressions exceed the work limit of the emulator: make them shorter (line 1, column 1)",
        ),
    ] {
        let error = evaluate(expression).expect_err(expression);
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, text), "{expression}");
    }
}

#[test]
fn positions_count_characters() {
    let error = evaluate("'é\n👍' + ünknown").unwrap_err();
    let position = error.position();
    assert_eq!((position.offset, position.line, position.column), (8, 2, 6));
}
