//! Oracle: compares what clients observed with what the emulator has billed and stored.

use super::fake_renderer::Rendezvous;
use super::observations::{ActorLog, BatchRecord, Observed, Render, TemplateRecord};
use pictify_emulator::Emulator;
use pictify_test_support::{KEY, http_client};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

/// Maximum time that the oracle waits, in real time, for the rows that a batch has in progress.
const MAX_SETTLING_TIME: Duration = Duration::from_secs(5);

/// Returns all contradictions between the logs and the emulator.
pub async fn find_contradictions(emulator: &Emulator, renderers: &[Rendezvous], logs: &[ActorLog]) -> Vec<String> {
    let mut found: Vec<_> = logs.iter().flat_map(|log| log.findings.clone()).collect();
    let (ledger, reports) = settled(emulator, logs).await;
    // Read after the ledger: a render is billed after it is done.
    let rendered = renderers.iter().flat_map(Rendezvous::rendered).collect();
    found.extend(billing(&ledger, &reports, &rendered, logs));
    found.extend(templates(&list_templates(emulator).await, logs));
    found
}

/// Reports of the service on batches, by ID.
type BatchReports = HashMap<String, Value>;

/// Reads the ledger and the batches, after the batches have ended that the service has accepted. Rows may be in progress
/// when a batch is cancelled.
async fn settled(emulator: &Emulator, logs: &[ActorLog]) -> (Value, BatchReports) {
    let mut started = None;
    loop {
        let mut reports = BatchReports::new();
        for id in logs.iter().flat_map(|log| &log.renders).filter_map(|render| render.batch.as_ref()?.id.clone()) {
            let report = get(emulator, &format!("/templates/batch/{id}/results")).await;
            reports.insert(id, report);
        }
        let ledger = get(emulator, "/_emulator/ledger?limit=1000000").await;
        let billed = billed_by_key(&ledger);
        let is_in_progress = |report: &Value| report["status"] == "pending" || report["status"] == "processing";
        let has_ended = !reports.values().any(is_in_progress);
        let is_settled = |render: &Render| {
            let times: u64 = render.keys().into_iter().filter_map(|key| billed.get(key)).sum();
            render.batch.is_none() || render.outcome() != Observed::Done || times == least_billed(render, &reports)
        };
        let mut renders = logs.iter().flat_map(|log| &log.renders);
        // In a long run a single pass can take longer than the maximum, so the time starts after the first one.
        let waited = started.get_or_insert_with(Instant::now).elapsed();
        if has_ended && renders.all(is_settled) || waited > MAX_SETTLING_TIME {
            return (ledger, reports);
        }
    }
}

/// Returns the number of billed renders for each idempotency key.
fn billed_by_key(ledger: &Value) -> HashMap<&str, u64> {
    let mut billed: HashMap<&str, u64> = HashMap::new();
    for entry in ledger["entries"].as_array().expect("entries") {
        let key = entry["idempotencyKey"].as_str().unwrap_or("no key");
        *billed.entry(key).or_default() += entry["renders"].as_u64().expect("a number");
    }
    billed
}

/// Returns the number of renders that a successful call bills: only the rendered rows of an incomplete batch.
fn least_billed(render: &Render, reports: &BatchReports) -> u64 {
    let report = render.batch.as_ref().and_then(|batch| reports.get(batch.id.as_deref()?));
    match report {
        // Rows of other batches may fail, too.
        Some(report) if report["status"] != "completed" => report["completedItems"].as_u64().unwrap_or(0),
        _ => render.renders,
    }
}

/// Returns the contradiction of a batch with the report of the service, if any.
fn check_batch(render: &Render, reports: &BatchReports, times: u64) -> Option<String> {
    let batch = render.batch.as_ref()?;
    let report = reports.get(batch.id.as_deref()?)?;
    let (status, rendered) = (report["status"].as_str().unwrap_or("missing"), report["completedItems"].as_u64());
    let is_cancelled = status == "cancelled";
    if status == "missing" || batch.is_cancelled && !is_cancelled || is_cancelled && !batch.is_cancel_sent {
        let BatchRecord { is_cancel_sent, is_cancelled, .. } = batch;
        return Some(format!("the batch is {status}; cancel sent: {is_cancel_sent}, reported: {is_cancelled}"));
    }
    if Some(times) != rendered {
        return Some(format!("billed {times} rows, but {rendered:?} are rendered"));
    }
    (Some(batch.rendered) > rendered)
        .then(|| format!("reports {} rendered rows, the service {rendered:?}", batch.rendered))
}

/// Number of renders that the renderer has done for each step.
type Rendered = HashMap<u64, u64>;

fn billing(ledger: &Value, reports: &BatchReports, rendered: &Rendered, logs: &[ActorLog]) -> Vec<String> {
    let mut billed = billed_by_key(ledger);
    let mut found = Vec::new();
    let mut keys = HashSet::new();
    let mut rendered_left = rendered.clone();
    for render in logs.iter().flat_map(|log| &log.renders) {
        let times: u64 = render.keys().into_iter().filter_map(|key| billed.get(key)).sum();
        let left = rendered_left.entry(render.number).or_default();
        if times > *left {
            let Render { number, what, .. } = render;
            found.push(format!("call {number} ({what}): billed {times} renders, but only {left} are done"));
        }
        *left = left.saturating_sub(times);
        found.extend(check_render(render, reports, &mut billed));
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
    found.extend(logs.iter().filter_map(|log| check_spent(log, rendered)));
    found
}

/// Returns the contradiction of a client's spent renders with its calls, if any. The renders of failed calls are returned,
/// those of others are not. A dropped call keeps its renders only if it was sent: certainly if the renderer has done them.
fn check_spent(log: &ActorLog, rendered: &Rendered) -> Option<String> {
    let may_be_billed = log.renders.iter().filter(|render| render.outcome() != Observed::Failed);
    let renders = |render: &Render| render.renders;
    let most = may_be_billed.clone().map(renders).sum::<u64>();
    let is_sent = |render: &&Render| !render.is_dropped() || rendered.get(&render.number).is_some_and(|done| *done > 0);
    let least = may_be_billed.filter(is_sent).map(renders).sum::<u64>();
    let spent = log.spent;
    (!(least..=most).contains(&spent))
        .then(|| format!("a client reports {spent} spent renders, its calls have {least} to {most}"))
}

/// Returns the contradiction of a render with the ledger, if any, and removes its keys from `billed`.
fn check_render(render: &Render, reports: &BatchReports, billed: &mut HashMap<&str, u64>) -> Option<String> {
    let Render { number, what, renders, .. } = render;
    let times: u64 = render.keys().into_iter().filter_map(|key| billed.remove(key)).sum();
    if let Some(joiner) = render.contradicting_joiner() {
        let outcome = render.outcome();
        return Some(format!(
            "call {number} ({what}): a caller that joined is told {joiner:?}, the request is {outcome:?}"
        ));
    }
    let least = least_billed(render, reports);
    let contradiction = match render.outcome() {
        _ if times > *renders => format!("billed {times} renders instead of {renders}"),
        Observed::Done if times < least => format!("reported as done, but only {times} of {least} are billed"),
        Observed::Unknown if render.is_rejected => "unknown, but each attempt was rejected before the work".to_owned(),
        Observed::Failed if times > 0 => "billed, but reported as failed".to_owned(),
        _ => check_batch(render, reports, times)?,
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
    use crate::model::observations::DROPPED;
    use serde_json::json;

    /// Returns a call of which all callers got the same key.
    fn render(renders: u64, observed: &[Observed]) -> Vec<Render> {
        with_keys(renders, &observed.iter().map(|observed| (*observed, "k")).collect::<Vec<_>>())
    }

    fn with_keys(renders: u64, observed: &[(Observed, &str)]) -> Vec<Render> {
        let observed = observed.iter().map(|(observed, key)| (*observed, (*key).to_owned())).collect();
        vec![Render { number: 1, what: "image", renders, observed, is_rejected: false, batch: None }]
    }

    /// Returns a batch of three rows and what its client reports.
    fn batch(id: &str, [is_cancel_sent, is_cancelled]: [bool; 2], rendered: u64) -> Vec<Render> {
        let record = BatchRecord { id: Some(id.to_owned()), is_cancel_sent, is_cancelled, rendered };
        render(3, &[Observed::Done])
            .into_iter()
            .map(|render| Render { batch: Some(record.clone()), ..render })
            .collect()
    }

    /// The oracle must not be blind: each of these faults of a client is found, and a right client is not accused.
    #[test]
    fn the_oracle_finds_faults_of_a_client() {
        use Observed::{Done, Failed, Unknown};
        let unequal = |second: &str| [with_keys(1, &[(Done, "k")]), with_keys(1, &[(Done, second)])].concat();
        let unequal_failed = [with_keys(1, &[(Failed, "k")]), with_keys(1, &[(Failed, "k")])].concat();
        let render_of = |number, what, is_rejected| {
            let renders = render(1, &[Unknown]).into_iter();
            renders.map(|render| Render { number, what, is_rejected, ..render }).collect::<Vec<_>>()
        };
        let (is_done, is_not_done) = (1, 2);
        let rendered = Rendered::from([(is_done, 9), (is_not_done, 0)]);
        let reports = BatchReports::from([
            ("ended".to_owned(), json!({"status": "completed", "completedItems": 3})),
            ("cancelled".to_owned(), json!({"status": "cancelled", "completedItems": 1})),
        ]);
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
            ("right, batch", batch("ended", [false, false], 3), 3, 3, ""),
            ("right, batch that ends before it is cancelled", batch("ended", [true, false], 2), 3, 3, ""),
            ("right, cancelled batch", batch("cancelled", [true, true], 1), 1, 3, ""),
            ("sends a batch twice", batch("ended", [false, false], 3), 6, 3, "billed 6 renders instead of 3"),
            ("a row of a batch is lost", batch("ended", [false, false], 2), 2, 3, "only 2 of 3 are billed"),
            ("a cancelled row is billed", batch("cancelled", [true, true], 1), 2, 3, "billed 2 rows, but Some(1)"),
            ("counts a batch as one render", batch("ended", [false, false], 3), 3, 1, "reports 1 spent renders"),
            ("returns cancelled rows", batch("cancelled", [true, true], 1), 1, 1, "its calls have 3 to 3"),
            ("cancels by itself", batch("cancelled", [false, false], 1), 1, 3, "is cancelled; cancel sent: false"),
            ("reports a rejected cancellation as done", batch("ended", [true, true], 3), 3, 3, "is completed; cancel"),
            ("reports too many rows", batch("cancelled", [true, true], 2), 1, 3, "reports 2 rendered rows"),
            ("right, dropped before the render", render_of(is_not_done, DROPPED, false), 0, 0, ""),
            ("right, dropped, sent, and not done", render_of(is_not_done, DROPPED, false), 0, 1, ""),
            ("right, dropped after the render", render_of(is_done, DROPPED, false), 1, 1, ""),
            ("returns what is done", render_of(is_done, DROPPED, false), 0, 0, "its calls have 1 to 1"),
            ("unknown, but not done", render_of(is_not_done, "image", false), 1, 1, "1 renders, but only 0 are done"),
            ("unknown, but rejected", render_of(is_done, "image", true), 0, 1, "each attempt was rejected"),
        ] {
            let entries = if billed > 0 { json!([{"idempotencyKey": "k", "renders": billed}]) } else { json!([]) };
            let log = ActorLog { renders: calls, spent, ..ActorLog::default() };
            let found = billing(&json!({"entries": entries, "renders": billed}), &reports, &rendered, &[log]);
            assert_eq!(found.is_empty(), expected.is_empty(), "{what}: {found:?}");
            assert!(found.iter().any(|text| text.contains(expected)) || expected.is_empty(), "{what}: {found:?}");
        }
    }
}
