//! One step of a lane: a call of any safety class, or a few at once.

use super::{
    lane::{Lane, Step},
    told::{Card, Render, Verdict, key, waited, waited_before},
};
use pictify::{
    Call, Client, IdempotencyKey, Operation, Response, Result,
    images::Source,
    send_all,
    templates::{Size, TemplateSource},
};
use serde_json::json;

/// How many calls a bulk run has.
const BULK: u64 = 4;

/// Takes a step of a kind that the step's chance says.
pub async fn take(lane: &mut Lane, mut step: Step) {
    match step.random.u8(..100) {
        0..25 => {
            let call = image(lane, &step);
            billed(lane, &step, "image", 1, call).await;
        }
        25..35 => {
            let call = lane.client.gifs().create(Source::html(step.mark(lane).to_string())).size(9, 9);
            billed(lane, &step, "gif", 1, call).await;
        }
        35..50 => template_render(lane, &step).await,
        50..55 => bulk(lane, &step).await,
        55..60 => shared(lane, &step).await,
        60..66 => dropped(lane, &step).await,
        66..78 => create(lane, &mut step).await,
        78..88 => rename(lane, &step).await,
        _ => read(lane, &step).await,
    }
}

fn image(lane: &Lane, step: &Step) -> Call<pictify::images::CreateImage, Client> {
    lane.client.images().create(Source::html(step.mark(lane).to_string())).size(9, 9)
}

/// Sends a call and holds its waits against its patience.
async fn send<O: Operation>(
    lane: &mut Lane,
    step: &Step,
    what: &'static str,
    call: Call<O, Client>,
) -> Result<Response<O::Output>> {
    *lane.story.count.entry(what).or_default() += 1;
    let result = step.call(&lane.client, call).send_with_response().await;
    lane.hold(step, what, waited(&result));
    result
}

/// As [`send`], where no work takes time: all that passes is waiting.
async fn send_idle<O: Operation>(
    lane: &mut Lane,
    step: &Step,
    what: &'static str,
    call: Call<O, Client>,
) -> Result<Response<O::Output>> {
    let before = lane.now();
    let result = send(lane, step, what, call).await;
    lane.hold(step, what, lane.now() - before);
    result
}

async fn billed<O: Operation>(lane: &mut Lane, step: &Step, what: &'static str, renders: u64, call: Call<O, Client>) {
    let result = send(lane, step, what, call).await;
    let told = vec![(Verdict::of(&result), key(&result).unwrap_or_default())];
    lane.story.renders.push(Render { number: step.number, what, renders, told });
}

/// The lane's template as a picture, in two sizes, or as a PDF of two pages.
async fn template_render(lane: &mut Lane, step: &Step) {
    let (templates, pdfs, uid) = (lane.client.templates(), lane.client.pdfs(), lane.story.template.clone());
    let values = json!({"mark": step.mark(lane).to_string()});
    match step.number % 4 {
        0 => {
            let call = templates.render_sizes(uid, &values, [Size::px(20, 20), Size::px(30, 30)]);
            billed(lane, step, "template in two sizes", 2, call.expect("an object")).await;
        }
        1 => {
            let call = pdfs.render_pages(uid, [&values, &values]).expect("objects");
            billed(lane, step, "PDF of two pages", 2, call).await;
        }
        _ => {
            let call = templates.render(uid, &values).expect("an object");
            billed(lane, step, "template", 1, call).await;
        }
    }
}

/// Several at once, through `many`.
async fn bulk(lane: &mut Lane, step: &Step) {
    let keys: Vec<_> = (0..BULK).map(|_| IdempotencyKey::random()).collect();
    let calls: Vec<_> =
        keys.iter().map(|key| step.call(&lane.client, image(lane, step)).idempotency_key(key.clone())).collect();
    *lane.story.count.entry("image of many").or_default() += BULK;
    let mut all = send_all(calls).concurrency(if lane.is_alone { 1 } else { 3 });
    while let Some(done) = all.next().await {
        if let Err(error) = &done.result {
            lane.hold(step, "image of many", waited_before(error));
        }
        let key = keys[usize::try_from(done.index).expect("a few")].as_str().to_owned();
        let told = vec![(Verdict::of(&done.result), key)];
        lane.story.renders.push(Render { number: step.number, what: "image of many", renders: 1, told });
    }
}

/// Two who want the same at the same time.
async fn shared(lane: &mut Lane, step: &Step) {
    *lane.story.count.entry("shared image").or_default() += 2;
    let call = || step.call(&lane.client, image(lane, step)).single_flight(true).send_with_response();
    let (first, second) = tokio::join!(call(), call());
    let mut told = Vec::new();
    for result in [first, second] {
        lane.hold(step, "shared image", waited(&result));
        told.push((Verdict::of(&result), key(&result).unwrap_or_default()));
    }
    lane.story.renders.push(Render { number: step.number, what: "shared image", renders: 1, told });
}

/// One whose caller leaves: when the work begins, or anywhere on the way.
async fn dropped(lane: &mut Lane, step: &Step) {
    let key = IdempotencyKey::random();
    let call = step.call(&lane.client, image(lane, step)).idempotency_key(key.clone());
    *lane.story.count.entry("dropped image").or_default() += 1;
    // How far it gets in a number of turns hangs on the machine: a run that is to be had again does without.
    let turns = if lane.is_alone || step.number.is_multiple_of(2) { u64::MAX } else { step.number % 97 };
    let leaves = async {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    };
    let is_by_turns = turns != u64::MAX;
    let verdict = tokio::select! {
        biased;
        result = call.send() => Verdict::of(&result),
        () = lane.desks[lane.index].begun(step.number) => Verdict::Unknown,
        () = leaves, if is_by_turns => Verdict::Unknown,
    };
    let told = vec![(verdict, key.as_str().to_owned())];
    lane.story.renders.push(Render { number: step.number, what: "dropped image", renders: 1, told });
}

/// A template of a name of its own, which may be deleted again.
async fn create(lane: &mut Lane, step: &mut Step) {
    let name = format!("card {}", step.number);
    let call = lane.client.templates().create(name.as_str(), TemplateSource::html("<p>"));
    let result = send_idle(lane, step, "create template", call).await;
    let mut card = Card { name, created: Verdict::of(&result), deleted: None };
    if let (Ok(template), true) = (result, step.random.bool()) {
        let call = lane.client.templates().delete(template.value.uid);
        let result = send_idle(lane, step, "delete template", call).await;
        card.deleted = Some(Verdict::of(&result));
    }
    lane.story.cards.push(card);
}

/// Another name for the lane's template.
async fn rename(lane: &mut Lane, step: &Step) {
    let name = format!("lane {} at {}", lane.index, step.number);
    let call = lane.client.templates().update(lane.story.template.as_str()).name(name.as_str());
    let result = send_idle(lane, step, "update template", call).await;
    if Verdict::of(&result) == Verdict::Done {
        lane.story.names.clear();
    }
    // One that failed may be in place nonetheless: to send it again does no harm, and so its error says nothing of it.
    lane.story.names.push(name);
}

async fn read(lane: &mut Lane, step: &Step) {
    let (templates, uid) = (lane.client.templates(), lane.story.template.clone());
    let what = "read";
    let verdict = match step.number % 4 {
        0 => Verdict::of(&send_idle(lane, step, what, lane.client.images().get("NOWHERE")).await),
        1 => Verdict::of(&send_idle(lane, step, what, templates.list().limit(2)).await),
        2 => Verdict::of(&send_idle(lane, step, what, lane.client.expressions().validate("1 + 1")).await),
        _ => {
            let result = send_idle(lane, step, what, templates.get(uid)).await;
            if let Ok(template) = &result {
                let name = template.name.clone().unwrap_or_default();
                if !lane.story.names.contains(&name) {
                    let names = &lane.story.names;
                    lane.story.findings.push(format!("call {}: read {name:?}, expected one of {names:?}", step.number));
                }
            }
            Verdict::of(&result)
        }
    };
    if verdict == Verdict::Unknown {
        lane.story.findings.push(format!("call {}: a read of which nobody knows whether it was done", step.number));
    }
}
