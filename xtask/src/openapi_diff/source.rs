//! Reads a published document: a file or a URL, YAML or JSON, of limited size.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{fs::File, io::Read, time::Duration};

/// Maximum size of a document, in bytes. The largest documents published anywhere are about that size.
const MAX_DOCUMENT_BYTES: u64 = 16 * 1024 * 1024;

/// Timeout of an HTTP request, redirects and body included.
const FETCH_TIMEOUT: Duration = Duration::from_secs(60);

/// Reads and parses the document at `source`.
pub fn read(source: &str) -> Result<Value> {
    let text = read_text(source)?;
    let parsed = parse(&text);
    // A code fence cannot start a line of YAML, so a Markdown page never parses as a document.
    let parsed = match (parsed, &fenced_blocks(&text)[..]) {
        (Err(_), [block]) => parse(&block.join("\n")),
        (Err(_), [_, _, ..]) => {
            bail!("{source} has several code blocks: save the relevant one to a file")
        }
        (parsed, _) => parsed,
    };
    parsed.with_context(|| format!("{source} is not a document in YAML or JSON"))
}

/// Returns the YAML and JSON code blocks of a Markdown page.
fn fenced_blocks(text: &str) -> Vec<Vec<&str>> {
    let mut blocks: Vec<Vec<&str>> = Vec::new();
    let mut fence = None;
    for line in text.lines() {
        match (line.trim_start().strip_prefix("```"), fence) {
            (Some(info), None) => {
                let language = info.split_whitespace().next().unwrap_or_default().to_lowercase();
                let is_data = matches!(language.as_str(), "yaml" | "yml" | "json");
                fence = Some(is_data);
                blocks.extend(is_data.then(Vec::new));
            }
            (Some(""), Some(_)) => fence = None,
            (_, Some(true)) => blocks.last_mut().into_iter().for_each(|block| block.push(line)),
            _ => {}
        }
    }
    blocks
}

fn read_text(source: &str) -> Result<String> {
    let scheme = source.split_once("://").map(|(scheme, _)| scheme);
    let bytes = match scheme {
        Some("http" | "https") => read_limited(fetch(source)?, source)?,
        Some(other) => bail!("{source}: `{other}` is not supported: give a file, or an http or https URL"),
        None => read_limited(File::open(source).with_context(|| format!("cannot open {source}"))?, source)?,
    };
    let text = String::from_utf8(bytes).with_context(|| format!("{source} is not UTF-8 text"))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

fn fetch(url: &str) -> Result<impl Read> {
    let agent = ureq::Agent::config_builder().timeout_global(Some(FETCH_TIMEOUT)).max_redirects(5).build().new_agent();
    let response =
        agent.get(url).call().with_context(|| format!("cannot get {url}: save it to a file and give that"))?;
    Ok(response.into_body().into_reader())
}

/// Reads everything up to the size limit. Longer input is an error.
fn read_limited(reader: impl Read, source: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MAX_DOCUMENT_BYTES + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {source}"))?;
    if bytes.len() as u64 > MAX_DOCUMENT_BYTES {
        bail!("{source} is larger than {} MiB: give a part of it", MAX_DOCUMENT_BYTES / 1024 / 1024);
    }
    Ok(bytes)
}

/// Parses JSON first: it is faster and has better errors. All other text may be YAML.
fn parse(text: &str) -> Result<Value> {
    let value: Value = if text.trim_start().starts_with('{') {
        match serde_json::from_str(text) {
            Ok(value) => value,
            // A YAML flow mapping starts like JSON.
            Err(error) => serde_saphyr::from_str(text).map_err(|_| error)?,
        }
    } else {
        serde_saphyr::from_str(text)?
    };
    if !value.is_object() {
        bail!("the text is not a mapping, as an OpenAPI document or a part of one must be");
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io::Write, net::TcpListener, thread};

    #[test]
    fn unreadable_input_is_an_error_with_an_instruction() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let deep = "[".repeat(100_000);
        let deep_json = format!("{{\"a\":{deep}");
        let bomb = (1..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, level| {
            let below = level - 1;
            format!("{text}a{level}: &a{level} [*a{below}, *a{below}, *a{below}, *a{below}]\n")
        });
        let cases: [(&str, &[u8], &str); 8] = [
            ("prose.txt", b"Hello: there: is: no: mapping", "not a document in YAML or JSON"),
            ("word.yaml", b"hello", "the text is not a mapping"),
            ("empty.yaml", b"", "the text is not a mapping"),
            ("list.yaml", b"- a\n- b\n", "the text is not a mapping"),
            ("image.png", b"\x89PNG\r\n\x1a\n\xff\xfe", "not UTF-8 text"),
            ("deep.yaml", deep.as_bytes(), "not a document in YAML or JSON"),
            ("deep.json", deep_json.as_bytes(), "not a document in YAML or JSON"),
            ("bomb.yaml", bomb.as_bytes(), "not a document in YAML or JSON"),
        ];
        for (name, bytes, part) in cases {
            let error = format!("{:#}", read(&file(name, bytes)).unwrap_err());
            assert!(error.contains(part) && error.contains(name), "{name}: {error}");
        }
        let large = format!("{:#}", read(&file("large.json", &vec![b' '; 17 << 20])).unwrap_err());
        assert!(large.ends_with("is larger than 16 MiB: give a part of it"), "{large}");
        assert!(format!("{:#}", read("/nowhere.yaml").unwrap_err()).starts_with("cannot open /nowhere.yaml"));
        assert!(format!("{:#}", read("ftp://example.com/a").unwrap_err()).contains("`ftp` is not supported"));
    }

    #[test]
    fn a_document_is_found_in_a_markdown_page() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.md");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(path.to_str().unwrap())
        };
        let page =
            "# Fonts: all of them\n\n```sh\ncurl a\n```\n\n```yaml openapi\n/fonts:\n  get: {}\n```\n\nThat: is: all\n";
        assert_eq!(read(page).unwrap(), serde_json::json!({"/fonts": {"get": {}}}));
        let two = read("```json\n{}\n```\n```json\n{}\n```\n").unwrap_err().to_string();
        assert!(two.contains("has several code blocks"), "{two}");
        let quoted = "info:\n  description: |\n    Send this:\n    ```json\n    {}\n    ```\npaths: {}\n";
        assert_eq!(read(quoted).unwrap()["paths"], serde_json::json!({}));
    }

    #[test]
    fn a_url_is_read_like_a_file() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/openapi.json", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            for response in ["200 OK\r\nContent-Length: 20", "404 Not Found\r\nContent-Length: 0"] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 2048];
                let read = stream.read(&mut request).unwrap();
                assert!(request[..read].starts_with(b"GET /openapi.json HTTP/1.1\r\n"));
                let body = if response.starts_with("200") { r#"{"openapi": "3.1.0"}"# } else { "" };
                write!(stream, "HTTP/1.1 {response}\r\nConnection: close\r\n\r\n{body}").unwrap();
            }
        });
        assert_eq!(read(&url).unwrap()["openapi"], "3.1.0");
        let error = format!("{:#}", read(&url).unwrap_err());
        assert!(error.starts_with(&format!("cannot get {url}")) && error.contains("404"), "{error}");
        server.join().unwrap();
    }
}
