//! Plans the statuses that follow an accepted message.

use crate::clock::{MILLISECOND, Micros};
use crate::faults::StatusFault;
use crate::message::Step;
use crate::settings::Behaviour;

/// A status and when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Planned {
    /// When it is due.
    pub due: Micros,
    /// The status.
    pub step: Step,
    /// The error code of `failed`.
    pub code: u32,
}

/// The statuses of a message accepted now, in the order to tell them. `latest` are the times of the chat's
/// last `sent`, `delivered` and `read`: messages do not overtake each other unless a fault asks for it.
pub(super) fn plan(
    now: Micros,
    only_sent: bool,
    behaviour: &Behaviour,
    fault: Option<&StatusFault>,
    latest: &mut [Micros; 3],
) -> Vec<Planned> {
    let none = StatusFault::default();
    let fault = fault.unwrap_or(&none);
    let disturbed = fault.reorder || fault.delay_ms.is_some();
    let mut at = now + fault.delay_ms.unwrap_or(0) * MILLISECOND;
    let mut planned = Vec::with_capacity(3);
    for &step in steps(only_sent, behaviour.read, fault) {
        at += behaviour.status_ms * MILLISECOND + spread(behaviour);
        if !disturbed {
            let latest = &mut latest[place(step)];
            at = at.max(*latest);
            *latest = at;
        }
        planned.push(Planned { due: at, step, code: fault.fail_code.unwrap_or(0) });
    }
    planned.retain(|planned| !fault.suppress.iter().any(|name| Step::from(*name) == planned.step));
    if fault.reorder {
        let steps: Vec<Step> = planned.iter().rev().map(|planned| planned.step).collect();
        planned.iter_mut().zip(steps).for_each(|(planned, step)| planned.step = step);
    }
    planned.into_iter().flat_map(|planned| std::iter::repeat_n(planned, 1 + fault.duplicate)).collect()
}

const fn steps(only_sent: bool, read: bool, fault: &StatusFault) -> &'static [Step] {
    if fault.fail_code.is_some() {
        return &[Step::Failed];
    }
    match (only_sent, read) {
        (true, _) => &[Step::Sent],
        (false, false) => &[Step::Sent, Step::Delivered],
        (false, true) => &[Step::Sent, Step::Delivered, Step::Read],
    }
}

const fn place(step: Step) -> usize {
    match step {
        Step::Accepted | Step::Sent | Step::Failed => 0,
        Step::Delivered => 1,
        Step::Read => 2,
    }
}

fn spread(behaviour: &Behaviour) -> Micros {
    match behaviour.status_spread_ms {
        0 => 0,
        most => rand::random_range(0..=most * MILLISECOND),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::StatusName;

    fn names(fault: &StatusFault, behaviour: &Behaviour) -> Vec<(&'static str, Micros)> {
        let planned = plan(0, false, behaviour, Some(fault), &mut [0; 3]);
        planned.iter().map(|planned| (planned.step.name(), planned.due / MILLISECOND)).collect()
    }

    #[test]
    fn faults_change_the_plan() {
        let behaviour = Behaviour { status_ms: 10, read: true, ..Behaviour::default() };
        let normal = StatusFault::default();
        assert_eq!(names(&normal, &behaviour), [("sent", 10), ("delivered", 20), ("read", 30)]);
        let reorder = StatusFault { reorder: true, ..StatusFault::default() };
        assert_eq!(names(&reorder, &behaviour), [("read", 10), ("delivered", 20), ("sent", 30)]);
        let suppress =
            StatusFault { suppress: vec![StatusName::Delivered], duplicate: 1, ..StatusFault::default() };
        assert_eq!(names(&suppress, &behaviour), [("sent", 10), ("sent", 10), ("read", 30), ("read", 30)]);
        let fail = StatusFault { fail_code: Some(131_026), delay_ms: Some(5), ..StatusFault::default() };
        assert_eq!(names(&fail, &behaviour), [("failed", 15)]);
    }

    #[test]
    fn later_messages_do_not_overtake() {
        let slow = Behaviour { status_ms: 100, ..Behaviour::default() };
        let fast = Behaviour { status_ms: 0, ..Behaviour::default() };
        let mut latest = [0; 3];
        plan(0, false, &slow, None, &mut latest);
        let second = plan(1, false, &fast, None, &mut latest);
        assert_eq!(second.iter().map(|planned| planned.due).collect::<Vec<_>>(), [100_000, 200_000]);
    }
}
