//! What every engine adapter must do, as checks over the engine trait.
//!
//! The differential check compares what adapters report, so two adapters that misreport alike, or
//! one that says less than it could, would go unseen. Here each duty of an adapter is a [`Check`]
//! with a known answer: a small module in the text format, run through
//! [`Engine::run`]. Adapters call [`examine`] in their tests.
//!
//! A check that needs features which an engine does not claim comes to [`Verdict::Lacks`], so that a
//! test can say which features those may be. Claims are checked themselves: each feature has a
//! module that needs it, which runs where the feature is claimed and is refused where it is not.
//!
//! What is not here: what JavaScript cannot pass (`v128`, the bits of a NaN), limits, and the texts
//! of particular engines. Those are for the tests of their adapters.

mod actions;
pub mod canary;
mod check;
mod exceptions;
mod features;
mod fixture;
mod host;
mod instances;
mod linking;
mod scripts;
mod stacks;
mod state;
mod traps;
mod values;

pub use check::{Check, Failure, Group, Report, Verdict};

use assay_engine::Engine;

/// The checks of each group.
const GROUPS: &[(Group, &[Check])] = &[
    (Group::Features, features::CHECKS),
    (Group::Linking, linking::CHECKS),
    (Group::Values, values::CHECKS),
    (Group::Traps, traps::CHECKS),
    (Group::Exceptions, exceptions::CHECKS),
    (Group::Host, host::CHECKS),
    (Group::Actions, actions::CHECKS),
    (Group::Instances, instances::CHECKS),
    (Group::State, state::CHECKS),
    (Group::Scripts, scripts::CHECKS),
    (Group::Stacks, stacks::CHECKS),
];

/// All checks.
pub fn all() -> impl Iterator<Item = &'static Check> {
    GROUPS.iter().flat_map(|(_, checks)| checks.iter())
}

/// The checks of a group.
pub fn group(group: Group) -> impl Iterator<Item = &'static Check> {
    let rows = GROUPS.iter().filter(move |row| row.0 == group);
    rows.flat_map(|(_, checks)| checks.iter())
}

/// Puts an engine through all checks.
pub fn examine(engine: &mut dyn Engine) -> Report {
    Report::of(engine, all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_group_has_checks_and_each_check_a_name_of_its_own() {
        let groups: HashSet<_> = all().map(|check| check.group).collect();
        assert_eq!(groups.len(), GROUPS.len());
        for &(of, checks) in GROUPS {
            assert!(checks.iter().all(|check| check.group == of), "{of:?}");
        }
        let names: HashSet<_> = all().map(ToString::to_string).collect();
        assert_eq!(names.len(), all().count());
    }
}
