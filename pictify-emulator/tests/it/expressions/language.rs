//! Operators, precedence, variables and truthiness.

use super::{assert_value, assert_values, evaluate, variables};
use pictify_emulator::expressions::{Expression, MissingVariable, Scope, interpolate, interpolated_variables};
use serde_json::json;

#[test]
fn variables_members_indexes_and_literals() {
    assert_values(&[
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
    // A member that does not exist is undefined, which JSON cannot represent.
    for expression in ["user.nickname", "items[7]", "items['x']", "items[-1]", "price.x", "tags[0].x"] {
        assert_eq!(evaluate(expression), Ok(None), "{expression}");
    }
}

#[test]
fn arithmetic() {
    assert_values(&[
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
    assert_eq!(evaluate("user.nickname * 2"), Ok(None), "an undefined operand gives an undefined result");
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
        assert_value(expression, result);
    }
}

#[test]
fn logical_and_conditional_operators() {
    assert_values(&[
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
        // Branches that are not selected are not evaluated.
        ("true || unknown", json!(true)),
        ("false && unknown", json!(false)),
        ("isDefined(unknown) ? unknown * 2 : 0", json!(0)),
        ("IF(isDefined(unknown), unknown * 2, 0)", json!(0)),
    ]);
}

#[test]
fn precedence_matches_javascript() {
    assert_values(&[
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
fn variables_of_an_expression_are_listed() {
    let expression = Expression::parse("currency(price * items[index].count, code) + user.name + 'x' + json(price)");
    let expression = expression.unwrap();
    let names: Vec<_> = expression.variables().iter().map(String::as_str).collect();
    assert_eq!(names, ["code", "index", "items", "price", "user"]);
    let names = interpolated_variables("{{title}} of {{ user.name }}, {{title}}").unwrap();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["title", "user"]);
}

#[test]
fn a_scope_can_allow_missing_variables() {
    let variables = variables();
    let scope = Scope::new(&variables).missing(MissingVariable::Undefined);
    let text =
        "[{{unknown}}] [{{unknown.name}}] [{{uppercase(unknown)}}] [{{unknown * price}}] [{{unknown || 'guest'}}]";
    assert_eq!(interpolate(text, &scope).as_deref(), Ok("[] [] [] [] [guest]"));
}

#[test]
fn conditions_follow_truthiness() {
    let variables = variables();
    for (condition, expected) in [
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
        assert_eq!(condition.is_truthy(&Scope::new(&variables)), Ok(expected), "{condition:?}");
    }
    let condition = Expression::parse("unknown").unwrap();
    assert!(condition.is_truthy(&Scope::new(&variables)).is_err());
    assert_eq!(condition.is_truthy(&Scope::new(&variables).missing(MissingVariable::Undefined)), Ok(false));
}
