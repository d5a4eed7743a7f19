//! Step of an actor: one call of any retry safety class, or a few concurrent calls.

use super::{
    actor::{Actor, Step},
    fake_renderer::Mark,
    observations::{
        ActorLog, BatchRecord, DROPPED, Observed, Render, TemplateRecord, delays_before_error, is_rejected, key,
        total_delay,
    },
};
use pictify::{
    ApiRequest, Call, Client, IdempotencyKey, Response, Result,
    images::{CreateImage, Source},
    send_all,
    send_all::TryIntoCall,
    templates::{Size, TemplateSource},
};
use serde_json::json;
use std::time::Duration;

/// Number of calls of a bulk run.
const BULK: u64 = 4;

/// Maximum number of rows of a batch.
const MAX_ROWS: u64 = 6;

/// Timeout of one of two callers that share a request, and a longer duration of its render in milliseconds.
const SHORT_TIMEOUT: Duration = Duration::from_millis(500);
const LONGER_MILLIS: u64 = 600;

/// Runs a step. Its random number selects the kind of call.
pub async fn run_step(actor: &mut Actor, mut step: Step) {
    match step.random.u8(..100) {
        0..25 => {
            let call = image(actor, &step);
            billed(actor, &step, "image", 1, call).await;
        }
        25..35 => {
            let call = actor.client.gifs().create(Source::html(step.mark(actor).to_string())).size(9, 9);
            billed(actor, &step, "gif", 1, call).await;
        }
        35..50 => template_render(actor, &step).await,
        50..55 => bulk(actor, &step).await,
        55..60 => shared(actor, &step).await,
        60..63 => not_shared(actor, &step).await,
        63..67 => dropped(actor, &step).await,
        67..74 => create(actor, &mut step).await,
        74..78 => batch(actor, &mut step).await,
        78..88 => rename(actor, &step).await,
        _ => read(actor, &step).await,
    }
}

fn image(actor: &Actor, step: &Step) -> Call<CreateImage, Client> {
    actor.client.images().create(Source::html(step.mark(actor).to_string())).size(9, 9).into()
}

/// Sends a call and checks that its retry delays do not exceed its timeout.
async fn send<O: ApiRequest>(
    actor: &mut Actor,
    step: &Step,
    what: &'static str,
    call: impl TryIntoCall<O, Client>,
) -> Result<Response<O::Response>> {
    *actor.log.count.entry(what).or_default() += 1;
    let call = call.try_into_call().expect("a call");
    let result = step.call(&actor.client, call).send_with_response().await;
    actor.check_wait(step, what, total_delay(&result));
    result
}

/// As [`send`], for a call whose work takes no time: the whole duration is delay.
async fn send_idle<O: ApiRequest>(
    actor: &mut Actor,
    step: &Step,
    what: &'static str,
    call: impl TryIntoCall<O, Client>,
) -> Result<Response<O::Response>> {
    let before = actor.now();
    let result = send(actor, step, what, call).await;
    actor.check_wait(step, what, actor.now() - before);
    result
}

/// Sends a billed call and records what its caller observed.
async fn billed<O: ApiRequest>(
    actor: &mut Actor,
    step: &Step,
    what: &'static str,
    renders: u64,
    call: impl TryIntoCall<O, Client>,
) {
    let result = send(actor, step, what, call).await;
    actor.log.renders.push(Render::new(step.number, what, renders, &result));
}

/// Renders the actor's template as an image, in two sizes, or as a PDF of two pages.
async fn template_render(actor: &mut Actor, step: &Step) {
    let (templates, pdfs, uid) = (actor.client.templates(), actor.client.pdfs(), actor.log.template.clone());
    let values = json!({"mark": step.mark(actor).to_string()});
    match step.number % 4 {
        0 => {
            let call = templates.render_sizes(uid, &values, [Size::px(20, 20), Size::px(30, 30)]);
            billed(actor, step, "template in two sizes", 2, call).await;
        }
        1 => {
            let call = pdfs.render_pages(uid, [&values, &values]);
            billed(actor, step, "PDF of two pages", 2, call).await;
        }
        _ => {
            let call = templates.render(uid, &values);
            billed(actor, step, "template", 1, call).await;
        }
    }
}

/// Sends several calls with `send_all`.
async fn bulk(actor: &mut Actor, step: &Step) {
    let keys: Vec<_> = (0..BULK).map(|_| IdempotencyKey::random()).collect();
    let calls: Vec<_> =
        keys.iter().map(|key| step.call(&actor.client, image(actor, step)).with_idempotency_key(key.clone())).collect();
    *actor.log.count.entry("image of send_all").or_default() += BULK;
    let mut all = send_all(calls).concurrency(if actor.is_alone { 1 } else { 3 });
    while let Some(done) = all.next().await {
        if let Err(error) = &done.result {
            actor.check_wait(step, "image of send_all", delays_before_error(error));
        }
        let key = keys[usize::try_from(done.index).expect("a few")].as_str().to_owned();
        let (observed, is_rejected) = (vec![(Observed::of(&done.result), key)], is_rejected(&done.result));
        actor.log.renders.push(Render {
            number: step.number,
            what: "image of send_all",
            renders: 1,
            observed,
            is_rejected,
            batch: None,
        });
    }
}

/// Sends two identical calls concurrently, which share one request. Their timeouts are equal, or either is shorter.
async fn shared(actor: &mut Actor, step: &Step) {
    let what = "shared image";
    *actor.log.count.entry(what).or_default() += 2;
    // The shorter timeout ends during the render.
    let shorter = SHORT_TIMEOUT.min(step.timeout);
    let mark = step.mark(actor);
    let mark = Mark { millis: mark.millis.max(LONGER_MILLIS), ..mark };
    let timeouts = match step.number % 3 {
        0 => [step.timeout, step.timeout],
        1 => [step.timeout, shorter],
        _ => [shorter, step.timeout],
    };
    let call = |timeout| {
        let call = actor.client.images().create(Source::html(mark.to_string())).size(9, 9).into();
        let call: Call<CreateImage, Client> = step.call(&actor.client, call).with_timeout(timeout);
        call.with_single_flight(true).send_with_response()
    };
    let (first, second) = tokio::join!(call(timeouts[0]), call(timeouts[1]));
    // The delays are those of the call that sent the request.
    actor.check_wait_within(timeouts[0], step, what, total_delay(&first));
    let is_rejected = is_rejected(&first);
    let observed = [first, second].map(|result| (Observed::of(&result), key(&result).unwrap_or_default())).to_vec();
    actor.log.renders.push(Render { number: step.number, what, renders: 1, observed, is_rejected, batch: None });
}

/// Sends two calls of one operation concurrently that may share requests, but differ in the URL or in the body.
async fn not_shared(actor: &mut Actor, step: &Step) {
    let what = "unequal images";
    let [first_mark, second_mark] = [0, 1].map(|part| Mark { part, ..step.mark(actor) }.to_string());
    let ActorLog { template, other_template, .. } = &actor.log;
    let calls: [Call<_, Client>; 2] = if step.number.is_multiple_of(2) {
        let (templates, values) = (actor.client.templates(), json!({"mark": first_mark}));
        [template, other_template].map(|uid| templates.render(uid, &values).try_into_call().expect("a call"))
    } else {
        let (templates, uid) = (actor.client.templates(), template);
        [first_mark, second_mark]
            .map(|mark| templates.render(uid, &json!({"mark": mark})).try_into_call().expect("a call"))
    };
    *actor.log.count.entry(what).or_default() += 2;
    let [first, second] =
        calls.map(|call| step.call(&actor.client, call).with_single_flight(true).send_with_response());
    // The order of concurrent requests depends on the machine. A run with one actor must be reproducible.
    let results = if actor.is_alone { [first.await, second.await] } else { tokio::join!(first, second).into() };
    for result in results {
        actor.check_wait(step, what, total_delay(&result));
        actor.log.renders.push(Render::new(step.number, what, 1, &result));
    }
}

/// Sends a call and drops its future: when the render starts, or at a random point before the response.
async fn dropped(actor: &mut Actor, step: &Step) {
    let key = IdempotencyKey::random();
    let call = step.call(&actor.client, image(actor, step)).with_idempotency_key(key.clone());
    *actor.log.count.entry(DROPPED).or_default() += 1;
    // The progress after a number of yields depends on the machine. A run with one actor must be reproducible, so it waits for
    // the render.
    let turns = if actor.is_alone || step.number.is_multiple_of(2) { u64::MAX } else { step.number % 97 };
    let last_turn = async {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    };
    let drops_after_turns = turns != u64::MAX;
    let (result, is_rejected) = tokio::select! {
        biased;
        result = call.send() => (Observed::of(&result), is_rejected(&result)),
        () = actor.rendezvous[actor.index].wait_for_work(step.number) => (Observed::Unknown, false),
        () = last_turn, if drops_after_turns => (Observed::Unknown, false),
    };
    let observed = vec![(result, key.as_str().to_owned())];
    actor.log.renders.push(Render {
        number: step.number,
        what: DROPPED,
        renders: 1,
        observed,
        is_rejected,
        batch: None,
    });
}

/// Creates a batch, cancels some, and reads the results once. The batch may be in progress then: the oracle waits for its end.
async fn batch(actor: &mut Actor, step: &mut Step) {
    let (rows, batches) = (step.random.u64(1..=MAX_ROWS), actor.client.batches());
    let sets = (0..rows).map(|row| json!({"mark": Mark { part: row, millis: 0, ..step.mark(actor) }.to_string()}));
    // One row after the other, so that a cancellation can come between two.
    let call = batches.create(actor.log.template.as_str(), sets).concurrency(1);
    let result = send_idle(actor, step, "batch", call).await;
    let mut record = BatchRecord::default();
    let render = Render::new(step.number, "batch", rows, &result);
    if let Ok(accepted) = result {
        let id = accepted.value.batch_id;
        if step.random.bool() {
            record.is_cancel_sent = true;
            // A response that cannot be decoded may stand for a rejection.
            record.is_cancelled = send_idle(actor, step, "cancel batch", batches.cancel(id.as_str())).await.is_ok();
        }
        let read = send_idle(actor, step, "read batch", batches.get(id.as_str())).await;
        if Observed::of(&read) == Observed::Unknown {
            actor.log.findings.push(format!("call {}: a read reports an unknown outcome", step.number));
        }
        record.rendered = read.ok().and_then(|batch| batch.value.completed_items).unwrap_or(0);
        record.id = Some(id);
    }
    actor.log.renders.push(Render { batch: Some(record), ..render });
}

/// Creates a template with a unique name, and deletes half of them.
async fn create(actor: &mut Actor, step: &mut Step) {
    let name = format!("card {}", step.number);
    let call = actor.client.templates().create(name.as_str(), TemplateSource::html("<p>"));
    let result = send_idle(actor, step, "create template", call).await;
    let mut record = TemplateRecord { name, created: Observed::of(&result), deleted: None };
    if let (Ok(template), true) = (result, step.random.bool()) {
        let call = actor.client.templates().delete(template.value.uid);
        let result = send_idle(actor, step, "delete template", call).await;
        record.deleted = Some(Observed::of(&result));
    }
    actor.log.templates.push(record);
}

/// Renames the actor's template.
async fn rename(actor: &mut Actor, step: &Step) {
    let name = format!("actor {} at {}", actor.index, step.number);
    let call = actor.client.templates().update(actor.log.template.as_str()).name(name.as_str());
    let result = send_idle(actor, step, "update template", call).await;
    if Observed::of(&result) == Observed::Done {
        actor.log.names.clear();
    }
    // A failed update may have been applied: an update is idempotent, so its error does not report an unknown outcome.
    actor.log.names.push(name);
}

/// Sends a call that only reads.
async fn read(actor: &mut Actor, step: &Step) {
    let (templates, uid) = (actor.client.templates(), actor.log.template.clone());
    let what = "read";
    let observed = match step.number % 4 {
        0 => Observed::of(&send_idle(actor, step, what, actor.client.images().get("NOWHERE")).await),
        1 => Observed::of(&send_idle(actor, step, what, templates.list().limit(2)).await),
        2 => Observed::of(&send_idle(actor, step, what, actor.client.expressions().validate("1 + 1")).await),
        _ => {
            let result = send_idle(actor, step, what, templates.get(uid)).await;
            if let Ok(template) = &result {
                let name = template.name.clone().unwrap_or_default();
                if !actor.log.names.contains(&name) {
                    let names = &actor.log.names;
                    actor.log.findings.push(format!("call {}: read {name:?}, expected one of {names:?}", step.number));
                }
            }
            Observed::of(&result)
        }
    };
    if observed == Observed::Unknown {
        actor.log.findings.push(format!("call {}: a read reports an unknown outcome", step.number));
    }
}
