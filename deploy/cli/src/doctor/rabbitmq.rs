//! RabbitMQ: version, topology, who consumes, what waits.

use common::channels::Channel;
use common::config::Broker;
use common::queue::Route;
use common::queue::inspect::{Inspection, Queue, QueueState, inspect};

use super::counted;
use super::report::Report;

/// The oldest version that Switchboard works on.
const LEAST_VERSION: (u32, u32) = (3, 10);
/// A queue of pointers refuses more at 100,000.
const DEEP: u32 = 50_000;

/// Checks the broker without changing anything on it. Queues of a channel that is not in use need nobody.
pub(super) async fn check(report: &mut Report, broker: &Broker, used: &[Channel]) {
    let inspection = match inspect(broker).await {
        Ok(inspection) => inspection,
        Err(error) => {
            let detail = format!("cannot be reached: {error}");
            return report.fail(
                "rabbitmq",
                detail,
                "start RabbitMQ, or correct AMQP_URL and the user's permissions",
            );
        }
    };
    version(report, &inspection);
    let undeclared: Vec<&str> = inspection
        .missing_exchanges
        .iter()
        .chain(inspection.queues.iter().filter(|queue| queue.state.is_none()).map(|queue| &queue.name))
        .map(String::as_str)
        .collect();
    if undeclared.is_empty() {
        report.ok("topology", "every exchange and queue is declared");
    } else {
        let detail = format!("not declared: {}", undeclared.join(", "));
        report.fail(
            "topology",
            detail,
            "start the relay, which declares them; compare SWITCHBOARD_QUEUE_PREFIX",
        );
    }
    for queue in &inspection.queues {
        if let Some(state) = queue.state {
            depth(report, queue, state, used);
        }
    }
}

fn version(report: &mut Report, inspection: &Inspection) {
    match &inspection.version {
        Ok(version) => match parsed(version) {
            Some(found) if found < LEAST_VERSION => {
                report.fail("rabbitmq", version, "upgrade to RabbitMQ 3.10 or later")
            }
            Some(_) => report.ok("rabbitmq", version),
            None => report.warn(
                "rabbitmq",
                format!("{version}: not a version we know"),
                "expected RabbitMQ 3.10 or later",
            ),
        },
        Err(error) => {
            report.warn("rabbitmq", format!("its version cannot be asked: {error}"), "expected 3.10 or later")
        }
    }
}

/// `RabbitMQ 3.10.8` → (3, 10).
fn parsed(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.strip_prefix("RabbitMQ ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn depth(report: &mut Report, queue: &Queue, state: QueueState, used: &[Channel]) {
    let name = format!("queue {}", queue.name);
    let detail = format!(
        "{}, {}",
        counted(state.messages, "message", "messages"),
        counted(state.consumers, "consumer", "consumers")
    );
    let process = match queue.route {
        Some(Route::OutboundFirst(channel) | Route::OutboundRetry(channel))
            if !used.contains(&channel) && state.messages == 0 =>
        {
            return report.ok(name, format!("{detail}; no inbox is on {channel}"));
        }
        Some(Route::OutboundFirst(channel) | Route::OutboundRetry(channel)) => {
            format!("outbound --channel {channel}")
        }
        Some(Route::Inbound | Route::Media | Route::IntakeFallback) => "inbound".to_owned(),
        Some(Route::WebhooksFirst | Route::WebhooksRetry) => "webhooks".to_owned(),
        None => "relay".to_owned(),
    };
    if state.consumers == 0 {
        return report.fail(name, detail, format!("start {process}, or see its log if it runs"));
    }
    match queue.route {
        Some(Route::IntakeFallback) if state.messages > 0 => {
            report.warn(name, detail, "webhooks wait for PostgreSQL; see that it and inbound are well");
        }
        _ if state.messages > DEEP => {
            report.warn(name, detail, format!("start more of {process}, or see what slows it"))
        }
        _ => report.ok(name, detail),
    }
}

#[cfg(test)]
mod tests {
    use super::parsed;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(parsed("RabbitMQ 3.10.8"), Some((3, 10)));
        assert_eq!(parsed("RabbitMQ 4.1.0-rc.1"), Some((4, 1)));
        assert_eq!(parsed("Another 9.1"), None);
        assert!(parsed("RabbitMQ 3.9.1") < Some((3, 10)));
    }
}
