use stripe::Client;
use stripe_core::customer::CreateCustomer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(std::env::var("STRIPE_KEY")?);
    let customer = CreateCustomer::new().name("Ada").send(&client).await?;
    println!("{}", customer.id);
    Ok(())
}
