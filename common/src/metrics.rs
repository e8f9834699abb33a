//! Every metric the processes export: names, labels and meaning in one place. Labels hold no address and no text.

use std::sync::LazyLock;

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
    exponential_buckets,
};

/// The process's metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// HTTP answers by operation and status.
    pub http_requests: IntCounterVec,
    /// Seconds an HTTP answer took, by operation.
    pub http_seconds: HistogramVec,
    /// Items of each group transaction, by group kind.
    pub group_items: HistogramVec,
    /// Seconds of each group transaction, by group kind.
    pub group_seconds: HistogramVec,
    /// Replies and other messages accepted, by channel.
    pub messages_accepted: IntCounterVec,
    /// Delivery attempts by channel and outcome.
    pub attempts: IntCounterVec,
    /// Seconds of provider calls by channel.
    pub provider_seconds: HistogramVec,
    /// Messages that ended, by channel and failure code (`sent` for success).
    pub messages_settled: IntCounterVec,
    /// Results of the provider by classified action, such as `throttle_sender`.
    pub provider_errors: IntCounterVec,
    /// Read receipts, by channel and outcome: `sent`, `failed` (to be repeated), `given_up`.
    pub receipts: IntCounterVec,
    /// Segments of the texts that the provider took, by encoding (`gsm7`, `ucs2`): what texts cost by.
    pub text_segments: IntCounterVec,
    /// Channel events taken in, by channel and what became of them (`stored`, `duplicate`, `rejected`, `dropped`, `fallback`, `unparsed`).
    pub channel_events: IntCounterVec,
    /// Channel events applied, by kind and effect.
    pub channel_events_applied: IntCounterVec,
    /// Late records of workers that had lost their lease.
    pub stale_records: IntCounterVec,
    /// Pointers published, by queue and result.
    pub published: IntCounterVec,
    /// Deliveries taken from queues, by queue and result.
    pub consumed: IntCounterVec,
    /// Whether the connection to a server stands (1) or not (0), by server and use.
    pub connected: IntGaugeVec,
    /// Connections rebuilt after a failure, by server and use.
    pub reconnects: IntCounterVec,
    /// Lanes waiting, by state.
    pub lanes: IntGaugeVec,
    /// Rows waiting: `outbox`, `channel_events`, `events`, `read_receipts`, `media`, `notifications` that are due, `notification_events` and
    /// `webhook_events` to be read, `webhooks` that are due and do not fail, `webhooks_failing` endpoints, and events behind which `search` is.
    pub backlog: IntGaugeVec,
    /// Age in seconds of the oldest waiting row, by table.
    pub backlog_age: IntGaugeVec,
    /// Inboxes by gate state.
    pub gates: IntGaugeVec,
    /// Inboxes, by what the API shows as their state.
    pub inbox_states: IntGaugeVec,
    /// Lanes the sweeper acted on, by reason.
    pub swept: IntCounterVec,
    /// Emails to users by what became of them: `sent`, `retried`, `failed`, `dropped`; `coalesced` for events that joined one.
    pub notifications: IntCounterVec,
    /// Events on their way to customers.
    pub webhooks: WebhookMetrics,
    /// Uploads by result (`stored`, `mismatch`, `too_large`, `aborted`, `failed`).
    pub media_uploads: IntCounterVec,
    /// Tries to fetch contacts' files, by result (`ready`, `retry`, `failed`, `lost`).
    pub media_fetches: IntCounterVec,
    /// Seconds of tries to fetch contacts' files, by whether the bytes came (`ok`) or not (`error`).
    pub media_fetch_seconds: HistogramVec,
    /// Bytes of files written to the store, by where they came from (`upload`, `inbound`).
    pub media_bytes: IntCounterVec,
    /// Logs and how long they are kept.
    pub retention: RetentionMetrics,
    /// Whether this process holds a duty (1) or not (0).
    pub duties: IntGaugeVec,
}

/// Metrics of how long logs are kept.
#[derive(Debug)]
pub struct RetentionMetrics {
    /// Rows that were removed, being past their age, by table.
    pub purged: IntCounterVec,
    /// Seconds for which the first row is past its age though it is still there, by table: `events`.
    pub overdue: IntGaugeVec,
}

/// Metrics of events on their way to customers.
#[derive(Debug)]
pub struct WebhookMetrics {
    /// Tries at posting events to endpoints, by outcome.
    pub attempts: IntCounterVec,
    /// Seconds of those tries, by outcome.
    pub seconds: HistogramVec,
    /// Endpoints that were disabled, by reason.
    pub disabled: IntCounterVec,
    /// Readers of streams.
    pub readers: IntGaugeVec,
    /// Readers of streams that were let go, by reason.
    pub ended: IntCounterVec,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::register);

/// The process's metrics.
pub fn get() -> &'static Metrics {
    &METRICS
}

/// Registers metrics under the product's prefix.
struct Registrar(Registry);

#[expect(clippy::expect_used, reason = "names are constants; a clash shows in every test")]
impl Registrar {
    fn add<M: prometheus::core::Collector + Clone + 'static>(&self, metric: M) -> M {
        self.0.register(Box::new(metric.clone())).expect("registered once");
        metric
    }

    fn counter(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.add(IntCounterVec::new(Opts::new(format!("switchboard_{name}"), help), labels).expect("valid"))
    }

    fn gauge(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.add(IntGaugeVec::new(Opts::new(format!("switchboard_{name}"), help), labels).expect("valid"))
    }

    fn histogram(&self, name: &str, help: &str, labels: &[&str], start: f64) -> HistogramVec {
        let buckets = exponential_buckets(start, 2.0, 15).expect("valid");
        let opts = HistogramOpts::new(format!("switchboard_{name}"), help).buckets(buckets);
        self.add(HistogramVec::new(opts, labels).expect("valid"))
    }
}

impl WebhookMetrics {
    fn register(r: &Registrar) -> Self {
        Self {
            attempts: r.counter("webhook_attempts_total", "Tries at posting events", &["outcome"]),
            seconds: r.histogram("webhook_seconds", "Time of tries at posting events", &["outcome"], 0.005),
            disabled: r.counter("webhooks_disabled_total", "Endpoints disabled", &["reason"]),
            readers: r.gauge("stream_readers", "Readers of streams", &["stream"]),
            ended: r.counter("stream_ended_total", "Readers of streams let go", &["reason"]),
        }
    }
}

impl RetentionMetrics {
    fn register(r: &Registrar) -> Self {
        let overdue = "For how long the first row of a log has been past its age";
        Self {
            purged: r.counter("purged_rows_total", "Rows of logs that were past their age", &["table"]),
            overdue: r.gauge("retention_overdue_seconds", overdue, &["table"]),
        }
    }
}

impl Metrics {
    fn register() -> Self {
        let r = Registrar(Registry::new());
        if let Err(error) =
            r.0.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))
        {
            tracing::warn!(%error, "the process's own metrics are missing");
        }
        Self {
            http_requests: r.counter("http_requests_total", "HTTP answers", &["operation", "status"]),
            http_seconds: r.histogram("http_request_seconds", "Time of HTTP answers", &["operation"], 0.0005),
            group_items: r.histogram("group_items", "Items of a group transaction", &["group"], 1.0),
            group_seconds: r.histogram("group_seconds", "Time of a group transaction", &["group"], 0.0005),
            messages_accepted: r.counter("messages_accepted_total", "Messages accepted", &["channel"]),
            attempts: r.counter("attempts_total", "Delivery attempts", &["channel", "outcome"]),
            provider_seconds: r.histogram("provider_seconds", "Time of provider calls", &["channel"], 0.001),
            messages_settled: r.counter("messages_settled_total", "Messages ended", &["channel", "outcome"]),
            provider_errors: r.counter(
                "provider_errors_total",
                "Classified provider errors",
                &["channel", "action"],
            ),
            receipts: r.counter("read_receipts_total", "Read receipts to providers", &["channel", "outcome"]),
            text_segments: r.counter("text_segments_total", "Segments of texts taken", &["encoding"]),
            channel_events: r.counter(
                "channel_events_total",
                "Channel events taken in",
                &["channel", "result"],
            ),
            channel_events_applied: r.counter(
                "channel_events_applied_total",
                "Events applied",
                &["kind", "effect"],
            ),
            stale_records: r.counter("stale_records_total", "Records after a lost lease", &["channel"]),
            published: r.counter("published_total", "Messages published to queues", &["queue", "result"]),
            consumed: r.counter("consumed_total", "Messages taken from queues", &["queue", "result"]),
            connected: r.gauge("connected", "Whether a server is connected", &["server", "use"]),
            reconnects: r.counter("reconnects_total", "Connections rebuilt", &["server", "use"]),
            lanes: r.gauge("lanes", "Lanes by state", &["state"]),
            backlog: r.gauge("backlog", "Rows waiting", &["table"]),
            backlog_age: r.gauge("backlog_age_seconds", "Age of the oldest waiting row", &["table"]),
            gates: r.gauge("inbox_gates", "Inboxes by gate", &["gate"]),
            inbox_states: r.gauge("inbox_states", "Inboxes by state", &["state"]),
            swept: r.counter("swept_total", "Lanes the sweeper acted on", &["reason"]),
            notifications: r.counter("notifications_total", "Emails to users", &["outcome"]),
            webhooks: WebhookMetrics::register(&r),
            media_uploads: r.counter("media_uploads_total", "Uploads", &["result"]),
            media_fetches: r.counter("media_fetches_total", "Tries to fetch contacts' files", &["result"]),
            media_fetch_seconds: r.histogram(
                "media_fetch_seconds",
                "Time of tries to fetch contacts' files",
                &["outcome"],
                0.01,
            ),
            media_bytes: r.counter("media_bytes_total", "Bytes of files written", &["source"]),
            retention: RetentionMetrics::register(&r),
            duties: r.gauge("duty_held", "Whether this process holds a duty", &["duty"]),
            registry: r.0,
        }
    }

    /// The exposition format that Prometheus scrapes.
    pub fn render(&self) -> Vec<u8> {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics cannot be rendered");
        }
        text
    }
}
