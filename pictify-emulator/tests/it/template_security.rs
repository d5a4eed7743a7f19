//! Hostile and random templates and expressions: each gives a value or a typed error, within bounded time and memory.

use pictify_emulator::{
    expressions::{ErrorKind, Expression, ExpressionError, MissingVariable, Scope, fill_html, functions, interpolate},
    html_templates::{ErrorCode, HtmlTemplate, HtmlTemplateError},
    variables::VariableDefinition,
};
use serde_json::{Map, Value, json};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

/// Maximum duration of one case. Long enough for a debug build on a busy machine, too short for unbounded work.
const TIMEOUT: Duration = Duration::from_secs(20);

static VARIABLES: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let mut variables = SMALL.clone();
    variables.insert("list".to_owned(), (0..1000).collect());
    variables.insert("long".to_owned(), "x".repeat(1_000_000).into());
    variables
});

static SMALL: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let variables = json!({
        "a": 1, "b": "two", "c": [1, "x", null, [2], {"d": 3}], "d": {"e": {"f": "g"}, "length": 7}, "n": null, "t": true,
        "text": "The quick brown fox", "list": [3, 1, 2],
    });
    variables.as_object().unwrap().clone()
});

fn evaluate(source: &str) -> Result<Option<Value>, ExpressionError> {
    Expression::parse(source)?.evaluate(&Scope::new(&VARIABLES))
}

fn render(source: &str) -> Result<String, HtmlTemplateError> {
    HtmlTemplate::compile(source)?.render(&VARIABLES, &[], false)
}

/// Runs a case on half the stack of a server thread, and checks its duration.
fn run_bounded<T: Send>(name: &str, run: impl FnOnce() -> T + Send) -> T {
    let start = Instant::now();
    let result = thread::scope(|scope| {
        let small = thread::Builder::new().stack_size(1024 * 1024);
        small.spawn_scoped(scope, run).unwrap().join().unwrap()
    });
    assert!(start.elapsed() < TIMEOUT, "{name} took {:?}", start.elapsed());
    result
}

#[test]
fn expressions_over_a_limit_fail() {
    let nested = |open: &str, middle: &str, close: &str, depth| open.repeat(depth) + middle + &close.repeat(depth);
    for (source, kind) in [
        ("(".repeat(100_000), ErrorKind::Limit),
        (nested("(", "1", ")", 100_000), ErrorKind::Limit),
        (nested("(", "1", ")", 1000), ErrorKind::Limit),
        ("!".repeat(100_000), ErrorKind::Limit),
        ("-".repeat(9_000) + "1", ErrorKind::Limit),
        (nested("a[", "0", "]", 3_000), ErrorKind::Limit),
        (nested("length(", "a", ")", 1_000), ErrorKind::Limit),
        ("t?1:".repeat(2_000) + "1", ErrorKind::Limit),
        (nested("t?", "1", ":1", 2_000), ErrorKind::Limit),
        ("1+".repeat(50_000) + "1", ErrorKind::Limit),
        (format!("'{}'", "x".repeat(100_000)), ErrorKind::Limit),
        ("9".repeat(400), ErrorKind::Syntax),
        ("padStart('x', 1e18, 'yy')".to_owned(), ErrorKind::Limit),
        ("padStart('x', 9e307, 'yy')".to_owned(), ErrorKind::Limit),
        (nested("replace(", "'x'", ", '', long)", 3), ErrorKind::Limit),
        (nested("replace(", "'xx'", ", 'x', 'xxxxxxxxxx')", 20), ErrorKind::Limit),
        ("long + ".repeat(1_000) + "long", ErrorKind::Limit),
        ("length(split(long, ''))".to_owned(), ErrorKind::Evaluation),
        ("parseJson(replace(slice(long, 0, 99999), 'x', '['))".to_owned(), ErrorKind::Evaluation),
        ("parseJson('[' + replace(slice(long, 0, 999999), 'x', '[0],[0],') + '0]')".to_owned(), ErrorKind::Limit),
        (format!("coalesce({} 1)", "uppercase(long) == 1 || n,".repeat(380)), ErrorKind::Limit),
        ("1e308 * 10".to_owned(), ErrorKind::Evaluation),
        ("sum(parseJson('[1e308, 1e308]'))".to_owned(), ErrorKind::Evaluation),
        ("date(1e300, 'YYYY')".to_owned(), ErrorKind::Evaluation),
        (format!("number(1, '{}')", "en-".repeat(3_000)), ErrorKind::Evaluation),
    ] {
        let excerpt: String = source.chars().take(40).collect();
        let error = run_bounded(&excerpt, || evaluate(&source)).expect_err(&excerpt);
        assert_eq!(error.kind(), kind, "{excerpt}: {error}");
    }
}

#[test]
fn long_expressions_within_the_limits_succeed() {
    let sum = "1+".repeat(4_999) + "1";
    assert_eq!(run_bounded("sum", || evaluate(&sum)), Ok(Some(json!(5000))));
    let steps = format!("default(d{}, 'end')", ".e".repeat(4_900));
    assert_eq!(run_bounded("steps", || evaluate(&steps)), Ok(Some(json!("end"))));
    // The maximum depth must fit in the stack.
    let mixed = "!(n || 1 && 2 == 3 < 4 + 5 * -IF(".repeat(15);
    let depth = format!("{mixed}1{}", ", 1, 2))".repeat(15));
    assert_eq!(run_bounded("mixed", || evaluate(&depth)), Ok(Some(json!(true))));
    let text = "{{a}}, ".repeat(100_000);
    let filled = run_bounded("text", || interpolate(&text, &Scope::new(&VARIABLES)));
    assert_eq!(filled.map(|text| text.len()), Ok(300_000));
}

#[test]
fn a_scope_limits_all_its_evaluations_together() {
    let scope = Scope::new(&VARIABLES);
    let expression = Expression::parse("length(uppercase(long))").unwrap();
    let count = (0..1_000).take_while(|_| expression.evaluate(&scope).is_ok()).count();
    assert!((10..100).contains(&count), "{count}");
    assert_eq!(expression.evaluate(&scope).unwrap_err().kind(), ErrorKind::Limit);
    assert!(expression.evaluate(&Scope::new(&VARIABLES)).is_ok());
}

#[test]
fn templates_over_a_limit_fail() {
    let nested = |open: &str, middle: &str, close: &str, depth| open.repeat(depth) + middle + &close.repeat(depth);
    let (compile, bound) = (ErrorCode::CompileError, ErrorCode::IterationLimitExceeded);
    for (source, code) in [
        (nested("{{#if t}}", "x", "{{/if}}", 10_000), compile),
        (nested("{{#if t}}", "x", "{{/if}}", 65), compile),
        ("{{#if t}}".repeat(30_000), compile),
        ("{{#if t}}{{else if t}}".to_owned() + &"{{else if n}}".repeat(30_000), compile),
        ("{{#if n}}".to_owned() + &"{{else if n}}".repeat(1_000) + "{{/if}}", compile),
        (nested("{{uppercase ", "b", "}}", 1_000), compile),
        ("{{".to_owned() + &nested("(uppercase ", "b", ")", 20_000) + "}}", compile),
        ("{{json ".to_owned() + &nested("[", "1", "]", 100_000) + "}}", compile),
        ("{{".repeat(200_000), compile),
        ("{{a}}".repeat(100_000), compile),
        ("\\{{".repeat(150_000), compile),
        ("{{{{".repeat(10_000), compile),
        ("{{a".to_owned() + &" b".repeat(200_000), compile),
        (nested("{{#each @root.list}}", "", "{{/each}}", 5), bound),
        (nested("{{#each list}}", "{{@root.long}}", "{{/each}}", 1), bound),
        (nested("{{#each list}}", &"{{uppercase b}}".repeat(2_000), "{{/each}}", 1), bound),
        (format!("{{{{#each list}}}}{}{{{{/each}}}}", "x".repeat(100_000)), bound),
        (nested("{{#with (split long \"y\")}}", &"{{length this}}".repeat(1_000), "{{/with}}", 1), bound),
        (
            format!(
                "{{{{#with (parseJson \"[{}0]\")}}}}{}{{{{/with}}}}",
                "0,".repeat(50_000),
                "{{#if this}}{{/if}}".repeat(900)
            ),
            bound,
        ),
        ("{{padStart b 1000000000000 \"x\"}}".to_owned(), bound),
    ] {
        let excerpt: String = source.chars().take(60).collect();
        let error = run_bounded(&excerpt, || render(&source)).expect_err(&excerpt);
        assert_eq!(error.code(), code, "{excerpt}: {error}");
    }
}

#[test]
fn large_templates_within_the_limits_render() {
    for (source, length) in [
        ("x".repeat(500 * 1024), 500 * 1024),
        ("{{a}}".repeat(5_000), 5_000),
        ("{{#each list}}{{this}}{{/each}}".repeat(5), 14_450),
        ("{{#if t}}".repeat(64) + "x" + &"{{/if}}".repeat(64), 1),
        ("{{".to_owned() + &"(uppercase ".repeat(31)[1..] + "b" + &")".repeat(30) + "}}", 3),
    ] {
        let excerpt: String = source.chars().take(60).collect();
        assert_eq!(run_bounded(&excerpt, || render(&source)).map(|html| html.len()), Ok(length), "{excerpt}");
    }
}

/// Checks the properties that hold for every text. Also usable as the entry point of a fuzzer.
fn check_properties(text: &str) {
    let check_position =
        |error: &ExpressionError| assert!(error.position().offset <= text.chars().count(), "{error:?}");
    for missing in [MissingVariable::Error, MissingVariable::Undefined] {
        let scope = || Scope::new(&SMALL).missing(missing);
        let first = Expression::parse(text).and_then(|expression| expression.evaluate(&scope()));
        let second = Expression::parse(text).and_then(|expression| expression.evaluate(&scope()));
        assert_eq!(first, second);
        let _ = first.map_err(|error| check_position(&error));
        let _ = interpolate(text, &scope()).map_err(|error| check_position(&error));
        let _ = fill_html(text, &scope()).map_err(|error| check_position(&error));
    }
    let definitions = VariableDefinition::read_all(&json!([{"name": "text", "allowRawHtml": true}]));
    if let Ok(template) = HtmlTemplate::compile(text) {
        for strict in [false, true] {
            let _ = template.render(&SMALL, &definitions, strict);
        }
    }
}

fn check_or_report(text: &str, seed: u64) {
    let result = catch_unwind(AssertUnwindSafe(|| check_properties(text)));
    assert!(result.is_ok(), "seed {seed} with {text:?}");
}

/// Generates a random valid expression.
fn random_expression(random: &mut fastrand::Rng, depth: usize) -> String {
    let mut inner = |depth| random_expression(random, depth);
    if depth == 0 {
        const LEAVES: &[&str] =
            &["a", "b", "c", "d", "n", "t", "text", "list", "unknown", "1", "0", "-2.5", "'x'", "''", "null", "'7'"];
        return (*random.choice(LEAVES).unwrap()).to_owned();
    }
    let next = depth - 1;
    let (first, second, third) = (inner(next), inner(next), inner(next));
    match random.u8(..8) {
        0 => format!("({first})"),
        1 => format!("!{first}"),
        2 => format!("- {first}"),
        3 => format!("{first} ? {second} : {third}"),
        4 => format!("({first})[{second}]"),
        5 => format!("({first}).length"),
        6 => {
            const OPERATORS: &[&str] = &["+", "-", "*", "/", "%", "<", ">", "<=", ">=", "==", "!=", "&&", "||"];
            format!("{first} {} {second}", random.choice(OPERATORS).unwrap())
        }
        _ => {
            let all: Vec<_> = functions().collect();
            let function = random.choice(&all).unwrap();
            let required = function.signature().matches(',').count() + 1 - function.signature().matches('?').count();
            let arguments: Vec<_> = [first, second, third].into_iter().take(required.min(3)).collect();
            format!("{}({})", function.name(), arguments.join(", "))
        }
    }
}

#[test]
fn random_valid_expressions_do_not_panic() {
    for seed in 0..20_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let depth = random.usize(..5);
        let source = random_expression(&mut random, depth);
        assert!(
            Expression::parse(&source).is_ok(),
            "seed {seed}: {source} is not a valid expression: {:?}",
            Expression::parse(&source)
        );
        check_or_report(&source, seed);
    }
}

#[test]
fn mutated_templates_do_not_panic() {
    const VALID: &[&str] = &[
        "<div _if=\"t && a == 1\"><p _if='n'>{{text}}<p>x</p></p><img _if=t src=\"{{b}}\"/></div><script>'<p>'</script>",
        "price * quantity > 100 && !isExpired ? currency(a * 2, 'USD', 'de-DE') : truncate(text, 5, '…')",
        "Hello {{ capitalize(text) }}, {{ join(slice(c, 1, -1), ', ') }} {{ date('2026-01-29', 'MMMM D, [YYYY]') }}",
        "<p>{{#if t}}{{text}}{{else if n}}{{{text}}}{{else}}{{&text}}{{/if}}</p>{{! c }}{{!-- d --}}",
        "{{#each c as |item i|}}{{i}}{{item.d}}{{@index}}{{../a}}{{@root.b}}{{else}}-{{/each}}",
        "{{#with d}}{{e.f}} {{padStart (default ../n \"x\") 3 \"0\"}}{{~#unless e~}} {{/unless}}{{/with}}",
        "{{currency a 'EUR' \"fr-FR\"}}{{split text \" \"}}\\{{a}}{{this}}{{c.[4].d}}",
        r#"parseJson('{"a": [1, {"b": null}]}').a[1].b || "\u00e9\n" + 1.5e3 % -7"#,
    ];
    const PIECES: &[&str] = &[
        "<p _if=", "</p>", "<", "/>", "{{", "}}", "{{{", "}}}", "{{#", "{{/", "{{else}}", "(", ")", "[", "]", "'",
        "\"", "\\", "\\u", "..", "../", "@", "|", "~", "!--", "--", "&", "=", "?", ":", ",", ".", "-", "0", "1e9", "é",
        "👍", "\u{0}", "\n", " ", "null", "this", "\\{{", "e+",
    ];
    for seed in 0..20_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut text: Vec<char> = random.choice(VALID).unwrap().chars().collect();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(..=text.len());
            let end = random.usize(at..=text.len().min(at + 8));
            let piece: Vec<char> = match random.u8(..4) {
                0 => Vec::new(),
                1 => text[at..end].repeat(2),
                2 => vec![random.char(..)],
                _ => random.choice(PIECES).unwrap().chars().collect(),
            };
            text.splice(at..if random.bool() { at } else { end }, piece);
        }
        check_or_report(&text.into_iter().collect::<String>(), seed);
    }
}
