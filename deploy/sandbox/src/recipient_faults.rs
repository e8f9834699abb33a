//! Faults that a recipient asks for by its last eight digits, for tests that cannot reach the control endpoints.

use crate::faults::{Drop, Fault, Refuse, StatusFault};

/// What those digits begin with; the last three choose the fault.
const MARK: &str = "99990";

/// The fault of a recipient, if its digits ask for one.
pub fn ask(recipient: &str) -> Option<Fault> {
    let (rest, choice) = recipient.split_at_checked(recipient.len().checked_sub(3)?)?;
    if !rest.ends_with(MARK) {
        return None;
    }
    let fault = match choice {
        "000" => statuses(StatusFault {
            suppress: vec![
                crate::faults::StatusName::Sent,
                crate::faults::StatusName::Delivered,
                crate::faults::StatusName::Read,
            ],
            ..StatusFault::default()
        }),
        "002" => statuses(StatusFault { duplicate: 1, ..StatusFault::default() }),
        "003" => statuses(StatusFault { reorder: true, ..StatusFault::default() }),
        "026" => statuses(StatusFault { fail_code: Some(131_026), ..StatusFault::default() }),
        "047" => refuse(400, 131_047),
        "053" => statuses(StatusFault { fail_code: Some(131_053), ..StatusFault::default() }),
        "056" => refuse(400, 131_056),
        "401" => refuse(401, 190),
        "408" => Fault { drop: Some(Drop::AfterAccept), ..Fault::default() },
        "409" => Fault { drop: Some(Drop::BeforeAccept), ..Fault::default() },
        "429" => refuse(429, 130_429),
        "500" => refuse(500, 131_000),
        "503" => refuse(503, 2),
        "504" => Fault { hold_ms: Some(60_000), ..Fault::default() },
        _ => return None,
    };
    Some(fault)
}

fn statuses(status: StatusFault) -> Fault {
    Fault { status: Some(status), ..Fault::default() }
}

fn refuse(http_status: u16, code: u32) -> Fault {
    let refuse = Refuse {
        http_status,
        code,
        subcode: None,
        message: None,
        retry_after: (http_status == 429).then_some(1),
        is_transient: (http_status == 503).then_some(true),
    };
    Fault { refuse: Some(refuse), ..Fault::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_numbers_ask() {
        assert!(ask("15550009429").is_none());
        assert!(ask("429").is_none());
        assert!(ask("15599990777").is_none());
        assert_eq!(
            ask("15599990500").and_then(|fault| fault.refuse).map(|refuse| refuse.code),
            Some(131_000)
        );
        assert_eq!(ask("15599990408").and_then(|fault| fault.drop), Some(Drop::AfterAccept));
    }
}
