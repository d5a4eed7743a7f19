//! The expression language, row by row as the documents have it.

use pictify_emulator::expressions::{
    ErrorKind, Expression, ExpressionError, Function, Missing, Scope, fill_html, functions, interpolate,
    interpolated_variables,
};
use serde_json::{Map, Value, json};

fn variables() -> Map<String, Value> {
    let variables = json!({
        "title": "Hello World",
        "user": {"name": "ada", "address": {"city": "London"}, "nothing": null},
        "items": [{"name": "Mug", "price": 12.5}, {"name": "Pen", "price": 3}],
        "prices": [10, 20, 30],
        "tags": ["new", "sale"],
        "price": 29.99,
        "quantity": 3,
        "rate": 0.156,
        "isPremium": true,
        "isExpired": false,
        "empty": "",
        "none": null,
        "five": "5",
        "created": "2026-01-29T14:05:09.042Z",
        "naïve": "yes",
        "big": 9_007_199_254_740_993_i64,
    });
    variables.as_object().unwrap().clone()
}

fn evaluate(expression: &str) -> Result<Option<Value>, ExpressionError> {
    Expression::parse(expression)?.evaluate(&Scope::new(&variables()))
}

#[track_caller]
fn is(expression: &str, value: impl Into<Value>) {
    assert_eq!(evaluate(expression), Ok(Some(value.into())), "{expression}");
}

#[track_caller]
fn all(table: &[(&str, Value)]) {
    for (expression, value) in table {
        is(expression, value.clone());
    }
}

#[test]
fn variables_members_indexes_and_literals() {
    all(&[
        ("title", json!("Hello World")),
        ("user.name", json!("ada")),
        ("user.address.city", json!("London")),
        ("user['name']", json!("ada")),
        ("items[0].price", json!(12.5)),
        ("items[quantity - 2].name", json!("Pen")),
        ("items.length", json!(2)),
        ("title.length", json!(11)),
        ("title[4]", json!("o")),
        ("naïve", json!("yes")),
        ("100", json!(100)),
        ("29.99", json!(29.99)),
        ("1e3", json!(1000)),
        ("'USD'", json!("USD")),
        ("\"USD\"", json!("USD")),
        (r"'it\'s\n\u00e9'", json!("it's\né")),
        ("true", json!(true)),
        ("false", json!(false)),
        ("null", json!(null)),
        ("big", json!(9_007_199_254_740_993_i64)),
    ]);
    // A member that does not exist is undefined, which is no JSON.
    for expression in ["user.nickname", "items[7]", "items['x']", "items[-1]", "price.x", "tags[0].x"] {
        assert_eq!(evaluate(expression), Ok(None), "{expression}");
    }
}

#[test]
fn arithmetic() {
    all(&[
        ("1 + 2", json!(3)),
        ("7 - 10", json!(-3)),
        ("price * quantity", json!(89.97)),
        ("7 / 2", json!(3.5)),
        ("6 / 2", json!(3)),
        ("7 % 3", json!(1)),
        ("-7 % 3", json!(-1)),
        ("-quantity", json!(-3)),
        ("0.1 + 0.2", json!(0.1 + 0.2)),
        ("five * 2", json!(10)),
        ("true + 1", json!(2)),
        ("'a' + 1 + 2", json!("a12")),
        ("1 + 2 + 'a'", json!("3a")),
        ("five + 2", json!("52")),
        ("'v' + none", json!("v")),
        ("'v' + user.nickname", json!("v")),
        ("'v' + tags", json!("vnew,sale")),
        ("'v' + 1.50", json!("v1.5")),
        ("'v' + 1e21", json!("v1e+21")),
        ("'v' + 0.0000001", json!("v1e-7")),
        ("'v' + big", json!("v9007199254740993")),
    ]);
    assert_eq!(evaluate("user.nickname * 2"), Ok(None), "nothing comes of nothing");
}

#[test]
fn comparison() {
    for (expression, result) in [
        ("3 > 2", true),
        ("3 < 2", false),
        ("3 >= 3", true),
        ("3 <= 2", false),
        ("'10' < 9", false),
        ("'10' < '9'", true),
        ("'a' < 'b'", true),
        ("'a' < 1", false),
        ("user.nickname < 1", false),
        ("3 == 3", true),
        ("3 != 3", false),
        ("five == 5", true),
        ("five != 5", false),
        ("'USD' == 'usd'", false),
        ("true == 1", true),
        ("none == user.nickname", true),
        ("none == 0", false),
        ("none == ''", false),
        ("tags == tags", true),
        ("tags == prices", false),
        ("user == user", true),
        ("tags == 'new,sale'", false),
    ] {
        is(expression, result);
    }
}

#[test]
fn logic_and_choices() {
    all(&[
        ("isPremium && !isExpired", json!(true)),
        ("isPremium && quantity", json!(3)),
        ("empty || 'guest'", json!("guest")),
        ("none || 0 || 'last'", json!("last")),
        ("0 && title", json!(0)),
        ("!0", json!(true)),
        ("!!'x'", json!(true)),
        ("!tags", json!(false)),
        ("quantity > 1 ? 'many' : 'one'", json!("many")),
        ("false ? 1 : false ? 2 : 3", json!(3)),
        ("true ? false ? 1 : 2 : 3", json!(2)),
        ("IF(isPremium, 'gold', 'plain')", json!("gold")),
        // What is not chosen is not computed.
        ("true || unknown", json!(true)),
        ("false && unknown", json!(false)),
        ("isDefined(unknown) ? unknown * 2 : 0", json!(0)),
        ("IF(isDefined(unknown), unknown * 2, 0)", json!(0)),
    ]);
}

#[test]
fn precedence_is_that_of_javascript() {
    all(&[
        ("1 + 2 * 3", json!(7)),
        ("(1 + 2) * 3", json!(9)),
        ("10 - 2 - 3", json!(5)),
        ("100 / 10 / 2", json!(5)),
        ("2 * 7 % 4", json!(2)),
        ("-2 * 3 + 1", json!(-5)),
        ("- -2", json!(2)),
        ("!false && false", json!(false)),
        ("1 + 1 == 2", json!(true)),
        ("1 < 2 == true", json!(true)),
        ("1 == 2 < 3", json!(true)),
        ("true || false && false", json!(true)),
        ("1 + 1 > 1 && 2 * 2 < 5 ? 'yes' : 'no'", json!("yes")),
        ("-items[0].price", json!(-12.5)),
        ("!user.nothing", json!(true)),
    ]);
}

#[test]
fn functions_of_text() {
    all(&[
        ("uppercase('straße')", json!("STRASSE")),
        ("toUpperCase('a')", json!("A")),
        ("lowercase('ÀB')", json!("àb")),
        ("capitalize('hello wORLD')", json!("Hello wORLD")),
        ("capitalize('')", json!("")),
        ("titleCase('the quick  fox')", json!("The Quick  Fox")),
        ("trim('  a b ')", json!("a b")),
        ("truncate('Hello World', 5)", json!("Hello...")),
        ("truncate('Hello', 5)", json!("Hello")),
        ("truncate('Hello World', 5, '…')", json!("Hello…")),
        ("truncate('👍👍👍', 2, '')", json!("👍👍")),
        ("replace('a-b-c', '-', '+')", json!("a+b+c")),
        ("replace('a.c', '.', '$0')", json!("a$0c")),
        ("split('a,b,,c', ',')", json!(["a", "b", "", "c"])),
        ("split('añ👍', '')", json!(["a", "ñ", "👍"])),
        ("padStart('7', 3, '0')", json!("007")),
        ("padStart(7, 3, '0')", json!("007")),
        ("padStart('7', 6, 'ab')", json!("ababa7")),
        ("padStart('long', 2, '0')", json!("long")),
        ("padStart('7', 3, '')", json!("7")),
        ("padEnd('7', 3, '.')", json!("7..")),
        ("padEnd('7', 3)", json!("7  ")),
        ("startsWith(title, 'Hell')", json!(true)),
        ("endsWith(title, 'x')", json!(false)),
        ("uppercase(capitalize(user.name))", json!("ADA")),
    ]);
}

#[test]
fn functions_of_numbers() {
    all(&[
        ("round(2.5)", json!(3)),
        ("round(-2.5)", json!(-3)),
        ("round(1.005, 2)", json!(1.01)),
        ("round('2.34567', 3)", json!(2.346)),
        ("floor(-2.1)", json!(-3)),
        ("ceil(2.1)", json!(3)),
        ("abs(-4)", json!(4)),
        ("min(3, 1, 2)", json!(1)),
        ("max(3, '7', 2)", json!(7)),
        ("max(prices)", json!(30)),
        ("min(5)", json!(5)),
        ("sum(prices)", json!(60)),
        ("sum(split('1,2.5', ','))", json!(3.5)),
        ("sum(split('', ','))", json!(0)),
        ("average(prices)", json!(20)),
    ]);
}

/// What a browser writes, which is what people see elsewhere.
#[test]
fn formats() {
    all(&[
        ("currency(89.97, 'USD')", json!("$89.97")),
        ("currency(price * quantity, 'USD')", json!("$89.97")),
        ("currency(1234567.891, 'usd')", json!("$1,234,567.89")),
        ("currency(-5, 'USD')", json!("-$5.00")),
        ("currency(1234.5, 'EUR', 'de-DE')", json!("1.234,50\u{a0}€")),
        ("currency(-1234.5, 'EUR', 'fr-FR')", json!("-1\u{202f}234,50\u{a0}€")),
        ("currency(1234.5, 'EUR', 'es-ES')", json!("1234,50\u{a0}€")),
        ("currency(1234.5, 'BRL', 'pt-BR')", json!("R$\u{a0}1.234,50")),
        ("currency(1234.5, 'CHF', 'de-CH')", json!("CHF\u{a0}1'234.50")),
        ("currency(-1234.5, 'CHF', 'de-CH')", json!("CHF-1'234.50")),
        ("currency(1234.5, 'EUR', 'nl-NL')", json!("€\u{a0}1.234,50")),
        ("currency(1234567, 'INR', 'en-IN')", json!("₹12,34,567.00")),
        ("currency(1234.5, 'JPY')", json!("¥1,235")),
        ("currency(1, 'KWD')", json!("KWD\u{a0}1.000")),
        ("currency(1234.5, 'CAD', 'en-CA')", json!("$1,234.50")),
        ("currency(1234.5, 'USD', 'en-CA')", json!("US$1,234.50")),
        ("number(1234567.8912)", json!("1,234,567.891")),
        ("number(1234)", json!("1,234")),
        ("number(0.5)", json!("0.5")),
        ("number(-0.0001)", json!("0")),
        ("number(1234567.5, 'de-DE')", json!("1.234.567,5")),
        ("number(1234567.5, 'hi-IN')", json!("12,34,567.5")),
        ("number(12345, 'ar-EG')", json!("١٢٬٣٤٥")),
        ("percent(rate)", json!("16%")),
        ("percent(rate, 1)", json!("15.6%")),
        ("percent(0.07, 2)", json!("7.00%")),
        ("percent(12)", json!("1,200%")),
        ("date(created, 'YYYY-MM-DD')", json!("2026-01-29")),
        ("date(created, 'MMMM D, YYYY')", json!("January 29, 2026")),
        ("date(created, 'MMM DD YY')", json!("Jan 29 26")),
        ("date(created, 'dddd ddd dd d')", json!("Thursday Thu Th 4")),
        ("date(created, 'HH:mm:ss.SSS H h hh a A Z')", json!("14:05:09.042 14 2 02 pm PM +00:00")),
        ("date(created, '[Day] D [of] M')", json!("Day 29 of 1")),
        ("date('2026-03-04', 'D/M/YYYY')", json!("4/3/2026")),
        ("date('2026-03-04 05:06', 'H:m')", json!("5:6")),
        ("date('2026-03-04T23:30:00-02:00', 'D HH')", json!("5 01")),
        ("date('March 4, 2026', 'YYYY-MM-DD')", json!("2026-03-04")),
        ("date('3/4/2026', 'YYYY-MM-DD')", json!("2026-03-04")),
        ("date('Wed, 04 Mar 2026 05:06:07 GMT', 'YYYY-MM-DD ss')", json!("2026-03-04 07")),
        ("date(0, 'YYYY-MM-DD')", json!("1970-01-01")),
        ("time(created)", json!("2:05 PM")),
        ("time('00:30')", json!("12:30 AM")),
        ("time('12:00:00')", json!("12:00 PM")),
    ]);
}

#[test]
fn functions_of_lists() {
    all(&[
        ("length(items)", json!(2)),
        ("length('añ👍')", json!(3)),
        ("length(user)", json!(3)),
        ("length(none)", json!(0)),
        ("length(unknown)", json!(0)),
        ("first(tags)", json!("new")),
        ("last(prices)", json!(30)),
        ("last('abc')", json!("c")),
        ("first(items).name", json!("Mug")),
        ("last(split('a b', ' '))", json!("b")),
        ("join(tags, ' & ')", json!("new & sale")),
        ("join(prices)", json!("10,20,30")),
        ("slice(prices, 1, 2)", json!([20])),
        ("slice(prices, -2)", json!([20, 30])),
        ("slice(prices, 2, 1)", json!([])),
        ("slice('abcdef', 1, -1)", json!("bcde")),
        ("slice(prices, 0, 99)", json!([10, 20, 30])),
        ("contains(tags, 'sale')", json!(true)),
        ("contains(prices, '10')", json!(false)),
        ("contains(title, 'World')", json!(true)),
        ("indexOf(tags, 'sale')", json!(1)),
        ("indexOf(tags, 'x')", json!(-1)),
        ("indexOf('añb', 'b')", json!(2)),
    ]);
    assert_eq!(evaluate("first(split('', ''))"), Ok(None));
}

#[test]
fn tests_choices_and_json() {
    all(&[
        ("isEmpty(empty)", json!(true)),
        ("isEmpty(none)", json!(true)),
        ("isEmpty(unknown)", json!(true)),
        ("isEmpty(0)", json!(false)),
        ("isEmpty(' ')", json!(false)),
        ("isNotEmpty(tags)", json!(true)),
        ("isDefined(title)", json!(true)),
        ("isDefined(none)", json!(false)),
        ("isDefined(user.address.street.number)", json!(false)),
        ("isUndefined(unknown)", json!(true)),
        ("isArray(tags)", json!(true)),
        ("isArray(user)", json!(false)),
        ("isString(title)", json!(true)),
        ("isNumber(price)", json!(true)),
        ("isNumber(five)", json!(false)),
        ("isBoolean(isPremium)", json!(true)),
        ("isObject(user)", json!(true)),
        ("isObject(tags)", json!(false)),
        ("default(unknown, 'x')", json!("x")),
        ("default(empty, 'x')", json!("x")),
        ("default(0, 'x')", json!(0)),
        ("default(false, 'x')", json!(false)),
        ("default(user.address.street.number, 'x')", json!("x")),
        ("default(uppercase(unknown), 'x')", json!("x")),
        ("default(unknown * 2, 1)", json!(1)),
        ("coalesce(unknown, none, empty, title)", json!("Hello World")),
        ("coalesce(none)", json!(null)),
        ("json(tags)", json!(r#"["new","sale"]"#)),
        ("json(title)", json!(r#""Hello World""#)),
        ("parseJson('{\"a\": [1, 2]}').a[1]", json!(2)),
        ("parseJson('[1]')[0]", json!(1)),
    ]);
}

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

#[test]
fn an_expression_names_its_variables() {
    let expression = Expression::parse("currency(price * items[index].count, code) + user.name + 'x' + json(price)");
    let expression = expression.unwrap();
    let names: Vec<_> = expression.variables().iter().map(String::as_str).collect();
    assert_eq!(names, ["code", "index", "items", "price", "user"]);
    let names = interpolated_variables("{{title}} of {{ user.name }}, {{title}}").unwrap();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["title", "user"]);
}

#[test]
fn text_is_filled() {
    for (text, filled) in [
        ("Hello {{capitalize(user.name)}}", "Hello Ada"),
        ("no expression", "no expression"),
        ("", ""),
        ("{{title}}{{ quantity }}", "Hello World3"),
        ("{{ quantity > 1 ? 'a}}b' : '' }}!", "a}}b!"),
        ("{{none}}{{user.nickname}}.", "."),
        ("{{tags}} {{isPremium}} {{price}}", "new,sale true 29.99"),
        ("{{first(items)}}", r#"{"name":"Mug","price":12.5}"#),
        ("} {single} }}", "} {single} }}"),
        ("{{'{{title}}'}}", "{{title}}"),
    ] {
        assert_eq!(interpolate(text, &Scope::new(&variables())).as_deref(), Ok(filled), "{text}");
    }
    for (text, error) in [
        ("a\nb {{", "Unexpected end of expression: expected a value (line 2, column 5)"),
        ("{{}}", "Unexpected }}: expected a value (line 1, column 3)"),
        ("{{title", "Unexpected end of expression: expected }} or an operator (line 1, column 8)"),
        ("{{title}", "Unexpected }: expected an operator or }} (line 1, column 8)"),
        ("{{{title}}}", "Unexpected {: expected a value (line 1, column 3)"),
        ("x {{unknown}}", "Undefined variable: unknown (line 1, column 5)"),
    ] {
        let found = interpolate(text, &Scope::new(&variables())).expect_err(text);
        assert_eq!(found.to_string(), error, "{text}");
    }
}

#[test]
fn a_scope_may_allow_missing_variables() {
    let variables = variables();
    let scope = Scope::new(&variables).missing(Missing::Undefined);
    let text =
        "[{{unknown}}] [{{unknown.name}}] [{{uppercase(unknown)}}] [{{unknown * price}}] [{{unknown || 'guest'}}]";
    assert_eq!(interpolate(text, &scope).as_deref(), Ok("[] [] [] [] [guest]"));
}

#[test]
fn an_object_is_drawn_when_its_condition_is_true() {
    let variables = variables();
    for (condition, drawn) in [
        ("isPremium && !isExpired", true),
        ("isExpired", false),
        ("quantity", true),
        ("quantity - 3", false),
        ("empty", false),
        ("'false'", true),
        ("none", false),
        ("user.nickname", false),
        ("tags", true),
    ] {
        let condition = Expression::parse(condition).unwrap();
        assert_eq!(condition.is_true(&Scope::new(&variables)), Ok(drawn), "{condition:?}");
    }
    let condition = Expression::parse("unknown").unwrap();
    assert!(condition.is_true(&Scope::new(&variables)).is_err());
    assert_eq!(condition.is_true(&Scope::new(&variables).missing(Missing::Undefined)), Ok(false));
}

#[test]
fn an_element_is_kept_when_its_condition_is_true() {
    for (html, filled) in [
        ("<p _if=\"isPremium\">{{title}}</p>", "<p>Hello World</p>"),
        ("a<p _if=\"isExpired\">{{unknown}}</p>b", "ab"),
        ("<p class=x _if='quantity &gt; 2 &amp;&amp; isPremium' id=y>1</p>", "<p class=x id=y>1</p>"),
        ("<p _if=\"isExpired\">1<p>2</p>3</p>4", "4"),
        ("<div _if=\"isPremium\"><b _if=isExpired>1</b><i _if=isPremium>2</i></div>", "<div><i>2</i></div>"),
        ("<div _if=isExpired><!-- </div> --><DIV>1</DIV><div/></div >2", "2"),
        ("<img _if=\"isExpired\" src=\"a>b\"><br _if=isExpired />c", "c"),
        ("<custom-tag _if=\"isExpired\"/>c", "c"),
        ("<!-- <p _if=\"isExpired\"> --><p>{{quantity}}</p>", "<!-- <p _if=\"isExpired\"> --><p>3</p>"),
        ("<script>'<p _if=isExpired>'</script>", "<script>'<p _if=isExpired>'</script>"),
        (
            "<style _if=isPremium>'<p _if=isExpired>'</style><p é='1' ü _if=isExpired></p>",
            "<style>'<p _if=isExpired>'</style>",
        ),
        ("{{quantity <price ? 'less' : ''}} 1 < 2 <", "less 1 < 2 <"),
        ("<p data-_if=\"isExpired\">1</p>", "<p data-_if=\"isExpired\">1</p>"),
        ("<a href=\"?q={{title}}\">é</a><é", "<a href=\"?q=Hello World\">é</a><é"),
    ] {
        assert_eq!(fill_html(html, &Scope::new(&variables())).as_deref(), Ok(filled), "{html}");
    }
    for (html, error) in [
        ("<p _if=\"isExpired\">", "The element with this _if lacks its end tag </p> (line 1, column 1)"),
        ("<i>\n<p _if=\"1 +\">", "Unexpected end of expression: expected a value (line 2, column 12)"),
        ("<p _if=\"unknown\"></p>", "Undefined variable: unknown (line 1, column 9)"),
        ("<p _if=isPremium>\n{{unknown}}</p>", "Undefined variable: unknown (line 2, column 3)"),
    ] {
        let found = fill_html(html, &Scope::new(&variables())).expect_err(html);
        assert_eq!(found.to_string(), error, "{html}");
    }
}

#[test]
fn every_documented_function_exists() {
    let documented = "uppercase lowercase capitalize titleCase trim truncate replace split padStart padEnd round floor ceil \
                      abs min max sum average currency number percent date time length first last join slice contains \
                      indexOf isEmpty isNotEmpty isDefined isArray isString isNumber default coalesce json parseJson";
    let names: Vec<_> = functions().map(Function::name).collect();
    for name in documented.split_whitespace() {
        assert!(names.contains(&name), "{name}");
    }
    let helpers = "length isEmpty isNotEmpty isDefined isUndefined isArray isString isNumber isBoolean isObject contains \
                   first last indexOf join slice lowercase uppercase capitalize titleCase trim truncate padStart padEnd \
                   replace split startsWith endsWith round floor ceil abs min max sum average currency number percent \
                   date time default coalesce json parseJson";
    let mut helpers: Vec<_> = helpers.split_whitespace().collect();
    let mut found: Vec<_> = functions().filter(|function| function.is_helper()).map(Function::name).collect();
    helpers.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, helpers);
}

mod answers {
    //! What the endpoints say, against the examples of the contract.

    use super::variables;
    use pictify_emulator::expressions::answers::{function_list, interpolation, test, validation};
    use serde_json::json;

    #[test]
    fn of_validating() {
        assert_eq!(validation("price * quantity"), json!({"valid": true, "expression": "price * quantity"}));
        let wrong = json!({
            "valid": false,
            "error": "Unexpected end of expression: expected a value (line 1, column 8)",
            "position": {"offset": 7, "line": 1, "column": 8},
            "expression": "price *",
        });
        assert_eq!(validation("price *"), wrong);
    }

    #[test]
    fn of_testing() {
        let total = json!({"success": true, "result": "$89.97", "resultType": "string"});
        assert_eq!(test("currency(price * quantity, 'USD')", &variables()), total);
        for (expression, kind) in [
            ("quantity", "number"),
            ("isPremium", "boolean"),
            ("tags", "array"),
            ("user", "object"),
            ("none", "null"),
            ("user.nickname", "undefined"),
        ] {
            let answer = test(expression, &variables());
            assert_eq!((&answer["success"], &answer["resultType"]), (&json!(true), &json!(kind)), "{expression}");
        }
        let failed = json!({
            "success": false,
            "error": "Undefined variable: cost (line 1, column 1)",
            "position": {"offset": 0, "line": 1, "column": 1},
            "result": null,
            "resultType": "undefined",
        });
        assert_eq!(test("cost * 2", &variables()), failed);
    }

    #[test]
    fn of_interpolating() {
        let variables = json!({"name": "ada"});
        let variables = variables.as_object().unwrap();
        let filled = json!({"success": true, "result": "Hello Ada"});
        assert_eq!(interpolation("Hello {{capitalize(name)}}", variables), filled);
        let answer = interpolation("Hello {{surname}}", variables);
        assert_eq!(
            (&answer["success"], &answer["error"]),
            (&json!(false), &json!("Undefined variable: surname (line 1, column 9)"))
        );
    }

    #[test]
    fn of_listing_functions() {
        let list = function_list();
        let currency = list["functions"].as_array().unwrap().iter().find(|function| function["name"] == "currency");
        let currency = currency.unwrap();
        assert_eq!(currency["signature"], "currency(num, currencyCode, locale?)");
        assert_eq!(currency["category"], "format");
        for function in list["functions"].as_array().unwrap() {
            assert!(function["description"].as_str().is_some_and(|text| text.ends_with('.')), "{function}");
        }
    }
}
