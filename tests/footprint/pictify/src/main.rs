use pictify::{Client, images::Source};

#[tokio::main]
async fn main() -> pictify::Result<()> {
    let image = Client::from_env()?.images().create(Source::html("<h1>Hello</h1>")).size(1200, 630).send().await?;
    println!("{}", image.url);
    Ok(())
}
