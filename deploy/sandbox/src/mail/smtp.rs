//! Listens for SMTP clients and reads what they send, pipelined or not.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use smtp_proto::Error;
use smtp_proto::request::receiver::{DataReceiver, RequestReceiver};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::session::{Next, Session};
use crate::sandbox::Sandbox;

/// A client that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(300);

/// Serves SMTP until the stop signal, which cuts what is under way.
pub async fn serve(listener: TcpListener, sandbox: Arc<Sandbox>, stop: CancellationToken) {
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "an SMTP connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (sandbox, stop) = (sandbox.clone(), stop.clone());
        tokio::spawn(async move {
            if let Some(Err(error)) = stop.run_until_cancelled(talk(stream, &sandbox)).await {
                tracing::debug!(%error, "an SMTP connection ended");
            }
        });
    }
}

async fn talk(mut stream: TcpStream, sandbox: &Sandbox) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(b"220 sandbox ESMTP\r\n").await?;
    let mut session = Session::new(sandbox);
    let (mut commands, mut data) = (RequestReceiver::default(), None::<DataReceiver>);
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = tokio::time::timeout(SILENCE, stream.read(&mut buffer)).await.unwrap_or(Ok(0))?;
        if read == 0 {
            return Ok(());
        }
        let mut bytes = buffer[..read].iter();
        loop {
            let next = match &mut data {
                Some(receiver) => {
                    let complete = receiver.ingest(&mut bytes, session.content());
                    if session.is_too_large() {
                        stream.write_all(b"552 5.3.4 the email is too large\r\n").await?;
                        return Ok(());
                    }
                    if !complete {
                        break;
                    }
                    data = None;
                    session.complete().await
                }
                None => match commands.ingest(&mut bytes) {
                    Ok(request) => session.obey(request.into_owned()).await,
                    Err(Error::NeedsMoreData { .. }) => break,
                    Err(error) => Next::Reply(complaint(&error).into()),
                },
            };
            match next {
                Next::Reply(line) => stream.write_all(line.as_bytes()).await?,
                Next::Data => {
                    data = Some(DataReceiver::new());
                    stream.write_all(b"354 end with a line of one dot\r\n").await?;
                }
                Next::Quit => return stream.write_all(b"221 2.0.0 goodbye\r\n").await,
            }
        }
    }
}

fn complaint(error: &Error) -> &'static str {
    match error {
        Error::UnknownCommand | Error::InvalidResponse { .. } => "500 5.5.1 no such command\r\n",
        Error::InvalidSenderAddress => "501 5.1.7 not a sender's address\r\n",
        Error::InvalidRecipientAddress => "501 5.1.3 not a recipient's address\r\n",
        Error::UnsupportedParameter { .. } => "555 5.5.4 no such parameter\r\n",
        Error::ResponseTooLong => "500 5.5.2 the line is too long\r\n",
        Error::SyntaxError { .. } | Error::InvalidParameter { .. } | Error::NeedsMoreData { .. } => {
            "501 5.5.4 the command cannot be read\r\n"
        }
    }
}
