//! Text and HTML with expressions in them.

use super::variables;
use pictify_emulator::expressions::{Scope, fill_html, interpolate};

#[test]
fn expressions_in_text_are_replaced() {
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
fn an_element_is_removed_if_its_condition_is_false() {
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
        ("<p _if=\"isExpired\">", "The element with this _if has no end tag </p> (line 1, column 1)"),
        ("<i>\n<p _if=\"1 +\">", "Unexpected end of expression: expected a value (line 2, column 12)"),
        ("<p _if=\"unknown\"></p>", "Undefined variable: unknown (line 1, column 9)"),
        ("<p _if=isPremium>\n{{unknown}}</p>", "Undefined variable: unknown (line 2, column 3)"),
    ] {
        let found = fill_html(html, &Scope::new(&variables())).expect_err(html);
        assert_eq!(found.to_string(), error, "{html}");
    }
}
