//! The `inbound` process; see `workers::inbound`.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    workers::process::run("inbound", "127.0.0.1:9102", |context| {
        workers::inbound::start(context);
        Ok(())
    })
    .await
}
