//! Event stream of a screenshot: each event is one `data:` line with `type` and `data`.

use super::{ScreenshotRequest, Step, search, to_agent_error};
use crate::{context::RenderContext, response::EventSender};
use serde_json::{Value, json};

/// Maximum number of characters of the prompt in the first event.
const MAX_MESSAGE_CHARS: usize = 200;

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Loading => "navigating",
            Self::Matching => "matching",
            Self::Capturing => "capturing",
        }
    }
}

/// Takes the screenshot and sends its progress. It continues if the client stops reading.
pub(crate) async fn send_events(context: RenderContext, request: ScreenshotRequest, events: EventSender) {
    let send = |kind: &str, mut data: Value| {
        data["timestamp"] = context.state.now_text().into();
        events.send(&json!({"type": kind, "data": data}));
    };
    send("connected", json!({"message": "Connected"}));
    // The whole prompt is in the metadata: an event should stay small.
    let prompt: String = request.text.chars().take(MAX_MESSAGE_CHARS).collect();
    send("start", json!({"message": prompt}));
    let progress = |step: Step, message: String| send("progress", json!({"step": step.name(), "message": message}));
    match search(&context, &request, &progress).await {
        Ok(screenshot) => {
            send("complete", json!({"message": "The screenshot was taken", "metadata": screenshot.metadata}));
            send("saved", screenshot.to_fields());
        }
        Err(error) => send("error", json!({"error": to_agent_error(error).message()})),
    }
    send("end", json!({}));
}
