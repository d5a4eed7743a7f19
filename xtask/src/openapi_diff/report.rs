//! Report of a comparison: as text, Markdown or JSON.

use super::{
    accepted::Acceptance,
    difference::{Difference, Severity},
};
use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;
use serde_json::json;
use std::{collections::BTreeSet, fmt::Write as _};

/// Format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for the terminal.
    Text,
    /// Checklist for an issue or a review.
    Markdown,
    /// JSON for programs.
    Json,
}

/// Result of a comparison.
#[derive(Debug, Serialize)]
pub struct Report {
    /// File or URL of the published document.
    pub source: String,
    /// `true` if missing parts counted as removed.
    pub whole: bool,
    /// Differences, highest severity first.
    #[serde(rename = "findings")]
    pub differences: Vec<Difference>,
    /// Acceptances that match no difference.
    pub stale: Vec<Acceptance>,
    /// Parts that could not be compared, with the reason.
    pub notes: BTreeSet<String>,
    /// Number of differences below the requested severity, which are not in `differences`.
    #[serde(rename = "lighter")]
    pub below_severity: usize,
}

impl Report {
    /// Returns the differences that are not accepted.
    pub fn open_differences(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.accepted.is_none())
    }

    fn accepted_differences(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.accepted.is_some())
    }

    /// Returns 0 if no difference is open, otherwise the exit code of the highest severity. Stale acceptances count as
    /// documentation.
    pub fn exit_code(&self) -> u8 {
        let stale = (!self.stale.is_empty()).then_some(Severity::Documentation);
        self.open_differences().map(|difference| difference.severity).chain(stale).max().map_or(0, Severity::exit_code)
    }

    /// Returns the report in `format`, with a line break at the end.
    pub fn render(&self, format: Format) -> Result<String> {
        let mut text = match format {
            Format::Text => self.text()?,
            Format::Markdown => self.markdown()?,
            Format::Json => self.json()?,
        };
        text.truncate(text.trim_end().len());
        text.push('\n');
        Ok(text)
    }

    /// Returns a summary, for example `3 differences: 1 breaking, 2 additive; 1 accepted`.
    fn summary(&self) -> String {
        let open = self.open_differences().count();
        let counts: Vec<_> = Severity::ALL
            .into_iter()
            .map(|severity| {
                (severity, self.open_differences().filter(|difference| difference.severity == severity).count())
            })
            .filter(|(_, count)| *count > 0)
            .map(|(severity, count)| format!("{count} {severity}"))
            .collect();
        let mut summary = match open {
            0 => "no open differences".to_owned(),
            1 => format!("1 difference: {}", counts.join(", ")),
            open => format!("{open} differences: {}", counts.join(", ")),
        };
        let extras = [
            (self.accepted_differences().count(), "accepted"),
            (self.stale.len(), "stale in upstream-accepted.yaml"),
            (self.below_severity, "below the requested severity"),
            (self.notes.len(), "not compared"),
        ];
        for (count, what) in extras.into_iter().filter(|(count, _)| *count > 0) {
            summary = format!("{summary}; {count} {what}");
        }
        summary
    }

    fn read_as(&self) -> &'static str {
        if self.whole { "a whole document" } else { "a fragment: missing parts do not count as removed" }
    }

    fn text(&self) -> Result<String> {
        let mut out = format!("{}, read as {}\n\n", self.source, self.read_as());
        for severity in Severity::ALL {
            for difference in self.open_differences().filter(|difference| difference.severity == severity) {
                writeln!(
                    out,
                    "{severity}: {}\n  ours     {}",
                    strip_control_chars(&difference.describe()),
                    strip_control_chars(&difference.at)
                )?;
                if let Some(pointer) = &difference.upstream_at {
                    writeln!(out, "  upstream {}", strip_control_chars(pointer_text(pointer)))?;
                }
                writeln!(out, "  seen in  {}", strip_control_chars(&format_use_sites(difference)))?;
            }
        }
        for difference in self.accepted_differences() {
            writeln!(
                out,
                "accepted: {}: {}: {}",
                strip_control_chars(&difference.at),
                strip_control_chars(&difference.describe()),
                difference.accepted.as_deref().unwrap_or("")
            )?;
        }
        for stale in &self.stale {
            writeln!(out, "stale: {}: {}: no such difference any more: delete it", stale.at, stale.subject)?;
        }
        for note in &self.notes {
            writeln!(out, "note: {}", strip_control_chars(note))?;
        }
        if !out.ends_with("\n\n") {
            out.push('\n');
        }
        writeln!(out, "{}", self.summary())?;
        Ok(out)
    }

    fn markdown(&self) -> Result<String> {
        let mut out = format!(
            "# Upstream against openapi.yaml\n\n{}, read as {}: {}.\n",
            markdown_code(&self.source),
            self.read_as(),
            self.summary()
        );
        for severity in Severity::ALL {
            let mut differences =
                self.open_differences().filter(|difference| difference.severity == severity).peekable();
            if differences.peek().is_some() {
                writeln!(out, "\n## {}\n", capitalize(&severity.to_string()))?;
            }
            for difference in differences {
                writeln!(out, "- [ ] {}", escape_markdown(&difference.describe()))?;
                writeln!(
                    out,
                    "  <br>{}, seen in {}",
                    markdown_code(&difference.at),
                    escape_markdown(&format_use_sites(difference))
                )?;
            }
        }
        if self.accepted_differences().next().is_some() {
            writeln!(out, "\n## Accepted\n")?;
        }
        for difference in self.accepted_differences() {
            let reason = difference.accepted.as_deref().unwrap_or_default();
            writeln!(
                out,
                "- {}: {}: {}",
                markdown_code(&difference.at),
                escape_markdown(&difference.describe()),
                escape_markdown(reason)
            )?;
        }
        if !self.stale.is_empty() {
            writeln!(out, "\n## Stale acceptances\n")?;
        }
        for stale in &self.stale {
            writeln!(out, "- [ ] delete {}: {}", markdown_code(&stale.at), escape_markdown(&stale.subject))?;
        }
        if !self.notes.is_empty() {
            writeln!(out, "\n## Not compared\n")?;
        }
        for note in &self.notes {
            writeln!(out, "- {}", escape_markdown(note))?;
        }
        Ok(out)
    }

    fn json(&self) -> Result<String> {
        let mut value = serde_json::to_value(self)?;
        let counts = Severity::ALL.into_iter().map(|severity| {
            let count = self.open_differences().filter(|difference| difference.severity == severity).count();
            (severity.to_string(), json!(count))
        });
        let counts: serde_json::Map<_, _> = counts.collect();
        value["open"] = counts.into();
        value["exit_code"] = self.exit_code().into();
        Ok(serde_json::to_string_pretty(&value)?)
    }
}

/// Returns a pointer for display. That of the whole document is empty, so a text replaces it.
fn pointer_text(pointer: &str) -> &str {
    if pointer.is_empty() { "(whole document)" } else { pointer }
}

/// Returns the first places of use, and the number of further ones.
fn format_use_sites(difference: &Difference) -> String {
    const MAX_SHOWN: usize = 3;
    let shown: Vec<&str> = difference.seen_in.iter().take(MAX_SHOWN).map(String::as_str).collect();
    let more = difference.seen_in.len().saturating_sub(MAX_SHOWN);
    let rest = if more == 0 { String::new() } else { format!("; and {more} more") };
    format!("{}{rest}", shown.join("; "))
}

fn capitalize(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Replaces control characters: text of another document must not control the terminal or start a line of the report.
fn strip_control_chars(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Formats text as Markdown code, without backticks inside.
fn markdown_code(text: &str) -> String {
    format!("`{}`", strip_control_chars(text).replace('`', "'"))
}

/// Escapes text of another document: no Markdown and no line breaks.
fn escape_markdown(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            letter if letter.is_control() => escaped.push(' '),
            '<' => escaped.push_str("&lt;"),
            '*' | '_' | '[' | ']' | '|' | '#' => escaped.extend(['\\', letter]),
            letter => escaped.push(letter),
        }
    }
    escaped
}
