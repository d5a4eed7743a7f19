//! The fuzz targets on inputs of our own making, the same in every run: valid ones, valid ones with some bytes changed,
//! and noise.

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use fastrand::Rng;
use pictify::webhooks::Signer;

/// How many inputs each target gets.
const INPUTS: usize = 20_000;

/// Runs a target on inputs made from `seeds`.
fn run(target: fn(&[u8]), seeds: &[&[u8]], letters: &[u8]) {
    let mut random = Rng::with_seed(7);
    for seed in seeds {
        target(seed);
    }
    for _ in 0..INPUTS {
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
fn webhook_headers() {
    let body = br#"{"event":"render.completed"}"#;
    let header = Signer::new("whsec_8QkZ1vXr2Yc9").unwrap().header(body);
    let turned = header.split(',').rev().collect::<Vec<_>>().join(", ").to_ascii_uppercase().replace("T=", "t=");
    let several = format!("v1={},{header},v0=1", "0".repeat(64));
    let seeds: [&[u8]; 3] = [header.as_bytes(), turned.as_bytes(), several.as_bytes()];
    run(targets::webhook_header, &seeds, b"t=v1,0123456789abcdefABCDEF \t\xff\0;");
}

#[test]
fn webhook_deliveries() {
    let seeds: [&[u8]; 4] = [
        br#"{"event":"render.completed","timestamp":"2026-08-04T09:15:31.007Z","data":{"url":"u","width":1.5e3}}"#,
        br#"{"event":"batch.completed","data":{"batchId":7,"status":"partial","totalCount":-1},"new":[{}]}"#,
        br#"{"event":"render.failed","data":{"error":null,"errorCode":"NEW"},"event":"twice"}"#,
        br#"{"data":"\ud83d\ude00","event":"\u0000"}"#,
    ];
    run(targets::webhook_delivery, &seeds, b"{}[]\":,0123456789eE+-.\\utrnfalsd \xc3\xa4\xff\0");
}

#[test]
fn expressions() {
    let seeds: [&[u8]; 5] = [
        b"n > 3 && !no ? upper(a) : o.a.b + \"x\"",
        b"length(list) * 2 - -n / 0 % 3",
        b"{{formatNumber(n, 2)}} and {{ a | upper }} {{o['a'].b}}",
        b"((((((a))))))[0][1] == null || list contains 'two'",
        b"formatDate('2026-08-04', 'YYYY-MM-DD') != default(no, \"\\n\")",
    ];
    run(targets::expression, &seeds, b"()[]{}?:.,+-*/%<>=!&|'\" 019anlsto\\\xc3\xa4");
}

#[test]
fn templates() {
    let seeds: [&[u8]; 4] = [
        b"{{#each list}}{{@index}} {{this}}{{else}}none{{/each}}",
        b"{{#if (gt n 3)}}{{upper a}}{{else if yes}}{{o.a.b}}{{/if}}{{!-- c --}}",
        b"{{#with o}}{{#each a}}{{../n}}{{/each}}{{/with}}{{{a}}}",
        b"<p style=\"color:{{a}}\">{{#unless no}}{{formatNumber n}}{{/unless}}</p>",
    ];
    run(targets::template, &seeds, b"{}#/^~!>&()=.@\"' abnoeilstw|\\\xc3\xa4");
}
