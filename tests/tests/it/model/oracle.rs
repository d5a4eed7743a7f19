//! Oracle: compares what clients observed with what the emulator has billed and stored.

use super::observations::{ActorLog, Observed, Render, TemplateRecord};
use pictify_emulator::Emulator;
use pictify_test_support::{KEY, http_client};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Returns all contradictions between the logs and the emulator.
pub async fn find_contradictions(emulator: &Emulator, logs: &[ActorLog]) -> Vec<String> {
    let mut found: Vec<_> = logs.iter().flat_map(|log| log.findings.clone()).collect();
    found.extend(billing(&get(emulator, "/_emulator/ledger").await, logs));
    found.extend(templates(&list_templates(emulator).await, logs));
    found
}

fn billing(ledger: &Value, logs: &[ActorLog]) -> Vec<String> {
    let mut billed: HashMap<&str, u64> = HashMap::new();
    for entry in ledger["entries"].as_array().expect("entries") {
        let key = entry["idempotencyKey"].as_str().unwrap_or("no key");
        *billed.entry(key).or_default() += entry["renders"].as_u64().expect("a number");
    }
    let mut found = Vec::new();
    let mut keys = HashSet::new();
    for render in logs.iter().flat_map(|log| &log.renders) {
        found.extend(check_render(render, &mut billed));
        let (number, what) = (render.number, render.what);
        let of_others = render.keys().into_iter().filter(|key| !keys.insert(*key));
        found.extend(
            of_others.map(|key| format!("call {number} ({what}): has the response of another call, key {key}")),
        );
    }
    found.extend(billed.keys().map(|key| format!("{key}: billed, but not requested by any actor")));
    let (spent, total) = (logs.iter().map(|log| log.spent).sum::<u64>(), ledger["renders"].as_u64());
    if total > Some(spent) {
        found.push(format!("clients report {spent} spent renders, the ledger has {total:?}"));
    }
    found.extend(logs.iter().filter_map(check_spent));
    found
}

/// Returns the contradiction of a client's spent renders with its calls, if any. The renders of failed calls are returned,
/// those of others are not. A dropped call keeps its renders only if it was sent.
fn check_spent(log: &ActorLog) -> Option<String> {
    let may_be_billed = log.renders.iter().filter(|render| render.outcome() != Observed::Failed);
    let renders = |render: &Render| render.renders;
    let most = may_be_billed.clone().map(renders).sum::<u64>();
    let least = may_be_billed.filter(|render| !render.is_dropped()).map(renders).sum::<u64>();
    let spent = log.spent;
    (!(least..=most).contains(&spent))
        .then(|| format!("a client reports {spent} spent renders, its calls have {least} to {most}"))
}

/// Returns the contradiction of a render with the ledger, if any, and removes its keys from `billed`.
fn check_render(render: &Render, billed: &mut HashMap<&str, u64>) -> Option<String> {
    let Render { number, what, renders, .. } = render;
    let times: u64 = render.keys().into_iter().filter_map(|key| billed.remove(key)).sum();
    if let Some(joiner) = render.contradicting_joiner() {
        let outcome = render.outcome();
        return Some(format!(
            "call {number} ({what}): a caller that joined is told {joiner:?}, the request is {outcome:?}"
        ));
    }
    let contradiction = match render.outcome() {
        _ if times > *renders => format!("billed {times} renders instead of {renders}"),
        Observed::Done if times < *renders => format!("reported as done, but only {times} of {renders} are billed"),
        Observed::Failed if times > 0 => "billed, but reported as failed".to_owned(),
        _ => return None,
    };
    Some(format!("call {number} ({what}): {contradiction}"))
}

fn templates(listed: &[Value], logs: &[ActorLog]) -> Vec<String> {
    let mut found = Vec::new();
    let mut names: HashMap<&str, u64> = HashMap::new();
    let mut by_uid: HashMap<&str, &str> = HashMap::new();
    for template in listed {
        let (name, uid) = (template["name"].as_str().unwrap_or_default(), template["uid"].as_str().unwrap_or_default());
        *names.entry(name).or_default() += 1;
        by_uid.insert(uid, name);
    }
    for ActorLog { templates, template, names: possible, .. } in logs {
        match by_uid.get(template.as_str()) {
            Some(name) if possible.iter().any(|possible| possible == name) => {}
            name => found.push(format!("the name of the template is {name:?}, expected one of {possible:?}")),
        }
        for TemplateRecord { name, created, deleted } in templates {
            let times = names.get(name.as_str()).copied().unwrap_or(0);
            let allowed = match (created, deleted) {
                (_, Some(Observed::Done)) | (Observed::Failed, _) => 0..=0,
                (Observed::Unknown, _) | (Observed::Done, Some(_)) => 0..=1,
                (Observed::Done, None) => 1..=1,
            };
            if !allowed.contains(&times) {
                found.push(format!(
                    "{name}: {times} templates with this name; created: {created:?}, deleted: {deleted:?}"
                ));
            }
        }
    }
    found
}

/// Lists all templates of the emulator without the SDK.
async fn list_templates(emulator: &Emulator) -> Vec<Value> {
    let mut all = Vec::new();
    for page in 1.. {
        let mut response = get(emulator, &format!("/templates?limit=100&sort=oldest&page={page}")).await;
        match response["templates"].as_array_mut() {
            Some(templates) if !templates.is_empty() => all.append(templates),
            Some(_) => break,
            None => panic!("not a list of templates: {response}"),
        }
    }
    all
}

/// Returns the JSON of a GET request.
async fn get(emulator: &Emulator, target: &str) -> Value {
    request_json(emulator, "GET", target, "").await
}

/// Sends a request without the SDK and reads the JSON of its response.
pub async fn request_json(emulator: &Emulator, method: &str, target: &str, body: &str) -> Value {
    let request = http_client().request(method.parse().expect("a method"), [emulator.url(), target].concat());
    let request = request.bearer_auth(KEY).header("content-type", "application/json").body(body.to_owned());
    request.send().await.expect("a response").json().await.expect("JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Returns a call of which all callers got the same key.
    fn render(renders: u64, observed: &[Observed]) -> Vec<Render> {
        with_keys(renders, &observed.iter().map(|observed| (*observed, "k")).collect::<Vec<_>>())
    }

    fn with_keys(renders: u64, observed: &[(Observed, &str)]) -> Vec<Render> {
        let observed = observed.iter().map(|(observed, key)| (*observed, (*key).to_owned())).collect();
        vec![Render { number: 1, what: "image", renders, observed }]
    }

    /// The oracle must not be blind: each of these faults of a client is found, and a right client is not accused.
    #[test]
    fn the_oracle_finds_faults_of_a_client() {
        use Observed::{Done, Failed, Unknown};
        let unequal = |second: &str| [with_keys(1, &[(Done, "k")]), with_keys(1, &[(Done, second)])].concat();
        let unequal_failed = [with_keys(1, &[(Failed, "k")]), with_keys(1, &[(Failed, "k")])].concat();
        for (what, calls, billed, spent, expected) in [
            ("right", render(2, &[Done]), 2, 2, ""),
            ("right, shared", render(1, &[Done, Unknown]), 1, 1, ""),
            ("right, unknown", render(1, &[Unknown]), 0, 1, ""),
            ("right, failed", render(1, &[Failed]), 0, 0, ""),
            ("billed twice", render(1, &[Done]), 2, 2, "billed 2 renders instead of 1"),
            ("not billed", render(1, &[Done]), 0, 1, "only 0 of 1 are billed"),
            ("failed, but billed", render(1, &[Failed]), 1, 1, "reported as failed"),
            ("one of two callers is told that it failed", render(1, &[Done, Failed]), 1, 1, "joined is told Failed"),
            ("never returns renders", render(1, &[Failed]), 0, 1, "reports 1 spent renders, its calls have 0 to 0"),
            (
                "returns what may be billed",
                render(1, &[Unknown]),
                0,
                0,
                "reports 0 spent renders, its calls have 1 to 1",
            ),
            ("right, joined and gave up", with_keys(1, &[(Done, "k"), (Unknown, "own")]), 1, 1, ""),
            ("right, joined, gave up, and failed later", with_keys(1, &[(Failed, "k"), (Unknown, "own")]), 0, 0, ""),
            (
                "joined, gave up, and is told that it failed",
                with_keys(1, &[(Done, "k"), (Failed, "own")]),
                1,
                1,
                "joined is told Failed, the request is Done",
            ),
            (
                "joined a request that may be billed, and is told that it failed",
                with_keys(1, &[(Unknown, "k"), (Failed, "own")]),
                0,
                1,
                "joined is told Failed, the request is Unknown",
            ),
            ("shares an unequal request", unequal("k"), 1, 1, "has the response of another call, key k"),
            ("shares an unequal request that fails", unequal_failed, 0, 0, "has the response of another call, key k"),
        ] {
            let entries = if billed > 0 { json!([{"idempotencyKey": "k", "renders": billed}]) } else { json!([]) };
            let log = ActorLog { renders: calls, spent, ..ActorLog::default() };
            let found = billing(&json!({"entries": entries, "renders": billed}), &[log]);
            assert_eq!(found.is_empty(), expected.is_empty(), "{what}: {found:?}");
            assert!(found.iter().any(|text| text.contains(expected)) || expected.is_empty(), "{what}: {found:?}");
        }
    }
}
