//! The operands of an operation: chosen from bytes when a case is made, read back later.

use arbitrary::Unstructured;
use std::slice::Iter;

/// Where an operation gets its operands, and what it has taken.
///
/// Each choice is a number. As it was made it is written down, so that an operation read back
/// chooses the same wherever that is still there, and the nearest where it is not. 0 is always
/// the plainest choice: shrinking goes there.
pub struct Choices<'a, 'b> {
    id: u32,
    source: Source<'a, 'b>,
    made: Vec<u32>,
}

enum Source<'a, 'b> {
    Bytes(&'a mut Unstructured<'b>),
    Written(Iter<'a, u32>),
}

impl<'a, 'b> Choices<'a, 'b> {
    /// The choices of operation `id`, from bytes. Once they are used up, all choices are 0.
    pub(super) fn from_bytes(id: u32, u: &'a mut Unstructured<'b>) -> Self {
        Self {
            id,
            source: Source::Bytes(u),
            made: Vec::new(),
        }
    }

    /// The choices of operation `id` as they were written down. Those that are missing are 0.
    pub(super) fn written(id: u32, choices: &'a [u32]) -> Self {
        Self {
            id,
            source: Source::Written(choices.iter()),
            made: Vec::new(),
        }
    }

    /// The operation's number: what it gives is named by it.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// A number below `n`, or 0 where there is none.
    pub fn below(&mut self, n: u32) -> u32 {
        let most = n.saturating_sub(1);
        let number = match &mut self.source {
            Source::Bytes(u) => u.int_in_range(0..=most).unwrap_or(0),
            Source::Written(choices) => choices.next().map_or(0, |choice| choice % n.max(1)),
        };
        self.made.push(number);
        number
    }

    /// Yes, once in `n` times.
    pub fn once_in(&mut self, n: u32) -> bool {
        self.below(n) + 1 == n
    }

    /// One of these; none where there are none.
    pub fn one_of<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        let number = self.below(items.len() as u32);
        items.get(number as usize).copied()
    }

    /// One of these names of operations: when read back, the same one or else the nearest. None
    /// where there are none.
    pub fn named(&mut self, names: &[u32]) -> Option<u32> {
        if names.is_empty() {
            return None;
        }
        let name = match &mut self.source {
            Source::Bytes(u) => {
                let number = u.int_in_range(0..=names.len().saturating_sub(1)).ok()?;
                names.get(number).copied()
            }
            Source::Written(choices) => {
                let wanted = choices.next().copied().unwrap_or(0);
                let names = names.iter().copied();
                names.min_by_key(|name| name.abs_diff(wanted))
            }
        };
        self.made.extend(name);
        name
    }

    /// What has been chosen.
    pub(super) fn made(self) -> Vec<u32> {
        self.made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_is_chosen_again() {
        let bytes: Vec<u8> = (0..32u8).map(|n| n.wrapping_mul(37)).collect();
        let take = |choices: &mut Choices<'_, '_>| {
            (
                choices.below(7),
                choices.named(&[3, 40, 90]),
                choices.one_of(&['a', 'b', 'c']),
                choices.once_in(2),
            )
        };
        let mut u = Unstructured::new(&bytes);
        let mut first = Choices::from_bytes(5, &mut u);
        let taken = take(&mut first);
        let written = first.made();
        let mut second = Choices::written(5, &written);
        assert_eq!(take(&mut second), taken);
        assert_eq!(second.made(), written);
    }

    #[test]
    fn what_is_gone_is_replaced_by_the_nearest() {
        let mut choices = Choices::written(0, &[40, 40]);
        assert_eq!(choices.named(&[3, 40, 41]), Some(40));
        assert_eq!(choices.named(&[3, 38, 90]), Some(38));
        assert_eq!(choices.named(&[]), None);
        assert_eq!(choices.below(9), 0, "all choices are used up");
    }
}
