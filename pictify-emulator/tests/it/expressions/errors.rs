//! What is wrong, and where.

use super::evaluate;
use pictify_emulator::expressions::ErrorKind;

#[test]
fn an_error_says_what_and_where() {
    use ErrorKind::{Evaluation, Limit, Syntax, UndefinedVariable};
    for (expression, kind, text) in [
        ("price *", Syntax, "Unexpected end of expression: expected a value (line 1, column 8)"),
        ("", Syntax, "Unexpected end of expression: expected a value (line 1, column 1)"),
        ("price price", Syntax, "Unexpected price: expected an operator or the end (line 1, column 7)"),
        ("(1 + 2", Syntax, "Unexpected end of expression: expected ) or an operator (line 1, column 7)"),
        ("a ? b", Syntax, "Unexpected end of expression: expected the : of a ? choice (line 1, column 6)"),
        ("a[1", Syntax, "Unexpected end of expression: expected ] or an operator (line 1, column 4)"),
        ("a.", Syntax, "Unexpected end of expression: expected the name of a member (line 1, column 3)"),
        ("a.1", Syntax, "Unexpected 1: expected the name of a member (line 1, column 3)"),
        ("max(1,)", Syntax, "Unexpected ): expected a value (line 1, column 7)"),
        ("max(1", Syntax, "Unexpected end of expression: expected , or ) or an operator (line 1, column 6)"),
        (
            "a === b",
            Syntax,
            "Unexpected ===: expected an operator or the end (equality is written ==) (line 1, column 3)",
        ),
        (
            "{{a}}",
            Syntax,
            "Unexpected {{: expected a value (here an expression stands without braces) (line 1, column 1)",
        ),
        ("1 +\n  #", Syntax, "Unexpected character '#' (line 2, column 3)"),
        ("2px", Syntax, "Unexpected character 'p' after a number (line 1, column 2)"),
        ("1e999", Syntax, "The number is too large (line 1, column 1)"),
        ("'abc", Syntax, "Unexpected end of expression: this text lacks its closing ' (line 1, column 1)"),
        (r"'\ud83d'", Syntax, r"After \u come the four hexadecimal digits of a character (line 1, column 2)"),
        ("shout(title)", Syntax, "Unknown function shout (line 1, column 1)"),
        ("Uppercase(title)", Syntax, "Unknown function Uppercase: write uppercase (line 1, column 1)"),
        ("1 + round()", Syntax, "round takes 1 to 2 arguments, not 0: write round(num, decimals?) (line 1, column 5)"),
        ("max()", Syntax, "max takes at least 1 argument, not 0: write max(a, b, ...) (line 1, column 1)"),
        ("title.trim()", Syntax, "Only functions can be called: write name(value) (line 1, column 11)"),
        ("price * discount", UndefinedVariable, "Undefined variable: discount (line 1, column 9)"),
        ("user.nickname.short", Evaluation, "undefined has no member 'short' (line 1, column 14)"),
        ("none.a", Evaluation, "null has no member 'a' (line 1, column 5)"),
        ("title * 2", Evaluation, "* needs numbers, and 'Hello World' is none (line 1, column 9)"),
        ("-tags", Evaluation, "- needs numbers, and a list of 2 is none (line 1, column 1)"),
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
        ("sum(title)", Evaluation, "sum: argument 1 must be a list, not 'Hello World' (line 1, column 1)"),
        ("sum(tags)", Evaluation, "sum: the list holds 'new', which is no number (line 1, column 1)"),
        (
            "currency(1, 'dollar')",
            Evaluation,
            "currency: argument 2 must be the three letters of a currency, as in 'USD', not 'dollar' (line 1, column 1)",
        ),
        ("number(1, '!')", Evaluation, "number: '!' is no locale: write one such as 'en-US' (line 1, column 1)"),
        (
            "date('soon', 'YYYY')",
            Evaluation,
            "date: 'soon' is no date: write it as 2026-01-29, as 2026-01-29T10:30:00Z, or as milliseconds since 1970 \
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
            "The expressions ask for more work than the emulator does in one go: make them shorter (line 1, column 1)",
        ),
    ] {
        let error = evaluate(expression).expect_err(expression);
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, text), "{expression}");
    }
}

#[test]
fn places_count_characters() {
    let error = evaluate("'é\n👍' + ünknown").unwrap_err();
    let place = error.place();
    assert_eq!((place.offset, place.line, place.column), (8, 2, 6));
}
