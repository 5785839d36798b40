//! Objects must live as long as the generator of the case says.
//!
//! **Property.** An object that the host makes and does not keep ([`Action::Fresh`](assay_engine::Action::Fresh))
//! is dropped once, and not before nothing can reach it any more. After the last call, a collection drops all
//! that cannot be reached, as far as the collector finds it ([`Garbage`]); when all is given up, the rest is
//! dropped. Of WebAssembly's own objects so many are left by that collection as can be reached, where the
//! engine counts them.
//!
//! **Why it is sound.** What can be reached is a matter of the specification (section "Runtime Structure": what
//! globals, tables, element instances and fields refer to; no frame is left after a call), and the generator's
//! model keeps just that. A test holds the reference interpreter's own account against it.
//!
//! **Legal nondeterminism.** When garbage is found is an engine's own affair, so nothing is asked before the last
//! call, of collectors that count references nothing about cycles, and of engines that collect when they like
//! nothing at all.

use assay_engine::{Drops, FIRST_FRESH, Garbage, Lives};
use std::collections::BTreeSet;

/// What is wrong, and what it should be.
pub type Wrong = (String, String);

/// Judges what became of the host's objects in a run that came to the end of its calls.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn judge(lives: &Lives, drops: &Drops) -> Result<(), Wrong> {
    let made: BTreeSet<u32> = (FIRST_FRESH..).take(lives.made as usize).collect();
    let reachable: BTreeSet<u32> = lives.reachable.iter().copied().collect();
    let mut dropped = BTreeSet::new();
    for &number in drops.collected.iter().chain(&drops.given_up) {
        if !made.contains(&number) {
            return Err(wrong(number, "dropped", "never made"));
        }
        if !dropped.insert(number) {
            return Err(wrong(number, "dropped twice", "dropped once"));
        }
    }
    let collected: BTreeSet<u32> = drops.collected.iter().copied().collect();
    if let Some(&early) = collected.intersection(&reachable).next() {
        return Err(wrong(early, "dropped in the run", "reachable"));
    }
    if let Some(&lost) = made.difference(&dropped).next() {
        return Err(wrong(lost, "never dropped", "dropped at the end"));
    }
    let spared: BTreeSet<u32> = match drops.finds {
        Garbage::All => BTreeSet::new(),
        Garbage::Acyclic => lives.on_cycles.iter().copied().collect(),
        Garbage::None => return Ok(()),
    };
    let garbage = made
        .iter()
        .filter(|number| !reachable.contains(number) && !spared.contains(number));
    if let Some(kept) = garbage.copied().find(|number| !collected.contains(number)) {
        return Err(wrong(kept, "kept by the collection", "garbage"));
    }
    match (drops.alive, lives.alive) {
        (Some(is), Some(should)) if drops.finds == Garbage::All && is != should => {
            let objects = |count| format!("{count} objects of WebAssembly's alive");
            Err((objects(is), objects(should)))
        }
        _ => Ok(()),
    }
}

fn wrong(number: u32, is: &str, should: &str) -> Wrong {
    let object = number.wrapping_sub(FIRST_FRESH);
    (
        format!("object {object}: {is}"),
        format!("object {object}: {should}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: u32 = FIRST_FRESH;
    const B: u32 = FIRST_FRESH + 1;
    const C: u32 = FIRST_FRESH + 2;

    /// Of three objects one can be reached, and one is on a cycle.
    fn lives() -> Lives {
        Lives {
            made: 3,
            reachable: vec![A],
            alive: Some(7),
            on_cycles: vec![C],
        }
    }

    fn drops(finds: Garbage, collected: &[u32], given_up: &[u32]) -> Drops {
        Drops {
            finds,
            collected: collected.to_vec(),
            given_up: given_up.to_vec(),
            alive: None,
        }
    }

    fn what(finds: Garbage, collected: &[u32], given_up: &[u32]) -> Option<String> {
        let drops = drops(finds, collected, given_up);
        judge(&lives(), &drops).err().map(|(is, _)| is)
    }

    #[test]
    fn objects_are_counted_where_all_garbage_is_found() {
        let what = |finds, alive| {
            let drops = Drops {
                alive,
                ..drops(finds, &[C, B], &[A])
            };
            judge(&lives(), &drops).err().map(|(is, _)| is)
        };
        let wrong = Some("8 objects of WebAssembly's alive".into());
        assert_eq!(what(Garbage::All, Some(8)), wrong);
        assert_eq!(what(Garbage::All, Some(7)), None);
        assert_eq!(what(Garbage::All, None), None);
        assert_eq!(what(Garbage::Acyclic, Some(8)), None);
    }

    #[test]
    fn each_collector_is_asked_for_what_it_finds() {
        assert_eq!(what(Garbage::All, &[C, B], &[A]), None);
        assert_eq!(what(Garbage::Acyclic, &[B], &[C, A]), None);
        assert_eq!(what(Garbage::Acyclic, &[B, C], &[A]), None);
        assert_eq!(what(Garbage::None, &[], &[C, B, A]), None);
        let kept = Some("object 2: kept by the collection".into());
        assert_eq!(what(Garbage::All, &[B], &[A, C]), kept);
        let kept = Some("object 1: kept by the collection".into());
        assert_eq!(what(Garbage::Acyclic, &[], &[A, B, C]), kept);
    }

    #[test]
    fn what_is_freed_early_or_twice_or_never_is_found() {
        for finds in [Garbage::All, Garbage::Acyclic, Garbage::None] {
            let early = Some("object 0: dropped in the run".into());
            assert_eq!(what(finds, &[A, B, C], &[]), early);
            let twice = Some("object 1: dropped twice".into());
            assert_eq!(what(finds, &[B, C], &[A, B]), twice);
            let never = Some("object 0: never dropped".into());
            assert_eq!(what(finds, &[B, C], &[]), never);
            let unknown = Some("object 3: dropped".into());
            assert_eq!(what(finds, &[B, C, C + 1], &[A]), unknown);
        }
    }
}
