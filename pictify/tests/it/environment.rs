//! Variables of the environment. Each row runs in a process of its own, because tests share the environment of theirs.

use pictify::{Client, Result};
use pictify_test_support::TestClock;
use std::{ffi::OsString, process::Command};

/// Variable that tells [`a_client_is_made_as_the_task_says`] what to do.
const TASK: &str = "PICTIFY_TEST_TASK";

/// Variables that the SDK reads.
const VARIABLES: [&str; 9] = [
    "PICTIFY_API_KEY",
    "PICTIFY_BASE_URL",
    "PICTIFY_ALLOW_INSECURE_HTTP",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "REQUEST_METHOD",
    TASK,
];

/// Runs a task of [`a_client_is_made_as_the_task_says`] with these variables and no others, and returns what it reports.
fn with_variables(task: &str, variables: &[(&str, OsString)]) -> String {
    let mut command = Command::new(std::env::current_exe().expect("the path of this program"));
    command.args(["--exact", "environment::a_client_is_made_as_the_task_says", "--nocapture"]);
    for name in VARIABLES {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.env(TASK, task);
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.output().expect("this program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let report = text.lines().find_map(|line| line.split_once("report: ")).map(|(_, report)| report.to_owned());
    report.unwrap_or_else(|| panic!("{task} reports nothing: {text} {}", String::from_utf8_lossy(&output.stderr)))
}

/// Makes a client as the task says, and prints its base URL or the error. The other tests run it with variables of their
/// own. Without a task it checks that [`Client::new`] is the hosted service, whatever the variables are.
#[test]
fn a_client_is_made_as_the_task_says() {
    let task = std::env::var(TASK).unwrap_or_else(|_| "new".to_owned());
    let (how, url) = task.split_once(' ').unwrap_or((&task, ""));
    let base_url = |client: Client| client.base_url().to_owned();
    let builder = || Client::builder().api_key("k").base_url(url).clock(TestClock::default());
    let result = match how {
        "new" => Client::new("k").map(base_url),
        "new-blocking" => pictify::blocking::Client::new("k").map(|client| client.base_url().to_owned()),
        "builder" => Client::builder().api_key("k").build().map(base_url),
        "env" => Client::from_env().map(base_url),
        "build" => builder().build().map(base_url),
        "no-proxy" => builder().no_proxy().build().map(base_url),
        "call" => call(builder()),
        _ => panic!("no task has the name {how}"),
    };
    let report = result.unwrap_or_else(|error| error.to_string());
    assert!(how != "new" || report == HOSTED, "{report}");
    println!("report: {report}");
}

fn call(builder: pictify::ClientBuilder) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let client = builder.allow_insecure_http(true).build()?;
    runtime.block_on(client.images().list().send()).map(|_| "done".to_owned())
}

fn text(value: &str) -> OsString {
    value.into()
}

/// Text that is not UTF-8.
#[cfg(unix)]
fn not_utf_8() -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(vec![b'k', 0xff])
}

const HOSTED: &str = "https://api.pictify.io";
const LOCAL: &str = "http://127.0.0.1:4040";

#[test]
fn the_base_url_comes_from_the_environment_only_if_asked_for() {
    let key = || ("PICTIFY_API_KEY", text("k"));
    let url = |url: &str| ("PICTIFY_BASE_URL", text(url));
    for (task, variables, expected) in [
        ("new", vec![url(LOCAL)], HOSTED),
        ("new-blocking", vec![url(LOCAL)], HOSTED),
        ("new", vec![url("nonsense")], HOSTED),
        ("builder", vec![url(LOCAL)], LOCAL),
        ("env", vec![key(), url(LOCAL)], LOCAL),
        ("env", vec![key()], HOSTED),
        ("env", vec![key(), url("")], HOSTED),
        ("env", vec![key(), url(" \n")], HOSTED),
        ("env", vec![key(), url("https://api.pictify.io/v1/")], HOSTED),
        ("env", vec![key(), url("\"http://127.0.0.1:4040\"")], LOCAL),
        (
            "env",
            vec![key(), url("nonsense")],
            "configuration error: the base URL is malformed: it must be an absolute URL",
        ),
    ] {
        let found = with_variables(task, &variables);
        assert!(found == expected || expected.contains(' ') && found.starts_with(expected), "{task}: {found}");
    }
}

#[test]
fn a_missing_or_unusable_key_has_its_own_error() {
    for (key, expected) in [
        (None, "configuration error: no API key: set PICTIFY_API_KEY"),
        (Some(text("")), "configuration error: the API key is empty; it was taken from PICTIFY_API_KEY"),
        (Some(text("Bearer ")), "configuration error: the API key is empty; it was taken from PICTIFY_API_KEY"),
        (Some(text("\"\"")), "configuration error: the API key is empty; it was taken from PICTIFY_API_KEY"),
        #[cfg(unix)]
        (Some(not_utf_8()), "configuration error: PICTIFY_API_KEY is not UTF-8"),
    ] {
        let variables: Vec<_> = key.into_iter().map(|key| ("PICTIFY_API_KEY", key)).collect();
        let found = with_variables("env", &variables);
        assert!(found.starts_with(expected), "{found}");
    }
    #[cfg(unix)]
    {
        let found = with_variables("builder", &[("PICTIFY_BASE_URL", not_utf_8())]);
        assert!(found.starts_with("configuration error: PICTIFY_BASE_URL is not UTF-8"), "{found}");
    }
}

#[test]
fn a_malformed_proxy_of_the_environment_is_a_config_error() {
    for (name, value, task, is_error) in [
        ("HTTPS_PROXY", "http://me:hunter2@[broken", "build https://api.pictify.test", true),
        ("https_proxy", "http://me:hunter2@proxy:port", "build https://api.pictify.test", true),
        ("HTTP_PROXY", "http://", "build https://api.pictify.test", true),
        ("http_proxy", "ftp://hunter2.example", "build https://api.pictify.test", true),
        ("ALL_PROXY", "http://hunter2 example", "build https://api.pictify.test", true),
        ("all_proxy", "proxy.example:3128", "build https://api.pictify.test", false),
        ("HTTPS_PROXY", "", "build https://api.pictify.test", false),
        ("HTTPS_PROXY", "http://[broken", "no-proxy https://api.pictify.test", false),
        ("HTTPS_PROXY", "http://[broken", "build http://127.0.0.1:4040", false),
    ] {
        let found = with_variables(task, &[(name, text(value))]);
        let expected = format!("configuration error: {name} is not the URL of a proxy");
        assert_eq!(found.starts_with(&expected), is_error, "{name}={value}: {found}");
        assert!(is_error || found.starts_with("http"), "{name}={value}: {found}");
        assert!(!found.contains("hunter2"), "{found}");
    }
}

#[test]
fn an_error_names_the_proxy_that_does_not_work() {
    // No program listens on this port.
    let proxy = || text("http://me:hunter2@127.0.0.1:9/path");
    let named = "through the proxy http://127.0.0.1:9";
    for (variables, url, is_named) in [
        (vec![("HTTPS_PROXY", proxy())], "https://api.pictify.test", true),
        (vec![("https_proxy", text("127.0.0.1:9"))], "https://api.pictify.test", true),
        (vec![("HTTP_PROXY", proxy())], "http://0.0.0.0:9", true),
        (vec![("ALL_PROXY", proxy())], "http://0.0.0.0:9", true),
        (vec![("HTTPS_PROXY", proxy())], "http://0.0.0.0:9", false),
        (vec![("HTTP_PROXY", proxy()), ("NO_PROXY", text("0.0.0.0"))], "http://0.0.0.0:9", false),
        (vec![("HTTP_PROXY", proxy()), ("NO_PROXY", text("a.example, 0.0.0.0/8"))], "http://0.0.0.0:9", false),
        (vec![("HTTP_PROXY", proxy()), ("NO_PROXY", text("*"))], "http://0.0.0.0:9", false),
        (vec![("HTTP_PROXY", proxy()), ("no_proxy", text("a.example"))], "http://0.0.0.0:9", true),
    ] {
        let found = with_variables(&format!("call {url}"), &variables);
        assert!(found.starts_with("list images: connection error: no connection"), "{variables:?}: {found}");
        assert_eq!(found.contains(named), is_named, "{variables:?} {url}: {found}");
        assert!(!found.contains("hunter2"), "{found}");
    }
}
