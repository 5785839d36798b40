//! Which functions reach which roots.

use super::seen::Seen;
use super::tables::{COMPILERS, PACKAGE, ROOTS, Root, STOPS, Stop};
use assay_oom::{Shims, crate_of, without_arguments};
use assay_oom_wasmtime::shims;
use assay_reach::{Edge, Path, Program, Reach};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Which functions are looked at.
pub enum Packages {
    /// Those of Wasmtime, without its compilers and without what only passes requests on.
    DataPlane(Shims),
    /// Those of the crates whose names begin so.
    Named(String),
}

/// What the machine code of a program says.
pub struct Opinions {
    /// How many functions there are.
    pub functions: usize,
    /// The stops, and how many functions each of them is.
    pub stops: Vec<(&'static Stop, usize)>,
    /// A root each.
    pub roots: Vec<Opinion>,
}

/// Of one root, what reaches it.
pub struct Opinion {
    pub root: &'static Root,
    /// How many functions are the root, or have it inlined.
    pub in_binary: usize,
    /// In the order of their paths: first those of calls alone, and of them the short ones.
    pub reached: Vec<Reached>,
}

/// A function from which a root is reached.
pub struct Reached {
    /// Its names without generic arguments, and those of what the linker made one with it. What is
    /// shown is the first.
    pub names: Vec<String>,
    /// How many functions of the binary have this name: instances of one.
    pub instances: usize,
    /// By calls alone, and nothing is between it and the root but what only passes requests on.
    pub is_direct: bool,
    /// How many addresses are taken on the path.
    pub taken: usize,
    /// The shortest path.
    pub path: Vec<(Edge, String)>,
}

impl Packages {
    pub fn new(named: Option<&str>) -> Self {
        match named {
            // A package may have a dash where its crate has none.
            Some(prefix) => Self::Named(prefix.replace('-', "_")),
            None => Self::DataPlane(shims()),
        }
    }

    fn has(&self, name: &str) -> bool {
        let owner = crate_of(name);
        match self {
            Self::Named(prefix) => owner.starts_with(prefix.as_str()),
            Self::DataPlane(shims) => {
                let path = name.trim_start_matches(['<', '&']);
                owner.starts_with(PACKAGE)
                    && !shims.is_shim(name)
                    && !COMPILERS.iter().any(|compiler| is_in(path, compiler))
            }
        }
    }
}

/// Whether a path lies in a module.
fn is_in(path: &str, module: &str) -> bool {
    let rest = path.strip_prefix(module);
    rest.is_some_and(|rest| rest.starts_with("::"))
}

/// All functions of a program.
struct Functions<'p> {
    program: &'p Program<'p>,
    /// Their names, without generic arguments.
    names: Vec<Vec<String>>,
    shims: Shims,
}

impl<'p> Functions<'p> {
    fn new(program: &'p Program<'p>) -> Self {
        let functions = program.functions().iter();
        let names = functions.map(|function| {
            let names = function.names.iter().map(|name| without_arguments(name));
            names.collect()
        });
        Self {
            program,
            names: names.collect(),
            shims: shims(),
        }
    }

    fn is_any(&self, function: usize, is_wanted: impl Fn(&str) -> bool) -> bool {
        let names = self.names.get(function).into_iter().flatten();
        names.map(String::as_str).any(is_wanted)
    }

    /// Whether no path goes through it. One that the linker made of several must be a stop by each name.
    fn is_stop(&self, function: usize) -> bool {
        let is_stop = |name: &String| STOPS.iter().any(|stop| stop.function == name);
        let names = self.names.get(function);
        names.is_some_and(|names| names.iter().all(is_stop))
    }

    /// The stops, and how many functions each of them is.
    fn stops(&self) -> Vec<(&'static Stop, usize)> {
        let is_one = |stop: &Stop, function| self.is_any(function, |name| name == stop.function);
        let functions = |stop| (0..self.names.len()).filter(move |at| is_one(stop, *at));
        let stops = STOPS.iter();
        stops.map(|stop| (stop, functions(stop).count())).collect()
    }

    /// Whether it only passes a request on, as the explorer sees it.
    fn is_shim(&self, function: usize) -> bool {
        self.is_any(function, |name| self.shims.is_shim(name))
    }

    /// The functions that are a root, or have it inlined.
    fn roots(&self, root: &Root) -> Vec<usize> {
        let is_root =
            |function: &usize| self.is_any(*function, |name| root.functions.contains(&name));
        let mut roots: Vec<usize> = (0..self.names.len()).filter(is_root).collect();
        if let Some(text) = root.text {
            roots.extend(self.program.mentioning(text.as_bytes()));
        }
        roots
    }

    /// A path in names.
    fn spell(&self, path: &Path) -> Vec<(Edge, String)> {
        let name = |function: usize| self.names.get(function).and_then(|names| names.first());
        let steps = path.steps.iter();
        steps
            .map(|step| (step.edge, name(step.to).cloned().unwrap_or_default()))
            .collect()
    }

    /// How a function that is looked at reaches a root: directly if it can.
    fn reached(
        &self,
        function: usize,
        packages: &Packages,
        direct: &Reach<'_>,
        all: &Reach<'_>,
    ) -> Option<Reached> {
        let mut names = self.names.get(function)?.clone();
        // What is looked at is first, and so is what is shown.
        names.sort_by_key(|name| !packages.has(name));
        if !names.first().is_some_and(|name| packages.has(name)) {
            return None;
        }
        let direct = direct.path(function).filter(|path| path.taken() == 0);
        let is_direct = direct.is_some();
        let path = direct.or_else(|| all.path(function))?;
        Some(Reached {
            names,
            instances: 1,
            is_direct,
            taken: path.taken(),
            path: self.spell(&path),
        })
    }
}

impl Opinions {
    /// Asks a program.
    pub fn new(program: &Program<'_>, packages: &Packages) -> Self {
        let functions = Functions::new(program);
        let opinion = |root| Opinion::new(&functions, packages, root);
        Self {
            functions: program.functions().len(),
            stops: functions.stops(),
            roots: ROOTS.iter().map(opinion).collect(),
        }
    }
}

impl Opinion {
    fn new(functions: &Functions<'_>, packages: &Packages, root: &'static Root) -> Self {
        let roots = functions.roots(root);
        let program = functions.program;
        let all = program.reach(&roots, |f| functions.is_stop(f));
        let direct = program.reach(&roots, |f| functions.is_stop(f) || !functions.is_shim(f));
        let mut reached: BTreeMap<String, Reached> = BTreeMap::new();
        for function in all.functions() {
            if let Some(found) = functions.reached(function, packages, &direct, &all) {
                match reached.entry(found.name().to_owned()) {
                    Entry::Occupied(mut known) => known.get_mut().add(found),
                    Entry::Vacant(place) => drop(place.insert(found)),
                }
            }
        }
        let mut reached: Vec<Reached> = reached.into_values().collect();
        reached.sort_by_key(|reached| (reached.taken, reached.path.len()));
        Self {
            root,
            in_binary: roots.len(),
            reached,
        }
    }

    /// What of the functions that are looked at aborts for the explorer, though no path is known. Of
    /// the roots, only one aborts.
    pub fn missed<'s>(&self, packages: &Packages, seen: &'s Seen) -> Vec<&'s str> {
        let Some(verdict) = self.root.verdict else {
            return Vec::new();
        };
        let names = self.reached.iter().flat_map(|reached| &reached.names);
        let known: BTreeSet<&str> = names.map(String::as_str).collect();
        let showing = seen.showing(verdict);
        showing
            .filter(|name| packages.has(name) && !known.contains(name))
            .collect()
    }

    /// How many reach the root directly, by way of others, and by a taken address alone.
    pub fn numbers(&self) -> [usize; 3] {
        let count = |is_one: &dyn Fn(&Reached) -> bool| {
            self.reached
                .iter()
                .filter(|reached| is_one(reached))
                .count()
        };
        [
            count(&|reached| reached.is_direct),
            count(&|reached| !reached.is_direct && reached.taken == 0),
            count(&|reached| reached.taken > 0),
        ]
    }

    /// What reaches the root directly.
    pub fn direct(&self) -> impl Iterator<Item = &Reached> {
        self.reached.iter().filter(|reached| reached.is_direct)
    }
}

impl Reached {
    /// The name that is shown.
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// Adds another function of the same name. The better path is kept.
    fn add(&mut self, other: Self) {
        let worth = |reached: &Self| (!reached.is_direct, reached.taken, reached.path.len());
        if worth(&other) < worth(self) {
            self.is_direct = other.is_direct;
            self.taken = other.taken;
            self.path = other.path;
        }
        self.instances += other.instances;
        let names = other.names.into_iter();
        let new: Vec<String> = names.filter(|name| !self.names.contains(name)).collect();
        self.names.extend(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_plane_is_wasmtime_without_its_compilers_and_shims() {
        let packages = Packages::new(None);
        for (name, expected) in [
            ("wasmtime::runtime::func::Func::new", true),
            ("<wasmtime::Config as core::clone::Clone>::clone", true),
            ("wasmtime_environ::module::Module::new", true),
            ("wasmtime_environ::compile::module_types::a", false),
            (
                "<wasmtime_environ::compile::A as core::clone::Clone>::clone",
                false,
            ),
            ("wasmtime_internal_cranelift::a", false),
            ("wasmtime_internal_core::alloc::vec::TryVec::push", false),
            ("alloc::vec::Vec::push", false),
            ("assay::main", false),
        ] {
            assert_eq!(packages.has(name), expected, "{name}");
        }
        assert!(Packages::new(Some("assay-oom")).has("assay_oom::hook::mix"));
        assert!(!Packages::new(Some("assay-oom")).has("assay_reach::names::whole"));
    }
}
