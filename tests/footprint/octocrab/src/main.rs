#[tokio::main]
async fn main() -> octocrab::Result<()> {
    let repository = octocrab::instance().repos("rust-lang", "rust").get().await?;
    println!("{}", repository.name);
    Ok(())
}
