//! A keep-alive HTTP connection with little overhead: the generator shares the machine with what it measures.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(35);

/// One connection, one request at a time.
pub struct Connection {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        let (sender, driver) = handshake(TokioIo::new(stream)).await?;
        // Its errors come back from the requests.
        tokio::spawn(async move { driver.await.unwrap_or_default() });
        Ok(Self { address, sender })
    }

    /// Sends a request and reads the whole answer. After an error the connection is of no use.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<(StatusCode, Bytes)> {
        let answered = async {
            self.sender.ready().await?;
            let response: Response<Incoming> = self.sender.send_request(request).await?;
            let (parts, body) = response.into_parts();
            anyhow::Ok((parts.status, body.collect().await?.to_bytes()))
        };
        tokio::time::timeout(PATIENCE, answered).await.context("no answer in time")?
    }

    /// Sends a request; a new connection takes the place of a broken one.
    pub async fn send_again(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<(StatusCode, Bytes)> {
        let answered = self.send(request).await;
        if answered.is_err()
            && let Ok(fresh) = Self::open(self.address).await
        {
            *self = fresh;
        }
        answered
    }
}

/// A request with a JSON body.
pub fn json_request(method: Method, path: &str, body: Vec<u8>) -> anyhow::Result<Request<Full<Bytes>>> {
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = method;
    *request.uri_mut() = path.parse()?;
    let headers = request.headers_mut();
    headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(request)
}

/// Asks once, on a connection of its own, and expects a 2xx answer.
pub async fn ask(
    address: SocketAddr,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> anyhow::Result<Bytes> {
    let body = body.map(serde_json::to_vec).transpose()?.unwrap_or_default();
    let request = json_request(method, path, body)?;
    let (status, answer) = Connection::open(address).await?.send(request).await?;
    ensure!(status.is_success(), "{path} answered {status}: {}", String::from_utf8_lossy(&answer));
    Ok(answer)
}

/// Asks once as the holder of an API key, and expects a 2xx answer with JSON.
pub async fn ask_as(
    key: &HeaderValue,
    address: SocketAddr,
    method: Method,
    path: &str,
    body: &Value,
) -> anyhow::Result<Value> {
    let mut request = json_request(method, path, serde_json::to_vec(body)?)?;
    request.headers_mut().insert(header::AUTHORIZATION, key.clone());
    let (status, answer) = Connection::open(address).await?.send(request).await?;
    ensure!(status.is_success(), "{path} answered {status}: {}", String::from_utf8_lossy(&answer));
    Ok(serde_json::from_slice(&answer)?)
}

/// Asks for JSON.
pub async fn get_json(address: SocketAddr, path: &str) -> anyhow::Result<Value> {
    Ok(serde_json::from_slice(&ask(address, Method::GET, path, None).await?)?)
}
