//! HTML templates, as documented.

use pictify_emulator::{
    expressions::functions,
    html_templates::{ErrorCode, HtmlTemplate, HtmlTemplateError},
    variables::VariableDefinition,
};
use serde_json::{Map, Value, json};

fn variables() -> Map<String, Value> {
    let variables = json!({
        "name": "Ada",
        "html": "<b>\"a\" & 'b' `c` = d</b>",
        "user": {"name": "Grace", "tags": ["x", "y"], "profile": {"city": "Paris"}},
        "items": [{"name": "Mug", "price": 12.5}, {"name": "Pen", "price": 3.0}],
        "tags": ["new", "sale"],
        "stock": {"mugs": 3, "pens": 0},
        "total": 1234.5,
        "zero": 0,
        "yes": true,
        "no": false,
        "none": null,
        "empty": [],
        "nothing": {},
        "created": "2026-01-29T14:05:09Z",
    });
    variables.as_object().unwrap().clone()
}

fn try_render(source: &str, definitions: &Value, strict: bool) -> Result<String, HtmlTemplateError> {
    let definitions = VariableDefinition::read_all(definitions);
    HtmlTemplate::compile(source)?.render(&variables(), &definitions, strict)
}

#[track_caller]
fn assert_rendered(table: &[(&str, &str)]) {
    for (source, html) in table {
        assert_eq!(try_render(source, &json!([]), false).as_deref(), Ok(*html), "{source}");
    }
}

#[test]
fn values() {
    assert_rendered(&[
        ("<p>{{name}}</p>", "<p>Ada</p>"),
        ("{{ name }}", "Ada"),
        ("{{user.name}} {{user/name}} {{this.name}} {{./name}}", "Grace Grace Ada Ada"),
        ("{{user.profile.city}}", "Paris"),
        ("{{items.[1].name}} {{items.0.name}}", "Pen Mug"),
        ("{{unknown}}|{{user.unknown.deep}}|{{none}}", "||"),
        ("{{html}}", "&lt;b&gt;&quot;a&quot; &amp; &#x27;b&#x27; &#x60;c&#x60; &#x3D; d&lt;/b&gt;"),
        // Formatted as in JavaScript.
        ("{{total}} {{zero}} {{yes}} {{items.[1].price}}", "1234.5 0 true 3"),
        ("{{tags}}", "new,sale"),
        ("{{stock}}", "{&quot;mugs&quot;:3,&quot;pens&quot;:0}"),
        ("a {{! not this }}b{{!-- nor {{this}} --}}", "a b"),
        ("a  {{~name~}}  b", "aAdab"),
        (r"\{{name}}", "{{name}}"),
        ("no tags } }} {", "no tags } }} {"),
        ("", ""),
    ]);
}

#[test]
fn blocks() {
    assert_rendered(&[
        ("{{#if yes}}a{{else}}b{{/if}}", "a"),
        ("{{#if no}}a{{else}}b{{/if}}", "b"),
        ("{{#if zero}}a{{else}}b{{/if}}", "b"),
        ("{{#if zero includeZero=true}}a{{else}}b{{/if}}", "a"),
        ("{{#if empty}}a{{else}}b{{/if}}", "b"),
        ("{{#if nothing}}a{{else}}b{{/if}}", "a"),
        ("{{#if none}}a{{else if yes}}b{{else}}c{{/if}}", "b"),
        ("{{#if unknown}}a{{^}}b{{/if}}", "b"),
        ("{{#if (isEmpty empty)}}a{{/if}}", "a"),
        ("{{#unless no}}a{{else}}b{{/unless}}", "a"),
        ("{{#each items}}{{name}}={{price}};{{/each}}", "Mug=12.5;Pen=3;"),
        ("{{#each tags}}{{@index}}{{this}}{{#if @first}}f{{/if}}{{#if @last}}l{{/if}} {{/each}}", "0newf 1salel "),
        ("{{#each stock}}{{@key}}{{this}} {{/each}}", "mugs3 pens0 "),
        ("{{#each empty}}a{{else}}none{{/each}}", "none"),
        ("{{#each unknown}}a{{/each}}", ""),
        ("{{#each zero}}a{{else}}b{{/each}}", "b"),
        ("{{#each items}}{{../name}}/{{@root.user.name}} {{/each}}", "Ada/Grace Ada/Grace "),
        (
            "{{#each items}}{{#each ../tags}}{{@../index}}{{@index}}{{../name}}{{../../name}} {{/each}}{{/each}}",
            "00MugAda 01MugAda 10PenAda 11PenAda ",
        ),
        ("{{#each items}}{{#if price}}{{name}}{{/if}}{{/each}}", "MugPen"),
        ("{{#each items as |item i|}}{{i}}{{item.name}}{{name}} {{/each}}", "0MugMug 1PenPen "),
        ("{{#each (split \"a,b\" \",\") as |part|}}{{part}}{{this}}{{@last}} {{/each}}", "aafalse bbtrue "),
        ("{{#each (parseJson \"[[1,2],[3]]\")}}{{#each this}}{{this}}{{/each}};{{/each}}", "12;3;"),
        ("{{#with user}}{{name}} {{profile.city}} {{../name}}{{/with}}", "Grace Paris Ada"),
        ("{{#with user as |u|}}{{u.name}}{{/with}}", "Grace"),
        ("{{#with unknown}}a{{else}}b{{/with}}", "b"),
        ("{{#each tags}}{{#with ../user}}{{@index}}{{name}}{{/with}}{{/each}}", "0Grace1Grace"),
        ("<ul>\n{{#each tags}}\n<li>{{this}}</li>\n{{/each}}\n</ul>", "<ul>\n<li>new</li>\n<li>sale</li>\n</ul>"),
    ]);
}

#[test]
fn helpers() {
    assert_rendered(&[
        ("{{currency total \"USD\"}}", "$1,234.50"),
        ("{{currency total 'EUR' \"de-DE\"}}", "1.234,50\u{a0}€"),
        ("{{uppercase (default unknown \"guest\")}}", "GUEST"),
        ("{{length items}} {{length unknown}}", "2 0"),
        ("{{isEmpty empty}} {{isNotEmpty tags}} {{isDefined none}} {{isUndefined unknown}}", "true true false true"),
        (
            "{{isArray tags}} {{isString name}} {{isNumber total}} {{isBoolean no}} {{isObject user}}",
            "true true true true true",
        ),
        ("{{contains tags \"sale\"}} {{indexOf tags \"sale\"}}", "true 1"),
        ("{{first tags}} {{last tags}} {{join tags \" + \"}} {{slice name 1}}", "new sale new + sale da"),
        ("{{lowercase name}} {{uppercase name}} {{capitalize \"a b\"}} {{titleCase \"a b\"}}", "ada ADA A b A B"),
        ("[{{trim \"  a \"}}] {{truncate \"abcdef\" 3}}", "[a] abc..."),
        ("{{padStart 7 3 \"0\"}} {{padEnd 7 3 \".\"}} {{replace \"a-b\" \"-\" \"+\"}}", "007 7.. a+b"),
        ("{{split \"a-b\" \"-\"}} {{startsWith name \"A\"}} {{endsWith name \"A\"}}", "a,b true false"),
        ("{{round 2.567 2}} {{floor 2.5}} {{ceil 2.5}} {{abs -3}}", "2.57 2 3 3"),
        ("{{min 3 1 2}} {{max 3 1 2}}", "1 3"),
        ("{{sum (parseJson \"[1,2]\")}} {{average (parseJson \"[1,2]\")}}", "3 1.5"),
        ("{{number 1234567.5}} {{percent 0.256 1}}", "1,234,567.5 25.6%"),
        ("{{date created \"MMMM D, YYYY\"}} {{time created}}", "January 29, 2026 2:05 PM"),
        (
            "{{date created}} {{date created \"short\"}} {{date created 'long'}}",
            "Jan 29, 2026 Jan 29, 2026 January 29, 2026",
        ),
        ("{{date created \"LONG\"}} {{date created \"medium\"}}", "LONG 5e4iu5"),
        ("{{date created none}}", "Jan 29, 2026"),
        ("{{coalesce unknown none name}} {{json tags}}", "Ada [&quot;new&quot;,&quot;sale&quot;]"),
        ("{{#each items}}{{currency price \"USD\"}} {{/each}}", "$12.50 $3.00 "),
        // A missing value renders as empty text, whatever helper is applied.
        ("{{currency unknown \"USD\"}}|{{uppercase none}}|{{date unknown \"YYYY\"}}", "||"),
    ]);
}

#[test]
fn templates_outside_the_contract_are_rejected() {
    use ErrorCode::{CompileError, HelperNotAllowed};
    for (source, code, message) in [
        ("<p>\n  {{shout name}}", HelperNotAllowed, "Helper \"shout\" is not allowed (line 2, column 3)"),
        ("{{uppercase (shout name)}}", HelperNotAllowed, "Helper \"shout\" is not allowed (line 1, column 1)"),
        (
            "{{#each items}}\n{{shout name}}{{/each}}",
            HelperNotAllowed,
            "Helper \"shout\" is not allowed (line 2, column 1)",
        ),
        ("{{#shout}}{{/shout}}", HelperNotAllowed, "Helper \"shout\" is not allowed (line 1, column 1)"),
        (
            "{{#if yes}}{{else shout yes}}{{/if}}",
            HelperNotAllowed,
            "Helper \"shout\" is not allowed (line 1, column 1)",
        ),
        ("{{> header}}", HelperNotAllowed, "Partial \"header\" is not allowed (line 1, column 1)"),
        ("{{#> header}}{{/header}}", HelperNotAllowed, "Partial \"header\" is not allowed (line 1, column 1)"),
        ("{{#*inline \"a\"}}{{/inline}}", HelperNotAllowed, "Decorator \"inline\" is not allowed (line 1, column 1)"),
        ("{{{{raw}}}}a{{{{/raw}}}}", HelperNotAllowed, "Helper \"raw\" is not allowed (line 1, column 1)"),
        ("{{$value name}}", HelperNotAllowed, "Helper \"$value\" is not allowed (line 1, column 1)"),
        ("{{toUpperCase name}}", HelperNotAllowed, "Helper \"toUpperCase\" is not allowed (line 1, column 1)"),
        (
            "{{#uppercase name}}{{/uppercase}}",
            CompileError,
            "uppercase is not a block: write {{uppercase ...}} (line 1, column 1)",
        ),
        ("{{if yes}}", CompileError, "if is a block: write {{#if ...}}...{{/if}} (line 1, column 1)"),
        ("{{#if}}a{{/if}}", CompileError, "if takes 1 argument, not 0 (line 1, column 1)"),
        ("{{#each a b}}{{/each}}", CompileError, "each takes 1 argument, not 2 (line 1, column 1)"),
        ("{{#each a b=1}}{{/each}}", CompileError, "each does not take this named argument (line 1, column 1)"),
        ("{{uppercase name case=1}}", CompileError, "uppercase takes no named arguments (line 1, column 1)"),
        (
            "{{json [1,2]}}",
            CompileError,
            "Arrays and objects cannot be written in a template: pass them as variables (line 1, column 1)",
        ),
    ] {
        let error = HtmlTemplate::compile(source).expect_err(source);
        assert_eq!((error.code(), error.to_string().as_str()), (code, message), "{source}");
        assert_eq!(error.status(), 422);
    }
    // The template engine has these helpers, but the contract does not.
    for built_in in ["lookup", "log", "eq", "ne", "gt", "gte", "lt", "lte", "and", "or", "not", "len", "helperMissing"]
    {
        let error = HtmlTemplate::compile(&format!("{{{{{built_in} a b}}}}")).expect_err(built_in);
        assert_eq!(error.code(), HelperNotAllowed, "{built_in}");
    }
    // The operators and calls of the expression language are not allowed either.
    for source in [
        "{{currency(total, 'USD')}}",
        "{{a + b}}",
        "{{a > b}}",
        "{{a ? b : c}}",
        "{{#if a}}",
        "{{a",
        "{{#if a}}{{/each}}",
        "{{}}",
    ] {
        let error = HtmlTemplate::compile(source).expect_err(source);
        assert_eq!(error.code(), CompileError, "{source}");
        let context = &error.body()["context"];
        assert!(context["line"].is_u64() && context["column"].is_u64(), "{source}: {error:?}");
    }
}

#[test]
fn error_responses_match_the_contract() {
    let error = HtmlTemplate::compile("<p>\n</p>\n    {{shout name}}").unwrap_err();
    let body = json!({
        "error": "Helper \"shout\" is not allowed",
        "code": "HELPER_NOT_ALLOWED",
        "context": {"helper": "shout", "line": 3, "column": 5},
    });
    assert_eq!(error.body(), body);
    let error = HtmlTemplate::compile(&"x".repeat(612_000)).unwrap_err();
    let body = json!({
        "error": "Template source is too large",
        "code": "TEMPLATE_TOO_LARGE",
        "context": {"bytes": 612_000, "limit": 512_000},
    });
    assert_eq!((error.body(), error.status()), (body, 413));
}

#[test]
fn every_helper_compiles() {
    for function in functions().filter(|function| function.is_helper()) {
        let source = format!("{{{{{} name}}}}", function.name());
        assert!(HtmlTemplate::compile(&source).is_ok(), "{source}");
    }
}

#[test]
fn raw_html_needs_permission() {
    let permitted = json!([
        {"name": "html", "type": "text", "allowRawHtml": true},
        {"name": "name", "type": "text"},
        {"name": "items", "type": "array", "allowRawHtml": true},
    ]);
    for (source, html) in [
        ("{{{html}}}", "<b>\"a\" & 'b' `c` = d</b>"),
        ("{{&html}}", "<b>\"a\" & 'b' `c` = d</b>"),
        ("{{{uppercase html}}}", "<B>\"A\" & 'B' `C` = D</B>"),
        (
            "{{{html}}}{{html}}",
            "<b>\"a\" & 'b' `c` = d</b>&lt;b&gt;&quot;a&quot; &amp; &#x27;b&#x27; &#x60;c&#x60; &#x3D; d&lt;/b&gt;",
        ),
        ("{{#each items}}{{{name}}}{{/each}}", "MugPen"),
        ("{{#each items as |item|}}{{{item.name}}}{{/each}}", "MugPen"),
    ] {
        assert_eq!(try_render(source, &permitted, false).as_deref(), Ok(html), "{source}");
    }
    for (source, variable) in [
        ("{{{name}}}", "name"),
        ("{{& name}}", "name"),
        ("{{{user.name}}}", "user"),
        ("{{{default html name}}}", "name"),
        ("{{{uppercase (default html name)}}}", "name"),
        ("{{#each tags}}{{{this}}}{{/each}}", "tags"),
        ("{{#each tags}}{{{../html}}}{{{@root.name}}}{{/each}}", "name"),
        ("{{#with user}}{{#each tags}}{{{this}}}{{/each}}{{/with}}", "user"),
        ("{{#each (split name \",\")}}{{{this}}}{{/each}}", "name"),
        ("{{#each tags as |html|}}{{{html}}}{{/each}}", "tags"),
        ("{{#if no}}{{{name}}}{{/if}}", "name"),
        ("{{{json this}}}", "this"),
    ] {
        let error = try_render(source, &permitted, false).expect_err(source);
        assert_eq!(error.code(), ErrorCode::RawHtmlNotAllowed, "{source}");
        assert_eq!(error.body()["context"]["variable"], variable, "{source}");
    }
}

#[test]
fn variables_of_a_template_are_listed() {
    for (source, names) in [
        ("{{title}} {{user.name}} {{title}}", &["title", "user"][..]),
        ("{{#if a}}{{b}}{{else if c}}{{d}}{{else}}{{e}}{{/if}}", &["a", "b", "c", "d", "e"]),
        (
            "{{#each items}}{{name}}{{../title}}{{@root.user.x}}{{@index}}{{this}}{{/each}}{{name}}",
            &["items", "title", "user", "name"],
        ),
        ("{{#each a}}{{#each b}}{{../c}}{{../../d}}{{../../../e}}{{/each}}{{/each}}", &["a", "d", "e"]),
        ("{{#each a}}x{{else}}{{b}}{{/each}}", &["a", "b"]),
        ("{{#with a as |x|}}{{x.y}}{{/with}}{{x}}", &["a", "x"]),
        ("{{currency total (default code \"USD\") \"de-DE\"}}", &["total", "code"]),
        ("{{this}} {{@index}} {{uppercase \"x\"}}", &[]),
    ] {
        assert_eq!(HtmlTemplate::compile(source).unwrap().variables(), names, "{source}");
    }
    let template = HtmlTemplate::compile("<h1>{{title}}</h1><p>{{description}}</p>").unwrap();
    let definitions = VariableDefinition::read_all(&json!([{"name": "title", "type": "text"}]));
    assert_eq!(template.added_variables(&definitions), ["description"]);
}

#[test]
fn a_strict_template_requires_all_its_variables() {
    for (source, definitions, missing) in [
        ("{{name}}", json!([]), None),
        ("{{unknown}}", json!([]), Some("unknown")),
        ("{{unknown}}", json!([{"name": "unknown"}]), Some("unknown")),
        ("{{unknown}}", json!([{"name": "unknown", "defaultValue": ""}]), None),
        ("{{user.unknown}}", json!([]), None),
        ("{{none}}", json!([]), None),
        ("{{#each items}}{{unknown}}{{/each}}", json!([]), None),
        ("{{#each items}}{{../unknown}}{{/each}}", json!([]), Some("unknown")),
        ("{{#if no}}{{unknown}}{{/if}}", json!([]), Some("unknown")),
    ] {
        match (try_render(source, &definitions, true), missing) {
            (Ok(_), None) => {}
            (Err(error), Some(name)) => {
                assert_eq!(error.code(), ErrorCode::UndefinedVariable, "{source}");
                assert_eq!(error.body()["context"]["variable"], name, "{source}");
            }
            (found, _) => panic!("{source}: {found:?}"),
        }
        assert!(try_render(source, &definitions, false).is_ok(), "{source}");
    }
}

#[test]
fn definitions_are_enforced() {
    let required = json!([{"name": "subtitle", "validation": {"required": true}}]);
    let error = try_render("{{name}}", &required, false).unwrap_err();
    let body = json!({
        "error": "Variable \"subtitle\" is required and has no value",
        "code": "VARIABLE_REQUIRED",
        "context": {"variable": "subtitle"},
    });
    assert_eq!(error.body(), body);
    let short = json!([{"name": "name", "validation": {"maxLength": 2}}]);
    assert_eq!(try_render("{{name}}", &short, false).unwrap_err().code(), ErrorCode::InvalidVariable);
    let default = json!([{"name": "subtitle", "defaultValue": "Hello"}]);
    assert_eq!(try_render("{{subtitle}}", &default, false).as_deref(), Ok("Hello"));
}

#[test]
fn render_errors_have_a_position() {
    for (source, message) in [
        ("<p>\n{{round name}}", "round: argument 1 must be a number, not 'Ada' (line 2, column 1)"),
        ("{{#each items}}\n {{sum name}}{{/each}}", "sum: argument 1 must be an array, not 'Mug' (line 2, column 2)"),
        ("{{date}}", "date takes 1 to 2 arguments, not 0: write date(value, pattern?) (line 1, column 1)"),
        (
            "{{truncate name}}",
            "truncate takes 2 to 3 arguments, not 1: write truncate(str, len, suffix?) (line 1, column 1)",
        ),
        (
            "{{items.length}}",
            "An array has no member \"length\": write an index, or the helper length (line 1, column 1)",
        ),
    ] {
        let error = try_render(source, &json!([]), false).expect_err(source);
        assert_eq!((error.code(), error.to_string().as_str()), (ErrorCode::ExpressionError, message), "{source}");
    }
}
