//! Every documented function, with its edge cases.

use super::{assert_values, evaluate};
use pictify_emulator::expressions::{Function, functions};
use serde_json::json;

#[test]
fn string_functions() {
    assert_values(&[
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
fn math_functions() {
    assert_values(&[
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

/// Formats match those of a browser.
#[test]
fn format_functions() {
    assert_values(&[
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
fn array_functions() {
    assert_values(&[
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
fn predicates_conditionals_and_json() {
    assert_values(&[
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
