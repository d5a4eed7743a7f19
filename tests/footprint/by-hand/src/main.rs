#[derive(serde::Serialize)]
struct Create {
    html: &'static str,
    width: u32,
    height: u32,
}

#[derive(serde::Deserialize)]
struct Image {
    url: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = std::env::var("PICTIFY_API_KEY")?;
    let body = Create { html: "<h1>Hello</h1>", width: 1200, height: 630 };
    let request = reqwest::Client::new().post("https://api.pictify.io/image").bearer_auth(key).json(&body);
    let image: Image = request.send().await?.error_for_status()?.json().await?;
    println!("{}", image.url);
    Ok(())
}
