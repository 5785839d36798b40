//! Call stacks, from the call sites that a runtime tells.
//!
//! As [`messages`](crate::messages), this reads what an engine says, exactly, and what is not as it is
//! known is an error. A site is of WebAssembly by its file: V8's begins with `wasm:`, JavaScriptCore's
//! is `[wasm code]`. V8 then tells the index of the function and an offset in the module;
//! JavaScriptCore has the index in the name, `.wasm-function[2]`, as long as the module names no
//! functions.
//!
//! V8's file stands for the bytes of a module, but does not say which module that is. It is the one
//! whose bodies have the offsets that were told for their functions; where several do, none is told.

use crate::frame::{Malformed, Reader};
use crate::spec::{JsSpec, NO_INLINING, Runtime};
use assay_engine::{EngineError, Frame, Inlined, Module, Moment, Stack, Tells};
use assay_module::Info;

/// How many frames are told at most. `host/stacks.js` takes more, for those of JavaScript.
const FRAMES: u32 = 1000;

/// A stack as it came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    moment: Moment,
    /// Whether the innermost function of WebAssembly is the one by which the host traps.
    is_ours: bool,
    sites: Vec<Site>,
}

/// One call site; of JavaScript, or of WebAssembly.
#[derive(Clone, Debug, PartialEq)]
struct Site {
    file: String,
    name: String,
    /// What V8 tells of a function of WebAssembly.
    index: Option<u32>,
    /// The offset in the file.
    position: Option<u32>,
}

/// A frame of WebAssembly, of a module by V8's name.
struct Known<'a> {
    file: &'a str,
    function: u32,
    offset: Option<u32>,
}

/// The flag of V8 without which it optimises, and then inlines.
const NO_OPTIMISER: &str = "--no-wasm-tier-up";

/// What an engine tells. An exception of WebAssembly has no stack in JavaScript. Optimisers inline, and
/// tell the functions that they have inlined beside the others.
pub(crate) fn tells(spec: &JsSpec) -> Tells {
    let is_v8 = matches!(spec.runtime, Runtime::Node | Runtime::Deno);
    let no_optimiser = spec.flags.iter().any(|flag| flag.contains(NO_OPTIMISER));
    let inlines = !no_optimiser && !spec.env.iter().any(|(key, _)| key == NO_INLINING.0);
    Tells {
        host_calls: true,
        traps: true,
        exceptions: false,
        modules: false,
        offsets: is_v8,
        frames: FRAMES,
        inlined: match inlines {
            true => Inlined::Apart,
            false => Inlined::None,
        },
    }
}

/// Reads a stack.
pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Told, Malformed> {
    let moment = match reader.u8()? {
        0 => Moment::HostCall,
        1 => Moment::Trap,
        _ => return Err(Malformed),
    };
    Ok(Told {
        moment,
        is_ours: reader.flag()?,
        sites: reader.list(site)?,
    })
}

fn site(reader: &mut Reader<'_>) -> Result<Site, Malformed> {
    let number = |word: u32| (word != u32::MAX).then_some(word);
    Ok(Site {
        file: reader.text()?,
        name: reader.text()?,
        index: number(reader.u32()?),
        position: number(reader.u32()?),
    })
}

/// What the stacks of the steps of a program mean.
///
/// # Errors
///
/// [`EngineError::UnknownText`] where a site is not as sites are known to be.
pub(crate) fn understood(
    engine: &str,
    runtime: Runtime,
    modules: &[Module],
    steps: &[Vec<Told>],
) -> Result<Vec<Vec<Stack>>, EngineError> {
    let unknown = |site: &Site| EngineError::UnknownText {
        engine: engine.to_owned(),
        text: format!("a call site {} in {}", site.name, site.file),
    };
    let mut known = Vec::new();
    for told in steps {
        let step = told.iter().map(|told| known_frames(runtime, told));
        let step: Result<Vec<_>, _> = step.collect();
        known.push(step.map_err(unknown)?);
    }
    let names = names(modules, known.iter().flatten());
    let stacks = known.iter().zip(steps).map(|(known, told)| {
        let stacks = known.iter().zip(told);
        let stacks = stacks.map(|(frames, told)| Stack {
            moment: told.moment,
            frames: frames.iter().map(|known| frame(&names, known)).collect(),
        });
        stacks.collect()
    });
    Ok(stacks.collect())
}

/// The frames of the program; the site that is none as they are known, if there is one.
fn known_frames(runtime: Runtime, told: &Told) -> Result<Vec<Known<'_>>, &Site> {
    let mut frames = Vec::new();
    for site in &told.sites {
        frames.extend(known(runtime, site).ok_or(site)?);
    }
    let ours = usize::from(told.is_ours);
    Ok(frames
        .into_iter()
        .skip(ours)
        .take(FRAMES as usize)
        .collect())
}

/// A site of WebAssembly, or that it is one of JavaScript; `None` where that cannot be told.
fn known(runtime: Runtime, site: &Site) -> Option<Option<Known<'_>>> {
    let frame = |function, offset| Known {
        file: &site.file,
        function,
        offset,
    };
    match runtime {
        Runtime::Node | Runtime::Deno => match (site.file.starts_with("wasm:"), site.index) {
            (true, Some(index)) => Some(Some(frame(index, Some(site.position?)))),
            (false, None) => Some(None),
            (true, None) | (false, Some(_)) => None,
        },
        Runtime::Bun => match (
            site.file == "[wasm code]",
            site.name.contains("wasm-function"),
        ) {
            (true, true) => Some(Some(frame(index_in(&site.name)?, None))),
            (false, false) => Some(None),
            (true, false) | (false, true) => None,
        },
    }
}

/// The index in JavaScriptCore's name of a function.
fn index_in(name: &str) -> Option<u32> {
    let index = name.strip_prefix(".wasm-function[")?.strip_suffix(']')?;
    index.parse().ok()
}

/// The modules that V8's names stand for, as far as that can be told.
fn names<'a>(
    modules: &[Module],
    frames: impl Iterator<Item = &'a Vec<Known<'a>>>,
) -> Vec<(&'a str, Option<u32>)> {
    let read = |module: &Module| Info::read(&module.wasm).unwrap_or_default();
    let infos: Vec<Info> = modules.iter().map(read).collect();
    let mut candidates: Vec<(&str, Vec<u32>)> = Vec::new();
    for known in frames.flatten() {
        let Some(offset) = known.offset else { continue };
        let at = candidates.iter().position(|(name, _)| *name == known.file);
        let at = at.unwrap_or_else(|| {
            candidates.push((known.file, (0..).take(modules.len()).collect()));
            candidates.len() - 1
        });
        let has = |module: &u32| {
            let body = infos[*module as usize].body(known.function);
            body.is_some_and(|body| body.contains(&(offset as usize)))
        };
        candidates[at].1.retain(has);
    }
    let only = |candidates: Vec<u32>| match candidates[..] {
        [only] => Some(only),
        _ => None,
    };
    let names = candidates.into_iter();
    names.map(|(name, modules)| (name, only(modules))).collect()
}

fn frame(names: &[(&str, Option<u32>)], known: &Known<'_>) -> Frame {
    let module = names.iter().find(|(name, _)| *name == known.file);
    Frame {
        module: module.and_then(|(_, module)| *module),
        function: known.function,
        offset: known.offset,
        gone: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(file: &str, name: &str, index: Option<u32>, position: Option<u32>) -> Site {
        Site {
            file: file.into(),
            name: name.into(),
            index,
            position,
        }
    }

    fn module(text: &str) -> Module {
        Module {
            name: "m".into(),
            wasm: wat::parse_str(text).unwrap(),
        }
    }

    fn told(is_ours: bool, sites: &[Site]) -> Vec<Vec<Told>> {
        vec![vec![Told {
            moment: Moment::Trap,
            is_ours,
            sites: sites.to_vec(),
        }]]
    }

    /// Module, function and offset of each frame.
    type Frames = Vec<(Option<u32>, u32, Option<u32>)>;

    fn frames(runtime: Runtime, modules: &[Module], told: &[Vec<Told>]) -> Option<Frames> {
        let stacks = understood("js", runtime, modules, told).ok()?;
        let frames = stacks[0][0].frames.iter();
        Some(
            frames
                .map(|it| (it.module, it.function, it.offset))
                .collect(),
        )
    }

    #[test]
    fn a_module_is_told_by_where_its_bodies_are() {
        let one = module("(module (func nop) (func nop))");
        let imports = module(r#"(module (import "" "" (func)) (func nop) (func nop))"#);
        let body = |module: &Module| u32::try_from(module.wasm.len()).unwrap() - 2;
        let sites = [
            site("wasm://wasm/1", "", Some(1), Some(body(&one))),
            site("node:fs", "f", None, Some(4)),
            site("wasm://wasm/2", "", Some(2), Some(body(&imports))),
        ];
        let modules = [one.clone(), imports.clone()];
        let found = frames(Runtime::Node, &modules, &told(false, &sites));
        let expected = vec![
            (Some(0), 1, Some(body(&one))),
            (Some(1), 2, Some(body(&imports))),
        ];
        assert_eq!(found, Some(expected));
        // Of two equal modules, neither.
        let found = frames(
            Runtime::Node,
            &[one.clone(), one.clone()],
            &told(false, &sites[..1]),
        );
        assert_eq!(found, Some(vec![(None, 1, Some(body(&one)))]));
        // A function that is imported has no body.
        let sites = [site("wasm://wasm/2", "", Some(0), Some(body(&imports)))];
        let found = frames(Runtime::Node, &[imports], &told(false, &sites));
        assert_eq!(found, Some(vec![(None, 0, sites[0].position)]));
    }

    #[test]
    fn the_function_by_which_the_host_traps_is_left_out() {
        let wasm = |n: u32| site("[wasm code]", &format!(".wasm-function[{n}]"), None, None);
        let sites = [wasm(0), site("host.mjs", "act", None, None), wasm(7)];
        let found = |is_ours| frames(Runtime::Bun, &[], &told(is_ours, &sites));
        assert_eq!(found(true), Some(vec![(None, 7, None)]));
        assert_eq!(found(false), Some(vec![(None, 0, None), (None, 7, None)]));
    }

    #[test]
    fn an_unknown_site_is_an_error() {
        for (runtime, file, name, index, position) in [
            (Runtime::Node, "wasm://wasm/1", "f", None, Some(1)),
            (Runtime::Node, "wasm://wasm/1", "f", Some(1), None),
            (Runtime::Node, "node:fs", "f", Some(1), Some(1)),
            (Runtime::Bun, "[wasm code]", ".wasm-function[f]", None, None),
            (Runtime::Bun, "[wasm code]", "wasm-stub", None, None),
            (
                Runtime::Bun,
                "[native code]",
                ".wasm-function[1]",
                None,
                None,
            ),
        ] {
            let told = told(false, &[site(file, name, index, position)]);
            let found = understood("js", runtime, &[], &told);
            assert!(
                matches!(found, Err(EngineError::UnknownText { .. })),
                "{file} {name}"
            );
        }
    }
}
