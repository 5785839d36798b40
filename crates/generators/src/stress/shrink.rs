//! Makes a case smaller as long as it shows the same.

use super::{Family, Sequence, Setting};
use crate::Draft;

/// The smallest case that can be reached from this one by leaving out operations, simplifying the
/// setting and making choices plainer, with a repair after each step, and that still `shows` what
/// the first one does.
///
/// Each step makes the case smaller, so that it ends. `shows` is asked about the drafts of repaired cases.
pub fn shrink<F: Family>(case: &Sequence<F>, shows: &mut dyn FnMut(&Draft) -> bool) -> Sequence<F> {
    let mut shrinker = Shrinker {
        best: case.perform().0,
        shows,
    };
    loop {
        let before = size(&shrinker.best);
        shrinker.operations();
        shrinker.setting();
        shrinker.choices();
        if size(&shrinker.best) == before {
            return shrinker.best;
        }
    }
}

/// How large a case is: operations first.
fn size<F: Family>(case: &Sequence<F>) -> (usize, usize, u64) {
    let choices = case.operations.iter().flat_map(|it| &it.choices);
    let choices = choices.map(|&choice| u64::from(choice) + 1).sum();
    (case.operations.len(), case.setting.size(), choices)
}

struct Shrinker<'a, F: Family> {
    best: Sequence<F>,
    shows: &'a mut dyn FnMut(&Draft) -> bool,
}

impl<F: Family> Shrinker<'_, F> {
    /// Takes a case in place of the best one, if it is smaller once repaired, and shows as much.
    fn try_one(&mut self, case: &Sequence<F>) -> bool {
        let (repaired, draft) = case.perform();
        let better = size(&repaired) < size(&self.best) && (self.shows)(&draft);
        if better {
            self.best = repaired;
        }
        better
    }

    /// Leaves out runs of operations, long ones first. Later ones go first: less hangs on them.
    fn operations(&mut self) {
        let mut run = self.best.operations.len().div_ceil(2);
        while run > 0 {
            let mut end = self.best.operations.len();
            while end > 0 {
                let start = end.saturating_sub(run);
                let mut shorter = self.best.clone();
                shorter.operations.drain(start..end);
                self.try_one(&shorter);
                end = start.min(self.best.operations.len());
            }
            run /= 2;
        }
    }

    /// Takes simpler settings while there are any.
    fn setting(&mut self) {
        let simpler_one = |best: &Sequence<F>, setting| Sequence {
            setting,
            operations: best.operations.clone(),
        };
        'again: loop {
            for setting in self.best.setting.simpler() {
                let simpler = simpler_one(&self.best, setting);
                if self.try_one(&simpler) {
                    continue 'again;
                }
            }
            return;
        }
    }

    /// Makes each choice the plainest, if it can be, or half of what it is.
    fn choices(&mut self) {
        let mut at = 0;
        while at < self.best.operations.len() {
            let mut choice = 0;
            while let Some(&was) = self.choice(at, choice) {
                for plainer in [0, was / 2] {
                    if plainer < was && self.choice(at, choice) == Some(&was) {
                        let mut case = self.best.clone();
                        case.operations[at].choices[choice] = plainer;
                        self.try_one(&case);
                    }
                }
                choice += 1;
            }
            at += 1;
        }
    }

    fn choice(&self, operation: usize, choice: usize) -> Option<&u32> {
        self.best.operations.get(operation)?.choices.get(choice)
    }
}
