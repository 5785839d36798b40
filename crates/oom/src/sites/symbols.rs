//! Symbols: names for frames, found offline in the program's own debug information.

use super::names;
use super::stack::{self, GENERATED};
use crate::sys::modules;
use addr2line::Loader;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A place in source code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The function, without generic arguments.
    pub function: String,
    /// The file, from its package on; empty where there is no debug information.
    pub file: String,
    /// The line, 0 where it is not known.
    pub line: u32,
}

impl Place {
    /// The package that it belongs to, or else the crate.
    fn owner(&self) -> &str {
        match self.file.split_once('/') {
            Some((package, _)) => package,
            None => names::crate_of(&self.function),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.file.is_empty() {
            true => write!(out, "{}", self.function),
            false => write!(out, "{} ({}:{})", self.function, self.file, self.line),
        }
    }
}

/// Which frames only pass a request on: the allocator, the standard library, collections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shims {
    /// Parts of paths of source files.
    pub files: Vec<String>,
    /// Crates, for frames without debug information.
    pub crates: Vec<String>,
    /// Beginnings of the names of libraries.
    pub modules: Vec<String>,
}

impl Default for Shims {
    fn default() -> Self {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).into()).collect();
        Self {
            files: own(&[
                "/library/alloc/",
                "/library/core/",
                "/library/std/",
                "/library/panic_unwind/",
                "/hashbrown-",
                "/indexmap-",
                "/smallvec-",
                "/rustix-",
                "/libc-",
                "/memmap2-",
                "/assay-oom-",
                "crates/oom/src/",
            ]),
            crates: own(&[
                "alloc",
                "core",
                "std",
                "hashbrown",
                "indexmap",
                "smallvec",
                "rustix",
                "libc",
                "memmap2",
                "assay_oom",
                "__rust_alloc",
                "__rust_realloc",
                "__rust_alloc_zeroed",
                "__rustc",
            ]),
            modules: own(&["libc.so", "libgcc_s.so", "libpthread.so", "ld-linux"]),
        }
    }
}

impl Shims {
    /// Whether a function is one, as far as its name tells.
    pub fn is_shim(&self, function: &str) -> bool {
        let owner = names::crate_of(function);
        self.crates.iter().any(|name| name == owner) || function.starts_with("__rust")
    }
}

/// Where a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Located {
    /// The site: the first place that is no shim.
    pub(crate) site: u64,
    pub(crate) place: Place,
    /// The function that the place is compiled into: its own, or the one that it is inlined into.
    pub(crate) within: String,
    /// The site and the 8 frames behind it.
    pub(crate) context: u64,
    /// The outermost function that is not of the crate that the operation is of: the API.
    pub(crate) root: String,
}

/// Finds names. Everything is found once and kept.
pub(crate) struct Symbols {
    shims: Shims,
    loaders: RefCell<HashMap<PathBuf, Option<Rc<Loader>>>>,
    frames: RefCell<HashMap<u64, Rc<[Named]>>>,
    located: RefCell<HashMap<u64, Rc<Located>>>,
}

/// A place of a frame. A frame has several where functions are inlined, the innermost first.
#[derive(Clone)]
struct Named {
    place: Place,
    shim: bool,
}

/// How many frames beyond the site a context has.
const CONTEXT: usize = 8;

impl Symbols {
    pub(crate) fn new(shims: Shims) -> Self {
        Self {
            shims,
            loaders: RefCell::default(),
            frames: RefCell::default(),
            located: RefCell::default(),
        }
    }

    /// Reads the program's debug information, which otherwise happens when the first name is wanted.
    pub(crate) fn open_program(&self) {
        if let Some((program, _)) = modules::of(0) {
            self.loader(&program.path);
        }
    }

    /// The places of all frames, innermost first.
    pub(crate) fn stack(&self, frames: &[u64]) -> Vec<Place> {
        let named = frames.iter().map(|frame| self.named(*frame));
        let places = named.flat_map(|named| named.to_vec());
        places.map(|named| named.place).collect()
    }

    /// As [`stack`](Self::stack), of a request: the allocator's own frames are left out.
    pub(crate) fn request_stack(&self, frames: &[u64]) -> Vec<Place> {
        let mut places = self.stack(frames);
        let entries = ["__rust_alloc", "__rust_alloc_zeroed", "__rust_realloc"];
        let is_entry = |place: &Place| entries.iter().any(|name| place.function.ends_with(name));
        if let Some(entry) = places.iter().position(is_entry) {
            places.drain(..entry);
        }
        places
    }

    /// Where a stack's request comes from.
    pub(crate) fn locate(&self, hash: u64, frames: &[u64]) -> Rc<Located> {
        self.locate_with(hash, || frames.to_vec())
    }

    /// As [`locate`](Self::locate), with frames that are fetched only where they are needed.
    pub(crate) fn locate_with(&self, hash: u64, frames: impl FnOnce() -> Vec<u64>) -> Rc<Located> {
        if let Some(known) = self.located.borrow().get(&hash) {
            return Rc::clone(known);
        }
        let located = Rc::new(self.find(&frames()));
        self.located.borrow_mut().insert(hash, Rc::clone(&located));
        located
    }

    fn find(&self, frames: &[u64]) -> Located {
        let named: Vec<Rc<[Named]>> = frames.iter().map(|frame| self.named(*frame)).collect();
        let own = |(at, named): (usize, &Rc<[Named]>)| {
            named
                .iter()
                .position(|named| !named.shim)
                .map(|inlined| (at, inlined))
        };
        let Some((at, inlined)) = named.iter().enumerate().find_map(own) else {
            let site = stack::hash(frames.get(..1).unwrap_or_default());
            let place = Place {
                function: "unknown".into(),
                file: String::new(),
                line: 0,
            };
            return Located {
                site,
                root: place.function.clone(),
                within: place.function.clone(),
                place,
                context: site,
            };
        };
        let behind = frames.get(at..).unwrap_or_default();
        let site = stack::hash(&[behind.first().copied().unwrap_or_default(), inlined as u64]);
        let mut context = vec![site];
        context.extend(behind.iter().skip(1).take(CONTEXT));
        let own = named
            .iter()
            .flat_map(|named| named.iter())
            .filter(|named| !named.shim);
        let own: Vec<&Place> = own.map(|named| &named.place).collect();
        let operation = own.last().copied();
        let outside = own
            .iter()
            .rev()
            .find(|place| operation.is_some_and(|operation| place.owner() != operation.owner()));
        let root = outside.copied().or(operation);
        Located {
            site,
            place: named[at][inlined].place.clone(),
            within: self
                .symbol(frames[at])
                .unwrap_or_else(|| named[at][inlined].place.function.clone()),
            context: stack::hash(&context),
            root: root.map(|place| place.function.clone()).unwrap_or_default(),
        }
    }

    /// The function of the binary that a frame is in.
    fn symbol(&self, frame: u64) -> Option<String> {
        let (module, offset) = modules::of(frame)?;
        let loader = self.loader(&module.path)?;
        loader.find_symbol(offset.saturating_sub(1)).map(demangled)
    }

    fn named(&self, frame: u64) -> Rc<[Named]> {
        if let Some(known) = self.frames.borrow().get(&frame) {
            return Rc::clone(known);
        }
        let named: Rc<[Named]> = self.name(frame).into();
        self.frames.borrow_mut().insert(frame, Rc::clone(&named));
        named
    }

    fn name(&self, frame: u64) -> Vec<Named> {
        let bare = |function: String| Named {
            shim: self.is_shim(&function, None),
            place: Place {
                function,
                file: String::new(),
                line: 0,
            },
        };
        if frame == GENERATED {
            return vec![bare("generated code".into())];
        }
        let Some((module, offset)) = modules::of(frame) else {
            return vec![bare("unknown".into())];
        };
        let file = module
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let library = self
            .shims
            .modules
            .iter()
            .any(|name| file.starts_with(name.as_str()));
        // The frame is where the call returns to; the call is before it.
        let address = offset.saturating_sub(1);
        let loader = self.loader(&module.path);
        let inlined = loader
            .as_deref()
            .map(|loader| self.inlined(loader, address));
        if let Some(inlined) = inlined.filter(|inlined| !inlined.is_empty()) {
            return inlined;
        }
        let symbol = loader
            .as_deref()
            .and_then(|loader| loader.find_symbol(address));
        let mut named = bare(match symbol {
            Some(symbol) => demangled(symbol),
            None => format!("{file}+{offset:#x}"),
        });
        named.shim |= library;
        vec![named]
    }

    fn inlined(&self, loader: &Loader, address: u64) -> Vec<Named> {
        let mut named = Vec::new();
        let symbol = loader.find_symbol(address).map(demangled);
        let Ok(mut frames) = loader.find_frames(address) else {
            return named;
        };
        while let Ok(Some(frame)) = frames.next() {
            let short = frame.function.and_then(|function| {
                let name = function.demangle().ok()?;
                Some(names::without_arguments(&name))
            });
            // Without the full debug information names are short; the symbol has the long one, but
            // of the outermost function alone.
            let function = match (short, &symbol) {
                (Some(short), Some(long)) if long.ends_with(&format!("::{short}")) => long.clone(),
                (Some(short), _) => short,
                (None, Some(long)) => long.clone(),
                (None, None) => continue,
            };
            let (path, line) = frame.location.map_or((None, 0), |location| {
                (location.file, location.line.unwrap_or(0))
            });
            named.push(Named {
                shim: self.is_shim(&function, path),
                place: Place {
                    function,
                    file: path.map(names::file).unwrap_or_default(),
                    line,
                },
            });
        }
        named
    }

    fn is_shim(&self, function: &str, path: Option<&str>) -> bool {
        if let Some(path) = path
            && self
                .shims
                .files
                .iter()
                .any(|part| path.contains(part.as_str()))
        {
            return true;
        }
        match path {
            Some(_) => function.starts_with("__rust"),
            None => self.shims.is_shim(function),
        }
    }

    fn loader(&self, path: &Path) -> Option<Rc<Loader>> {
        if let Some(known) = self.loaders.borrow().get(path) {
            return known.clone();
        }
        let loader = Loader::new(path).ok().map(Rc::new);
        self.loaders
            .borrow_mut()
            .insert(path.into(), loader.clone());
        loader
    }
}

fn demangled(symbol: &str) -> String {
    names::without_arguments(&addr2line::demangle_auto(symbol.into(), None))
}

impl fmt::Debug for Symbols {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Symbols").finish_non_exhaustive()
    }
}
