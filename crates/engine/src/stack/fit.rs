//! Whether the frames that an engine tells are those that there are.
//!
//! Simple, but for engines that inline functions. There the frames that are told are cut out of those
//! that there are, each of a run of them, and there may be more than one way to do so: the best one
//! counts.

use super::{Frame, Inlined, Tells};

/// How frames that were told fit those that there are; the better the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// They are what the engine may tell of these.
    Right,
    /// The same, but that the offset of this one is not told, with which others are merged.
    Unplaced(Frame),
    /// The same, but that this one is told as active, which is [gone](Frame::gone).
    Gone(Frame),
    /// The same, but that the first one is told to be where the second one is.
    Misplaced(Frame, Frame),
    /// They are not.
    Wrong,
}

impl Fit {
    fn rank(&self) -> u8 {
        match self {
            Self::Right => 0,
            Self::Unplaced(_) => 1,
            Self::Gone(_) => 2,
            Self::Misplaced(..) => 3,
            Self::Wrong => 4,
        }
    }

    /// The worse of two parts, of which this comes first.
    fn and(self, other: Self) -> Self {
        if other.rank() > self.rank() {
            other
        } else {
            self
        }
    }

    /// The better of two ways.
    fn or(self, other: Self) -> Self {
        if other.rank() < self.rank() {
            other
        } else {
            self
        }
    }
}

impl Tells {
    /// How told frames fit those that there are, the innermost of each first.
    pub fn fit(&self, there: &[Frame], told: &[Frame]) -> Fit {
        if told.len() > self.frames as usize {
            return Fit::Wrong;
        }
        // How those that were told so far fit so many of the frames that there are.
        let mut fits = vec![Fit::Wrong; there.len() + 1];
        fits[0] = Fit::Right;
        for frame in told {
            fits = self.with(there, &fits, frame);
        }
        let is_cut = told.len() == self.frames as usize;
        let is_rest = |at: usize| is_cut || there[at..].iter().all(|frame| frame.gone);
        let fits = fits.into_iter().enumerate();
        let whole = fits.filter(|&(at, _)| is_rest(at));
        whole.fold(Fit::Wrong, |best, (_, fit)| best.or(fit))
    }

    /// The fits with one more frame that was told.
    fn with(&self, there: &[Frame], fits: &[Fit], told: &Frame) -> Vec<Fit> {
        let mut next = vec![Fit::Wrong; fits.len()];
        let starts = fits.iter().enumerate();
        for (start, before) in starts.filter(|(_, fit)| **fit != Fit::Wrong) {
            for end in start..there.len() {
                let fit = before.and(self.fit_one(&there[start..=end], told));
                next[end + 1] = next[end + 1].or(fit);
            }
        }
        next
    }

    /// How one frame fits these: it is told of the last, into which others were inlined. Those that are
    /// gone before there is one of them are not told.
    fn fit_one(&self, there: &[Frame], told: &Frame) -> Fit {
        let Some((last, inside)) = there.split_last() else {
            return Fit::Wrong;
        };
        let gone = inside.iter().take_while(|frame| frame.gone).count();
        let inlined = &inside[gone..];
        let may_be = match self.inlined {
            Inlined::None => inlined.is_empty() && !last.gone,
            Inlined::Apart => inlined.is_empty(),
            // Into a function only those of its own module are inlined.
            Inlined::Merged => {
                let is_active = !last.gone || !inlined.is_empty();
                is_active && inlined.iter().all(|frame| frame.module == last.module)
            }
        };
        if !may_be || !self.same_function(last, told) {
            return Fit::Wrong;
        }
        let merged = self.inlined == Inlined::Merged && !inside.is_empty();
        let innermost = inlined.first().unwrap_or(last);
        let placed = match told.offset {
            None if merged && self.offsets => Fit::Unplaced(*last),
            _ if agree(innermost.offset, told.offset, self.offsets) => Fit::Right,
            _ => Fit::Misplaced(*innermost, *told),
        };
        match last.gone {
            true => placed.and(Fit::Gone(*last)),
            false => placed,
        }
    }

    /// Whether the frame that was told is of the function of the other.
    pub fn same_function(&self, there: &Frame, told: &Frame) -> bool {
        there.function == told.function && agree(there.module, told.module, self.modules)
    }
}

/// Whether what was told is what is there, where that is known; it may be missing where it need not be
/// told.
fn agree(there: Option<u32>, told: Option<u32>, must_tell: bool) -> bool {
    match (there, told) {
        (Some(there), Some(told)) => there == told,
        (Some(_), None) => !must_tell,
        (None, _) => true,
    }
}

#[cfg(test)]
mod tests;
