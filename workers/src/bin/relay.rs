//! The `relay` process; see `workers::relay`.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    workers::process::run("relay", "127.0.0.1:9101", |context| {
        workers::relay::start(context);
        Ok(())
    })
    .await
}
