//! A row of the table of scenarios.

use assay_oom::AnyScenario;

/// A named scenario, not yet set up.
#[derive(Clone, Copy)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// The public API that its operation calls, as paths within the crate `wasmtime`.
    pub covers: &'static [&'static str],
    make: fn(&str) -> Box<dyn AnyScenario>,
}

pub(crate) const fn row(
    name: &'static str,
    about: &'static str,
    covers: &'static [&'static str],
    make: fn(&str) -> Box<dyn AnyScenario>,
) -> Row {
    Row {
        name,
        about,
        covers,
        make,
    }
}

impl Row {
    /// Sets it up: compiles its modules, makes its engine. Best done in a process of its own
    /// (`Explorer::spawn`), which then keeps nothing of other scenarios.
    ///
    /// # Panics
    ///
    /// When the set-up fails, which is a bug of the scenario.
    pub fn make(&self) -> Box<dyn AnyScenario> {
        (self.make)(self.name)
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Row").field(&self.name).finish()
    }
}
