//! Which JavaScript engines there are: the given ones, else those on `PATH` that pass the probe,
//! else the pinned npm packages.

use crate::engine::{JsEngine, StartError};
use crate::install::{self, Package};
use crate::spec::{ENGINES, JsSpec, Runtime};
use assay_engine::{Engine, Features};
use std::path::{Path, PathBuf};
use std::{env, fmt};

/// Where to look for engines.
#[derive(Clone, Debug, Default)]
pub struct JsOptions {
    /// Node.js, by its path.
    pub node: Option<PathBuf>,
    /// Deno, by its path.
    pub deno: Option<PathBuf>,
    /// Bun, by its path.
    pub bun: Option<PathBuf>,
    /// Whether the npm packages may be installed where nothing else is found.
    pub install: bool,
    /// The cache folder, for another than `$ASSAY_CACHE`, `$XDG_CACHE_HOME/assay` or
    /// `~/.cache/assay`.
    pub cache: Option<PathBuf>,
}

/// What was found.
#[derive(Debug)]
pub struct Discovery {
    /// Each engine of [`ENGINES`], in that order.
    pub engines: Vec<(&'static str, Result<Found, Missing>)>,
}

/// An engine that can be started.
#[derive(Clone, Debug)]
pub struct Found {
    /// How to start it.
    pub spec: JsSpec,
    /// Where it comes from.
    pub how: Origin,
    /// The version of the engine.
    pub version: String,
    /// The runtime and its version.
    pub runtime: String,
    /// What the probe found that it runs.
    pub features: Features,
}

/// Where a runtime comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Its path was given.
    Given,
    /// It is on `PATH`.
    OnPath,
    /// It was installed from npm, now or before.
    Installed,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given => "given",
            Self::OnPath => "found on PATH",
            Self::Installed => "installed from npm",
        })
    }
}

/// Why an engine cannot be had: what was tried, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", reasons.join("; "))]
pub struct Missing {
    /// One for each place where it was looked for.
    pub reasons: Vec<String>,
}

/// Why a runtime is not used.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("{} lacks {lacks}", path.display())]
    Features { path: PathBuf, lacks: String },
}

/// A runtime that was given by its path and is of no use.
#[derive(Debug, thiserror::Error)]
#[error("the given {} cannot be used: {reason}", runtime.program())]
pub struct GivenRefused {
    /// Which one.
    pub runtime: Runtime,
    /// Why.
    pub reason: String,
}

/// Looks for all engines. Progress that takes long is told to `say`, a line at a time.
///
/// # Errors
///
/// When a path was given, and what is there cannot be used.
pub fn discover(options: &JsOptions, say: &mut dyn FnMut(&str)) -> Result<Discovery, GivenRefused> {
    let v8 = find(options, &[Runtime::Node, Runtime::Deno], say)?;
    let jsc = find(options, &[Runtime::Bun], say)?;
    let engines = ENGINES.map(|name| {
        let is_jsc = Runtime::Bun.engines().contains(&name);
        let of = if is_jsc { &jsc } else { &v8 };
        let found = of.clone().map(|found| {
            match JsSpec::new(name, found.spec.runtime, &*found.spec.path) {
                Some(spec) => Found { spec, ..found },
                None => found,
            }
        });
        (name, found)
    });
    Ok(Discovery {
        engines: engines.into(),
    })
}

/// Looks for one of these runtimes, which offer the same engine.
fn find(
    options: &JsOptions,
    runtimes: &[Runtime],
    say: &mut dyn FnMut(&str),
) -> Result<Result<Found, Missing>, GivenRefused> {
    for &runtime in runtimes {
        if let Some(path) = options.given(runtime) {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            return match probe(runtime, &path, Origin::Given) {
                Ok(found) => Ok(Ok(found)),
                Err(refused) => Err(GivenRefused {
                    runtime,
                    reason: refused.to_string(),
                }),
            };
        }
    }
    let mut reasons = Vec::new();
    for &runtime in runtimes {
        match on_path(runtime.program()).map(|path| probe(runtime, &path, Origin::OnPath)) {
            Some(Ok(found)) => return Ok(Ok(found)),
            Some(Err(refused)) => reasons.push(refused.to_string()),
            None => reasons.push(format!("{} is not on PATH", runtime.program())),
        }
    }
    for &runtime in runtimes {
        let Some(package) = Package::of(runtime) else {
            continue;
        };
        match install::program(package, options.cache.as_deref(), options.install, say) {
            Ok(path) => match probe(runtime, &path, Origin::Installed) {
                Ok(found) => return Ok(Ok(found)),
                Err(refused) => reasons.push(refused.to_string()),
            },
            Err(error) => reasons.push(error.to_string()),
        }
    }
    Ok(Err(Missing { reasons }))
}

impl JsOptions {
    fn given(&self, runtime: Runtime) -> Option<&Path> {
        match runtime {
            Runtime::Node => self.node.as_deref(),
            Runtime::Deno => self.deno.as_deref(),
            Runtime::Bun => self.bun.as_deref(),
        }
    }
}

impl Discovery {
    /// How to start the engine `name`, or why it is missing.
    ///
    /// `None` when there is no engine of that name here.
    pub fn engine(&self, name: &str) -> Option<Result<&Found, &Missing>> {
        let (_, found) = self.engines.iter().find(|(engine, _)| *engine == name)?;
        Some(found.as_ref())
    }
}

/// Starts a runtime once, and takes it if it has all of WebAssembly 3.0. Versions say nothing:
/// what is called `node` may be anything.
fn probe(runtime: Runtime, path: &Path, how: Origin) -> Result<Found, Refused> {
    let spec = JsSpec::of_runtime(runtime, path);
    let engine = JsEngine::start(spec.clone())?;
    let features = engine.features();
    let lacks = Features::WASM3 - features;
    if !lacks.is_empty() {
        let lacks = lacks.names().collect::<Vec<_>>().join(", ");
        return Err(Refused::Features {
            path: path.to_owned(),
            lacks,
        });
    }
    let (version, runtime) = (engine.version().to_owned(), engine.runtime().to_owned());
    Ok(Found {
        spec,
        how,
        version,
        runtime,
        features,
    })
}

fn on_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}
