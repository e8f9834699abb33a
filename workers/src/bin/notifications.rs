//! The `notifications` process; see `workers::notifications`.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    workers::process::run("notifications", "127.0.0.1:9104", workers::notifications::start).await
}
