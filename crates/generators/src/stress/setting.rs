//! What operations find.

use arbitrary::{Result, Unstructured};
use assay_engine::Features;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

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

    /// Settings that are a step simpler, the boldest step first. Each has a smaller [`Setting::size`].
    fn simpler(&self) -> Vec<Self>;
}

/// A setting after a change, if that makes it smaller.
pub(super) fn smaller<S: Setting>(of: &S, change: impl Fn(&mut S)) -> Option<S> {
    let mut changed = of.clone();
    change(&mut changed);
    (changed.size() < of.size()).then_some(changed)
}
