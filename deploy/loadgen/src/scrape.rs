//! What the processes tell about their group transactions: how many, how large, how long.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use http::Method;

use crate::client::ask;

/// Group transactions of one kind so far.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    count: f64,
    items: f64,
    seconds: f64,
}

/// Group transactions so far, by process and kind.
#[derive(Debug, Clone, Default)]
pub struct Groups(BTreeMap<(&'static str, String), Group>);

/// Asks every process.
pub async fn groups(internals: &[(&'static str, SocketAddr)]) -> anyhow::Result<Groups> {
    let mut groups = Groups::default();
    for (process, address) in internals {
        let text = ask(*address, Method::GET, "/metrics", None).await?;
        groups.read(process, &String::from_utf8_lossy(&text));
    }
    Ok(groups)
}

impl Groups {
    fn read(&mut self, process: &'static str, text: &str) {
        for line in text.lines() {
            let Some((metric, value)) =
                line.strip_prefix("switchboard_group_").and_then(|rest| rest.rsplit_once(' '))
            else {
                continue;
            };
            let kind = metric.split("group=\"").nth(1).and_then(|rest| rest.split('"').next());
            let (Some(kind), Ok(value)) = (kind, value.parse::<f64>()) else { continue };
            let group = self.0.entry((process, kind.to_owned())).or_default();
            match metric.split('{').next() {
                Some("items_sum") => group.items = value,
                Some("seconds_sum") => group.seconds = value,
                Some("seconds_count") => group.count = value,
                _ => (),
            }
        }
    }

    /// What was done since `before`, a line for each kind.
    pub fn since(&self, before: &Self) -> Vec<String> {
        let lines = self.0.iter().filter_map(|((process, kind), now)| {
            let earlier = before.0.get(&(*process, kind.clone())).copied().unwrap_or_default();
            let count = now.count - earlier.count;
            if count < 1.0 {
                return None;
            }
            let (items, seconds) = (now.items - earlier.items, now.seconds - earlier.seconds);
            let (each, took) = (items / count, 1_000.0 * seconds / count);
            Some(format!(
                "{process}: {count:.0} groups of kind {kind}, on average {each:.1} items in {took:.1} ms"
            ))
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_read_from_the_exposition_format() {
        let mut groups = Groups::default();
        let text = "# HELP x\nswitchboard_group_items_sum{group=\"accept\"} 64\nswitchboard_group_seconds_sum{group=\"accept\"} 0.02\n\
            switchboard_group_seconds_count{group=\"accept\"} 4\nswitchboard_group_items_bucket{group=\"accept\",le=\"1\"} 1\n";
        groups.read("api", text);
        let lines = groups.since(&Groups::default());
        assert_eq!(lines, ["api: 4 groups of kind accept, on average 16.0 items in 5.0 ms"]);
    }
}
