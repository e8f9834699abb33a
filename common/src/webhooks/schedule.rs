//! When a webhook is tried again.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// Longest pause that an endpoint can ask for.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3_600);

/// The wait after so many tries of a round, a fifth more or less; none when there is to be no further one. What the endpoint asked
/// for makes it longer and never shorter.
pub fn wait(waits: &[Duration], tries: i32, asked: Option<Duration>) -> Option<Duration> {
    let turn = usize::try_from(tries).ok()?.checked_sub(1)?;
    let planned = waits.get(turn)?.mul_f64(rand::random_range(0.8..1.2));
    Some(planned.max(asked.unwrap_or_default().min(LONGEST_PAUSE)))
}

/// What `Retry-After` asks for: seconds, or a time.
pub fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    let asked = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = DateTime::parse_from_rfc2822(value).ok()?;
            (until.with_timezone(&Utc) - now).to_std().ok()?
        }
    };
    Some(asked.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WAITS: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(300)];

    proptest! {
        #[test]
        fn a_wait_is_near_the_plan_unless_more_was_asked_for(tries in 1..3i32, asked in 0u64..200_000) {
            let planned = WAITS[tries as usize - 1];
            let plain = wait(&WAITS, tries, None).unwrap();
            prop_assert!(plain >= planned.mul_f64(0.79) && plain <= planned.mul_f64(1.21));
            let asked = Duration::from_secs(asked);
            let longer = wait(&WAITS, tries, Some(asked)).unwrap();
            prop_assert!(longer >= asked.min(LONGEST_PAUSE) && longer >= planned.mul_f64(0.79));
            prop_assert!(longer <= LONGEST_PAUSE.max(planned.mul_f64(1.21)));
        }
    }

    #[test]
    fn after_the_last_try_there_is_none() {
        assert_eq!(wait(&WAITS, 3, Some(Duration::from_secs(1))), None);
        assert_eq!(wait(&WAITS, 0, None), None);
    }

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_by_a_time() {
        let now = DateTime::parse_from_rfc3339("2026-11-28T17:00:00Z").unwrap().with_timezone(&Utc);
        let read = |text| retry_after(text, now);
        assert_eq!(read(" 120 "), Some(Duration::from_secs(120)));
        assert_eq!(read("Sat, 28 Nov 2026 17:01:30 GMT"), Some(Duration::from_secs(90)));
        assert_eq!(read("99999999999"), Some(LONGEST_PAUSE));
        for bad in ["", "soon", "-5", "Sat, 28 Nov 2026 16:59:00 GMT"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
