//! How long logs are kept.

use super::Reader;

/// Days for which each log is kept, unless an organization has a policy of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The event log that webhooks, streams and pages tell.
    pub events: i32,
    /// Deliveries to webhooks, with their tries.
    pub deliveries: i32,
    /// The audit log.
    pub audit: i32,
    /// What providers told us, as they told it, once it was worked off.
    pub channel_events: i32,
}

/// Most days that can be set: a hundred years.
pub const MOST_DAYS: i32 = 36_500;

impl Default for Retention {
    fn default() -> Self {
        Self { events: 30, deliveries: 30, audit: 365, channel_events: 30 }
    }
}

impl Retention {
    /// Reads this section alone, for tools that need nothing else.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let mut days = |name: &str, default: i32| {
            let most = MOST_DAYS.unsigned_abs().into();
            let number = reader.number(name, default.unsigned_abs().into(), (1, most));
            i32::try_from(number).unwrap_or(default)
        };
        let usual = Self::default();
        Self {
            events: days("SWITCHBOARD_RETENTION_EVENTS_DAYS", usual.events),
            deliveries: days("SWITCHBOARD_RETENTION_DELIVERIES_DAYS", usual.deliveries),
            audit: days("SWITCHBOARD_RETENTION_AUDIT_DAYS", usual.audit),
            channel_events: days("SWITCHBOARD_RETENTION_CHANNEL_EVENTS_DAYS", usual.channel_events),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Retention, Vec<String>> {
        let source =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let mut reader = Reader::new(&source);
        let read = Retention::read(&mut reader);
        reader.finish(read).map_err(|error| error.0)
    }

    #[test]
    fn every_log_has_days_of_its_own_and_every_fault_names_its_variable() {
        assert_eq!(read(&[]).unwrap(), Retention::default());
        let some = read(&[("SWITCHBOARD_RETENTION_AUDIT_DAYS", "7")]).unwrap();
        assert_eq!(some, Retention { audit: 7, ..Retention::default() });
        for name in ["EVENTS", "DELIVERIES", "AUDIT", "CHANNEL_EVENTS"] {
            let name = format!("SWITCHBOARD_RETENTION_{name}_DAYS");
            for value in ["0", "-1", "36501", "forever"] {
                let faults = read(&[(&name, value)]).unwrap_err();
                assert!(faults.len() == 1 && faults[0].starts_with(&name), "{faults:?}");
            }
        }
    }
}
