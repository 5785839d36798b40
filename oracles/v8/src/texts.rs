//! What V8 says.
//!
//! A text is the error's class and its message, exact, but for numbers: where the text as it is
//! has no row, each run of digits counts as `#`. The table is the one for V8 in another process,
//! [`assay_js::messages::V8`], and the tests provoke every row of it here too. The classes
//! `CompileError`, `LinkError` and, while instantiating, `TypeError` say all by themselves and have
//! no rows; a row comes before its class.

use assay_engine::{Outcome, Trap};
use assay_js::messages::{Meaning, Row, V8};

/// Where the V8 that this crate is pinned to says more exactly what it means than others do. Its
/// Liftoff tells a null element from a wrong signature.
const PINNED: &[Row] = &[Row {
    text: "RuntimeError: function signature mismatch",
    means: Meaning::Traps(&[Trap::IndirectCallTypeMismatch]),
}];

/// The outcome that a text means, if there is a row.
pub(crate) fn outcome(text: &str) -> Option<Outcome> {
    let row = row(text).or_else(|| row(&without_digits(text)))?;
    #[cfg(test)]
    tests::note(row.text);
    Some(row.means.outcome())
}

fn row(text: &str) -> Option<&'static Row> {
    PINNED.iter().chain(V8).find(|row| row.text == text)
}

/// The text with `#` for each run of digits.
fn without_digits(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut in_number = false;
    for c in text.chars() {
        if !c.is_ascii_digit() {
            short.push(c);
        } else if !in_number {
            short.push('#');
        }
        in_number = c.is_ascii_digit();
    }
    short
}

#[cfg(test)]
mod tests;
