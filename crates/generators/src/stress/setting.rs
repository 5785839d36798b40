//! What operations find.

use arbitrary::{Result, Unstructured};
use assay_engine::Features;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// A change of a setting.
pub type Change<'a, S> = &'a dyn Fn(&mut S);

/// What the operations of a case find: types, tables, tags. Plain data, which may say anything where it
/// was read from a file; [`Family::begin`](super::Family::begin) mends what cannot be.
pub trait Setting: Clone + Debug + PartialEq + Serialize + DeserializeOwned {
    /// Makes a setting of these features.
    ///
    /// # Errors
    ///
    /// When the bytes do not suffice.
    fn arbitrary(u: &mut Unstructured<'_>, features: Features) -> Result<Self>;

    /// How much there is to it.
    fn size(&self) -> usize;

    /// Mends what cannot be, as far as the setting alone says what that is.
    fn mend(&mut self) {}

    /// Offers changes that may make it simpler, the boldest first; it is mended after each.
    fn simplify(&self, with: &mut dyn FnMut(Change<'_, Self>));

    /// Settings that are a step simpler, the boldest step first. Each has a smaller [`Setting::size`].
    fn simpler(&self) -> Vec<Self> {
        let mut all = Vec::new();
        self.simplify(&mut |change| {
            let mut changed = self.clone();
            change(&mut changed);
            changed.mend();
            if changed.size() < self.size() {
                all.push(changed);
            }
        });
        all
    }
}
