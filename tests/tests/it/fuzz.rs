//! Runs the fuzz targets on generated inputs, which are the same in every run: valid inputs, valid inputs with changed bytes,
//! and random bytes.

#[path = "../../../fuzz/src/lib.rs"]
mod targets;

use fastrand::Rng;
use pictify::webhooks::Signer;

/// Number of inputs of each target.
const INPUTS: usize = 20_000;

/// Number of inputs of slow targets, which build a client or traverse a document.
const INPUTS_OF_SLOW_TARGETS: usize = 3_000;

/// Runs a target on inputs generated from `seeds` and `letters`.
fn run(target: fn(&[u8]) -> bool, seeds: &[&[u8]], letters: &[u8]) {
    run_on(INPUTS, target, seeds, letters);
}

/// As [`run`], with this number of inputs.
fn run_on(inputs: usize, target: fn(&[u8]) -> bool, seeds: &[&[u8]], letters: &[u8]) {
    let mut random = Rng::with_seed(7);
    for seed in seeds {
        assert!(target(seed), "not accepted: {}", String::from_utf8_lossy(seed));
    }
    for _ in 0..inputs {
        let mut input = if random.u8(..4) == 0 { Vec::new() } else { seeds[random.usize(..seeds.len())].to_vec() };
        for _ in 0..random.usize(1..=8) {
            let at = random.usize(..=input.len());
            let letter = letters[random.usize(..letters.len())];
            match random.u8(..4) {
                0 => input.insert(at, letter),
                1 if at < input.len() => drop(input.remove(at)),
                2 => input.truncate(at),
                _ if at < input.len() => input[at] = letter,
                _ => input.extend_from_slice(&seeds[random.usize(..seeds.len())][..random.usize(..8)]),
            }
        }
        target(&input);
    }
}

#[test]
fn webhook_headers_do_not_break_the_verifier() {
    let body = br#"{"event":"render.completed"}"#;
    let header = Signer::new("whsec_8QkZ1vXr2Yc9").unwrap().header(body);
    let reversed = header
        .split(',')
        .rev()
        .collect::<Vec<_>>()
        .join(", ")
        .to_ascii_uppercase()
        .replace("T=", "t=")
        .replace("V1=", "v1=");
    let several = format!("v1={},{header},v0=1", "0".repeat(64));
    let seeds: [&[u8]; 3] = [header.as_bytes(), reversed.as_bytes(), several.as_bytes()];
    run(targets::webhook_header, &seeds, b"t=v1,0123456789abcdefABCDEF \t\xff\0;");
}

#[test]
fn webhook_deliveries_round_trip() {
    let seeds: [&[u8]; 4] = [
        br#"{"event":"render.completed","timestamp":"2026-08-04T09:15:31.007Z","data":{"url":"u","width":1.5e3}}"#,
        br#"{"event":"batch.completed","data":{"batchId":7,"status":"partial","totalCount":-1},"new":[{}]}"#,
        br#"{"event":"render.failed","data":{"error":null,"errorCode":"NEW"},"event":"twice"}"#,
        br#"{"data":"\ud83d\ude00","event":"\u0000"}"#,
    ];
    run(targets::webhook_delivery, &seeds, b"{}[]\":,0123456789eE+-.\\utrnfalsd \xc3\xa4\xff\0");
}

#[test]
fn expressions_do_not_panic() {
    let seeds: [&[u8]; 5] = [
        b"n > 3 && !no ? uppercase(a) : o.a.b + \"x\"",
        b"length(list) * 2 - -n / 0 % 3",
        b"{{number(n)}} and {{uppercase(a)}} {{o['a'].b}}",
        b"((((((a))))))[0][1] == null || list contains 'two'",
        b"date('2026-08-04', 'YYYY-MM-DD') != default(no, \"\\n\")",
    ];
    run(targets::expression, &seeds, b"()[]{}?:.,+-*/%<>=!&|'\" 019anlsto\\\xc3\xa4");
}

#[test]
fn templates_do_not_panic() {
    let seeds: [&[u8]; 4] = [
        b"{{#each list}}{{@index}} {{this}}{{else}}none{{/each}}",
        b"{{#if yes}}{{uppercase a}}{{else if no}}{{o.a.b}}{{else}}{{default no 'x'}}{{/if}}{{!-- c --}}",
        b"{{#with o}}{{#each a}}{{../n}}{{/each}}{{/with}}{{{a}}}",
        b"<p style=\"color:{{a}}\">{{#unless no}}{{number n}}{{/unless}}</p>",
    ];
    run(targets::template, &seeds, b"{}#/^~!>&()=.@\"' abnoeilstw|\\\xc3\xa4");
}

#[test]
fn error_bodies_become_errors() {
    let seeds: [&[u8]; 6] = [
        b"\x00\x64application/json\n{\"error\":\"Invalid width\",\"code\":\"VALIDATION_ERROR\",\"details\":[{\"field\":\"w\",\"message\":\"m\"}]}",
        b"\x00\x81application/problem+json\n{\"type\":\"https://a.b/render-failed\",\"title\":\"T\",\"status\":422,\"retryAfter\":3}",
        b"\x00\xcbtext/html\n<html><title>502 Bad Gateway</title><p>KEY</p></html>",
        b"\x00\xcb\n{\"message\":{\"message\":[\"a\",{\"errors\":{\"x\":[\"y\"]}}]},\"statusCode\":503,\"retriable\":true}",
        b"\x01\x00a\n[[[{\"error\":null}]]]",
        b"\x00\x07a\n\xff\xfe\x00",
    ];
    run_on(
        INPUTS_OF_SLOW_TARGETS,
        targets::error_body,
        &seeds,
        b"{}[]\":,0123456789.KEY errorscodmalti<>\\\n\xc3\xa4\xff\0",
    );
}

#[test]
fn retry_after_values_become_bounded_delays() {
    let seeds: [&[u8]; 5] = [
        b"30\n\n\n\n{}",
        b"Tue, 04 Aug 2026 09:15:37 GMT\n1785834932\n0\n60\n{\"retryAfter\":7}",
        b"0.5\n-1\n18446744073709551616\n1e9\n{\"retry_after\":\"1e300\"}",
        b"\n99999999999999999999\n0\n\n{\"error\":{\"retryAfter\":-0.0}}",
        b"NaN\ninf\n\n\n{\"code\":\"quota_exceeded\"}",
    ];
    run_on(
        INPUTS_OF_SLOW_TARGETS,
        targets::retry_after,
        &seeds,
        b"0123456789.-+eE,: \nTueAugGMTNaNinf{}\"retyAf\xff\0",
    );
}

#[test]
fn lists_end_for_any_pages() {
    let seeds: [&[u8]; 5] = [
        b"\x15\x04\x07{\"images\":[{\"url\":\"u\"}],\"pagination\":{\"total\":9,\"limit\":1,\"offset\":0,\"hasMore\":true}}\n{\"images\":[]}",
        b"{\"images\":[],\"pagination\":{\"hasMore\":true,\"limit\":18446744073709551615,\"offset\":18446744073709551615}}\n{}",
        b"{\"templates\":[{\"uid\":\"A\"}],\"pagination\":{\"page\":1,\"pages\":3,\"total\":3,\"limit\":1}}\n{\"templates\":[{\"uid\":\"B\"}]}",
        b"{\"templates\":[{\"uid\":\"A\"}],\"total\":-1,\"page\":0,\"limit\":0}\n\n\n",
        b"null\n[]\n{\"images\":null}",
    ];
    run_on(
        INPUTS_OF_SLOW_TARGETS,
        targets::pagination,
        &seeds,
        b"{}[]\":,0123456789-imagestplurnoffhMxT\n\x01\x07\xff",
    );
}

#[test]
fn documents_do_not_break_the_generator() {
    let seeds: [&[u8]; 3] = [
        br##"{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/a/{id}":{"post":{"operationId":"a","parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string"}}],"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/A"}}}},"responses":{"200":{"description":"d","content":{"application/json":{"schema":{"oneOf":[{"$ref":"#/components/schemas/A"},{"type":["null","string"]}]}}}}}}}},"components":{"schemas":{"A":{"type":"object","required":["b"],"properties":{"b":{"type":"array","items":{"$ref":"#/components/schemas/A"}},"c":{"type":"integer","minimum":0,"enum":[1,2]}}}}}}"##,
        b"openapi: 3.0.3\npaths:\n  /a:\n    get:\n      responses:\n        '200':\n          $ref: '#/components/responses/R'\ncomponents:\n  responses:\n    R:\n      description: r\n      content:\n        application/json:\n          schema: {type: string, nullable: true, allOf: [{maxLength: 3}]}\n",
        b"type: object\nproperties:\n  a: {$ref: '#'}\n  b: {anyOf: [{const: 1}, {not: {}}], additionalProperties: false}\n",
    ];
    run_on(INPUTS_OF_SLOW_TARGETS, targets::document, &seeds, b"{}[]\":,0123456789$#/abcenumtypolfs-'\n \xc3\xa4");
}
