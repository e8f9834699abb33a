//! The `inbound` process; see `workers::inbound` and `workers::media`.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    workers::process::run("inbound", "127.0.0.1:9102", |context| {
        let store = common::media::Store::open(&context.config.media.place)?;
        workers::inbound::start(context);
        workers::media::start(context, store)
    })
    .await
}
