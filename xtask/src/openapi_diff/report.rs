//! A comparison for the terminal, for a review and for a program.

use super::{
    accepted::Acceptance,
    change::{Finding, Severity},
};
use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;
use serde_json::json;
use std::{collections::BTreeSet, fmt::Write as _};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For the terminal.
    Text,
    /// A checklist for an issue or a review.
    Markdown,
    /// For programs.
    Json,
}

/// What a comparison came to.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The file or URL.
    pub source: String,
    /// Whether what it leaves out was taken for gone.
    pub whole: bool,
    /// The gravest first.
    pub findings: Vec<Finding>,
    /// Acceptances that fit nothing any more.
    pub stale: Vec<Acceptance>,
    /// What could not be compared.
    pub notes: BTreeSet<String>,
    /// How many differences were left out as too light, and are not in `findings`.
    pub lighter: usize,
}

impl Report {
    /// The differences that nobody accepted.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.accepted.is_none())
    }

    fn accepted(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.accepted.is_some())
    }

    /// 0 when nothing is open, else by the gravest difference. What is stale has to be put right like documentation.
    pub fn exit_code(&self) -> u8 {
        let stale = (!self.stale.is_empty()).then_some(Severity::Documentation);
        self.open().map(|finding| finding.severity).chain(stale).max().map_or(0, Severity::exit_code)
    }

    /// The report in the words of `format`, with a line break at its end.
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

    /// `3 differences: 1 breaking, 2 additive; 1 accepted`.
    fn summary(&self) -> String {
        let open = self.open().count();
        let counts: Vec<_> = Severity::ALL
            .into_iter()
            .map(|severity| (severity, self.open().filter(|finding| finding.severity == severity).count()))
            .filter(|(_, count)| *count > 0)
            .map(|(severity, count)| format!("{count} {severity}"))
            .collect();
        let mut summary = match open {
            0 => "no open differences".to_owned(),
            1 => format!("1 difference: {}", counts.join(", ")),
            open => format!("{open} differences: {}", counts.join(", ")),
        };
        let beside = [
            (self.accepted().count(), "accepted"),
            (self.stale.len(), "stale in upstream-accepted.yaml"),
            (self.lighter, "lighter than asked for"),
            (self.notes.len(), "not compared"),
        ];
        for (count, what) in beside.into_iter().filter(|(count, _)| *count > 0) {
            summary = format!("{summary}; {count} {what}");
        }
        summary
    }

    fn read_as(&self) -> &'static str {
        if self.whole { "a whole document" } else { "a fragment: what it leaves out is not taken for gone" }
    }

    fn text(&self) -> Result<String> {
        let mut out = format!("{}, read as {}\n\n", self.source, self.read_as());
        for severity in Severity::ALL {
            for finding in self.open().filter(|finding| finding.severity == severity) {
                writeln!(out, "{severity}: {}\n  ours     {}", plain(&finding.says()), plain(&finding.at))?;
                if let Some(pointer) = &finding.upstream_at {
                    writeln!(out, "  upstream {}", plain(root(pointer)))?;
                }
                writeln!(out, "  seen in  {}", plain(&seen_in(finding)))?;
            }
        }
        for finding in self.accepted() {
            writeln!(
                out,
                "accepted: {}: {}: {}",
                plain(&finding.at),
                plain(&finding.says()),
                finding.accepted.as_deref().unwrap_or("")
            )?;
        }
        for stale in &self.stale {
            writeln!(out, "stale: {}: {}: upstream no longer says this: delete it", stale.at, stale.subject)?;
        }
        for note in &self.notes {
            writeln!(out, "note: {}", plain(note))?;
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
            code(&self.source),
            self.read_as(),
            self.summary()
        );
        for severity in Severity::ALL {
            let mut findings = self.open().filter(|finding| finding.severity == severity).peekable();
            if findings.peek().is_some() {
                writeln!(out, "\n## {}\n", capital(&severity.to_string()))?;
            }
            for finding in findings {
                writeln!(out, "- [ ] {}", escape(&finding.says()))?;
                writeln!(out, "  <br>{}, seen in {}", code(&finding.at), escape(&seen_in(finding)))?;
            }
        }
        if self.accepted().next().is_some() {
            writeln!(out, "\n## Accepted\n")?;
        }
        for finding in self.accepted() {
            let reason = finding.accepted.as_deref().unwrap_or_default();
            writeln!(out, "- {}: {}: {}", code(&finding.at), escape(&finding.says()), escape(reason))?;
        }
        if !self.stale.is_empty() {
            writeln!(out, "\n## Stale acceptances\n")?;
        }
        for stale in &self.stale {
            writeln!(out, "- [ ] delete {}: {}", code(&stale.at), escape(&stale.subject))?;
        }
        if !self.notes.is_empty() {
            writeln!(out, "\n## Not compared\n")?;
        }
        for note in &self.notes {
            writeln!(out, "- {}", escape(note))?;
        }
        Ok(out)
    }

    fn json(&self) -> Result<String> {
        let mut value = serde_json::to_value(self)?;
        let counts = Severity::ALL.into_iter().map(|severity| {
            let count = self.open().filter(|finding| finding.severity == severity).count();
            (severity.to_string(), json!(count))
        });
        let counts: serde_json::Map<_, _> = counts.collect();
        value["open"] = counts.into();
        value["exit_code"] = self.exit_code().into();
        Ok(serde_json::to_string_pretty(&value)?)
    }
}

/// The pointer of a whole document is empty, which looks like a mistake.
fn root(pointer: &str) -> &str {
    if pointer.is_empty() { "(the whole of it)" } else { pointer }
}

/// The first places, and how many more there are.
fn seen_in(finding: &Finding) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = finding.seen_in.iter().take(SHOWN).map(String::as_str).collect();
    let more = finding.seen_in.len().saturating_sub(SHOWN);
    let rest = if more == 0 { String::new() } else { format!("; and {more} more") };
    format!("{}{rest}", shown.join("; "))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What another document says cannot steer the terminal, nor pass for a line of the report.
fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// A pointer as code, whatever is in it.
fn code(text: &str) -> String {
    format!("`{}`", plain(text).replace('`', "'"))
}

/// What another document says stays text: no markup of its own, no line of its own.
fn escape(text: &str) -> String {
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
