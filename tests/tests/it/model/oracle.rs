//! Oracle: compares what clients observed with what the emulator has billed and stored.

use super::observations::{ActorLog, Observed, Render, TemplateRecord};
use pictify_emulator::Emulator;
use pictify_test_support::{KEY, http_client};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

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
    for render in logs.iter().flat_map(|log| &log.renders) {
        found.extend(check_render(render, &mut billed));
    }
    found.extend(billed.keys().map(|key| format!("{key}: billed, but not requested by any actor")));
    let (spent, total) = (logs.iter().map(|log| log.spent).sum::<u64>(), ledger["renders"].as_u64());
    if total > Some(spent) {
        found.push(format!("clients report {spent} spent renders, the ledger has {total:?}"));
    }
    found
}

/// Returns the contradiction of a render with the ledger, if any, and removes its keys from `billed`.
fn check_render(render: &Render, billed: &mut HashMap<&str, u64>) -> Option<String> {
    let Render { number, what, renders, observed } = render;
    let keys: BTreeSet<_> = observed.iter().map(|(_, key)| key.as_str()).collect();
    let times: u64 = keys.into_iter().filter_map(|key| billed.remove(key)).sum();
    let best = observed.iter().map(|(observed, _)| *observed).max().unwrap_or(Observed::Failed);
    let contradiction = match best {
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
