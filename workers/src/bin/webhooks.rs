//! The `webhooks` process; see `workers::webhooks`.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    workers::process::run("webhooks", "127.0.0.1:9106", workers::webhooks::start).await
}
