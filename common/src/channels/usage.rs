//! How near a provider says that an account is to its limits: what the Graph API puts into the headers of every answer.

use std::cell::Cell;
use std::collections::HashMap;
use std::time::Duration;

use http::HeaderMap;
use serde::Deserialize;

/// Above this many percent of a limit, we slow down.
const NEAR: u64 = 80;
/// What is left of the pace at the limit, in percent.
const LEAST: u64 = 5;
/// Longest wait that is believed, in minutes.
const LONGEST: u64 = 24 * 60;

/// How much of an account's limits is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Percent of the limit that is nearest.
    pub percent: u64,
    /// When the provider will hear of the account again, where it said so.
    pub regain: Option<Duration>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Figures {
    call_count: f64,
    total_time: f64,
    total_cputime: f64,
    /// In minutes.
    estimated_time_to_regain_access: f64,
}

impl Figures {
    fn percent(&self) -> u64 {
        self.call_count.max(self.total_time).max(self.total_cputime).clamp(0.0, 1_000.0) as u64
    }

    fn regain(&self) -> u64 {
        self.estimated_time_to_regain_access.clamp(0.0, LONGEST as f64) as u64
    }
}

tokio::task_local! {
    static HEARD: Cell<Option<Usage>>;
}

/// What a call came to, and the usage that its answers told, if that matters.
///
/// Only what calls have in common sees an answer's headers; the way back to whoever paces is this, and not a part of every
/// channel's answers.
pub async fn listen<F: Future>(call: F) -> (F::Output, Option<Usage>) {
    HEARD
        .scope(Cell::new(None), async {
            let answer = call.await;
            (answer, HEARD.with(Cell::take))
        })
        .await
}

/// Notes what an answer's headers tell.
pub(super) fn hear(headers: &HeaderMap) {
    if let Some(usage) = read(headers) {
        // Nobody may be listening: look-ups are few.
        _ = HEARD.try_with(|heard| heard.set(Some(usage)));
    }
}

/// The usage that headers tell, once it is near a limit.
fn read(headers: &HeaderMap) -> Option<Usage> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let of_app = ["x-app-usage", "x-page-usage"].into_iter().filter_map(text);
    let of_app = of_app.filter_map(|text| serde_json::from_str::<Figures>(text).ok());
    let of_business = text("x-business-use-case-usage")
        .and_then(|text| serde_json::from_str::<HashMap<String, Vec<Figures>>>(text).ok());
    let figures: Vec<Figures> =
        of_app.chain(of_business.into_iter().flat_map(HashMap::into_values).flatten()).collect();
    let percent = figures.iter().map(Figures::percent).max()?;
    let minutes = figures.iter().map(Figures::regain).max()?;
    let regain = (minutes > 0).then(|| Duration::from_secs(minutes * 60));
    (percent > NEAR || regain.is_some()).then_some(Usage { percent, regain })
}

impl Usage {
    /// How much of its pace a sender is left, in percent: all at 80 percent of the limit, next to nothing at the limit.
    pub fn pace_left(self) -> i32 {
        let left = 100_u64.saturating_sub(self.percent) * 100 / (100 - NEAR);
        i32::try_from(left.clamp(LEAST, 100)).unwrap_or(100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn told(pairs: &[(&'static str, &str)]) -> Option<(u64, Option<u64>, i32)> {
        let usage = read(&headers(pairs))?;
        Some((usage.percent, usage.regain.map(|wait| wait.as_secs()), usage.pace_left()))
    }

    #[test]
    fn the_nearest_limit_counts_and_slows_the_more_the_nearer_it_is() {
        let app = |percent: &str| format!(r#"{{"call_count":{percent},"total_time":12,"total_cputime":3}}"#);
        let business = |time: u32, minutes: u32| {
            format!(
                r#"{{"178":[{{"type":"whatsapp","call_count":1,"total_cputime":2,"total_time":{time},"estimated_time_to_regain_access":{minutes}}}]}}"#
            )
        };
        assert_eq!(told(&[("x-app-usage", &app("80"))]), None);
        assert_eq!(told(&[("x-app-usage", &app("90"))]), Some((90, None, 50)));
        let both = [("x-app-usage", &*app("85")), ("x-business-use-case-usage", &*business(95, 0))];
        assert_eq!(told(&both), Some((95, None, 25)));
        assert_eq!(told(&[("x-business-use-case-usage", &business(100, 19))]), Some((100, Some(1_140), 5)));
        assert_eq!(told(&[("x-app-usage", &app("340"))]), Some((340, None, 5)));
    }

    #[test]
    fn headers_that_are_none_say_nothing() {
        assert_eq!(told(&[]), None);
        for odd in ["", "[]", "{\"call_count\":\"many\"}", "{\"call_count\":-5}", "{", "null"] {
            assert_eq!(told(&[("x-app-usage", odd), ("x-business-use-case-usage", odd)]), None, "{odd}");
        }
    }

    #[tokio::test]
    async fn whoever_listens_hears_what_calls_within_noted() {
        let near = headers(&[("x-app-usage", r#"{"call_count":90}"#)]);
        hear(&near);
        let (answer, usage) = listen(async {
            hear(&near);
            7
        })
        .await;
        assert_eq!((answer, usage.map(|usage| usage.percent)), (7, Some(90)));
        assert_eq!(listen(async {}).await.1, None);
    }
}
