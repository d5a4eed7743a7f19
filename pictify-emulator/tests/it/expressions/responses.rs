//! Responses of the endpoints, compared with the examples of the contract.

use super::variables;
use pictify_emulator::expressions::responses::{function_list, interpolation, test, validation};
use serde_json::json;

#[test]
fn validation_response() {
    assert_eq!(validation("price * quantity"), json!({"valid": true, "expression": "price * quantity"}));
    let invalid = json!({
        "valid": false,
        "error": "Unexpected end of expression: expected a value (line 1, column 8)",
        "position": {"offset": 7, "line": 1, "column": 8},
        "expression": "price *",
    });
    assert_eq!(validation("price *"), invalid);
}

#[test]
fn test_response() {
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
        let response = test(expression, &variables());
        assert_eq!((&response["success"], &response["resultType"]), (&json!(true), &json!(kind)), "{expression}");
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
fn interpolation_response() {
    let variables = json!({"name": "ada"});
    let variables = variables.as_object().unwrap();
    let filled = json!({"success": true, "result": "Hello Ada"});
    assert_eq!(interpolation("Hello {{capitalize(name)}}", variables), filled);
    let response = interpolation("Hello {{surname}}", variables);
    assert_eq!(
        (&response["success"], &response["error"]),
        (&json!(false), &json!("Undefined variable: surname (line 1, column 9)"))
    );
}

#[test]
fn function_list_response() {
    let list = function_list();
    let currency = list["functions"].as_array().unwrap().iter().find(|function| function["name"] == "currency");
    let currency = currency.unwrap();
    assert_eq!(currency["signature"], "currency(num, currencyCode, locale?)");
    assert_eq!(currency["category"], "format");
    for function in list["functions"].as_array().unwrap() {
        assert!(function["description"].as_str().is_some_and(|text| text.ends_with('.')), "{function}");
    }
}
