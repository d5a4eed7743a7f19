//! What clients were told, held against what the emulator has billed and kept.

use super::told::{Card, Render, Story, Verdict};
use pictify_emulator::Emulator;
use pictify_test_support::{KEY, http_client};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Everything that does not fit.
pub async fn judge(emulator: &Emulator, stories: &[Story]) -> Vec<String> {
    let mut found: Vec<_> = stories.iter().flat_map(|story| story.findings.clone()).collect();
    found.extend(money(&get(emulator, "/_emulator/ledger").await, stories));
    found.extend(templates(&listed(emulator).await, stories));
    found
}

fn money(ledger: &Value, stories: &[Story]) -> Vec<String> {
    let mut billed: HashMap<&str, u64> = HashMap::new();
    for entry in ledger["entries"].as_array().expect("entries") {
        let key = entry["idempotencyKey"].as_str().unwrap_or("no key");
        *billed.entry(key).or_default() += entry["renders"].as_u64().expect("a number");
    }
    let mut found = Vec::new();
    for render in stories.iter().flat_map(|story| &story.renders) {
        found.extend(fits(render, &mut billed));
    }
    found.extend(billed.keys().map(|key| format!("{key}: billed, and asked for by nobody")));
    let (spent, total) = (stories.iter().map(|story| story.spent).sum::<u64>(), ledger["renders"].as_u64());
    if total > Some(spent) {
        found.push(format!("clients say that they have spent {spent}, and the ledger says {total:?}"));
    }
    found
}

/// What is wrong with a render, if anything. Its keys are taken from the ledger.
fn fits(render: &Render, billed: &mut HashMap<&str, u64>) -> Option<String> {
    let Render { number, what, renders, told } = render;
    let keys: BTreeSet<_> = told.iter().map(|(_, key)| key.as_str()).collect();
    let times: u64 = keys.into_iter().filter_map(|key| billed.remove(key)).sum();
    let best = told.iter().map(|(verdict, _)| *verdict).max().unwrap_or(Verdict::Failed);
    let wrong = match best {
        _ if times > *renders => format!("billed {times} renders and not {renders}"),
        Verdict::Done if times < *renders => format!("reported as done, and {times} of {renders} are billed"),
        Verdict::Failed if times > 0 => "billed, and reported as failed".to_owned(),
        _ => return None,
    };
    Some(format!("call {number} ({what}): {wrong}"))
}

fn templates(listed: &[Value], stories: &[Story]) -> Vec<String> {
    let mut found = Vec::new();
    let mut names: HashMap<&str, u64> = HashMap::new();
    let mut by_uid: HashMap<&str, &str> = HashMap::new();
    for template in listed {
        let (name, uid) = (template["name"].as_str().unwrap_or_default(), template["uid"].as_str().unwrap_or_default());
        *names.entry(name).or_default() += 1;
        by_uid.insert(uid, name);
    }
    for Story { cards, template, names: possible, .. } in stories {
        match by_uid.get(template.as_str()) {
            Some(name) if possible.iter().any(|possible| possible == name) => {}
            name => found.push(format!("the template is called {name:?}, and should be one of {possible:?}")),
        }
        for Card { name, created, deleted } in cards {
            let times = names.get(name.as_str()).copied().unwrap_or(0);
            let allowed = match (created, deleted) {
                (_, Some(Verdict::Done)) | (Verdict::Failed, _) => 0..=0,
                (Verdict::Unknown, _) | (Verdict::Done, Some(_)) => 0..=1,
                (Verdict::Done, None) => 1..=1,
            };
            if !allowed.contains(&times) {
                found.push(format!("{name}: there are {times}; created: {created:?}, deleted: {deleted:?}"));
            }
        }
    }
    found
}

/// All templates of the emulator, by requests of its own.
async fn listed(emulator: &Emulator) -> Vec<Value> {
    let mut all = Vec::new();
    for page in 1.. {
        let mut answer = get(emulator, &format!("/templates?limit=100&sort=oldest&page={page}")).await;
        match answer["templates"].as_array_mut() {
            Some(templates) if !templates.is_empty() => all.append(templates),
            Some(_) => break,
            None => panic!("no list of templates: {answer}"),
        }
    }
    all
}

async fn get(emulator: &Emulator, target: &str) -> Value {
    ask(emulator, "GET", target, "").await
}

/// Sends a request without the SDK and reads the JSON of its response.
pub async fn ask(emulator: &Emulator, method: &str, target: &str, body: &str) -> Value {
    let request = http_client().request(method.parse().expect("a method"), [emulator.url(), target].concat());
    let request = request.bearer_auth(KEY).header("content-type", "application/json").body(body.to_owned());
    request.send().await.expect("a response").json().await.expect("JSON")
}
