//! The `relay` process; see `workers::relay`.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    workers::process::run("relay", "127.0.0.1:9101", |context| {
        let store = common::media::Store::open(&context.config.media.place)?;
        workers::relay::start(context, store);
        Ok(())
    })
    .await
}
