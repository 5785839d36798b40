//! Modules of the user: any `.wasm`, `.wat` or `.wast`.

use crate::calls;
use crate::draft::{Draft, DraftCall};
use arbitrary::Unstructured;
use assay_engine::{Features, Reference, Value};
use assay_module::{Info, wasm_features};
use std::fs;
use std::path::{Path, PathBuf};
use wasmparser::Validator;
use wast::core::{V128Const, WastArgCore};
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke};

/// A module found in a file.
#[derive(Clone, Debug)]
pub struct Found {
    /// The file, with the module's number in it where a script has several.
    pub name: String,
    /// The module, in the binary format.
    pub wasm: Vec<u8>,
    /// The calls that a script makes of it.
    pub calls: Vec<DraftCall>,
    /// How many more it makes, with arguments that no host can make.
    pub calls_left_out: usize,
}

/// Why a file gives no module.
#[derive(Debug, thiserror::Error)]
pub enum ModulesError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no module.
    #[error("{path} is not a module: {why}")]
    NotAModule {
        /// The file.
        path: PathBuf,
        /// The first line of the decoder's complaint.
        why: String,
    },
    /// There is nothing to run.
    #[error("no .wasm, .wat or .wast in {0}")]
    Nothing(PathBuf),
}

/// Reads all modules of a file, or of a folder and those below it, in the order of their names.
///
/// # Errors
///
/// When a file cannot be read, or is no module. A `.wast` may hold modules that are meant to be
/// invalid; these are passed over, and counted in the second result.
pub fn find(path: &Path) -> Result<(Vec<Found>, usize), ModulesError> {
    let mut files = Vec::new();
    list(path, &mut files)?;
    let mut found = Vec::new();
    let mut invalid = 0;
    for file in &files {
        invalid += read(file, &mut found)?;
    }
    if found.is_empty() {
        return Err(ModulesError::Nothing(path.into()));
    }
    Ok((found, invalid))
}

fn list(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), ModulesError> {
    let error = |source| ModulesError::Read {
        path: path.into(),
        source,
    };
    if !fs::metadata(path).map_err(error)?.is_dir() {
        files.push(path.into());
        return Ok(());
    }
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(error)? {
        entries.push(entry.map_err(error)?.path());
    }
    entries.sort();
    for entry in entries {
        let known = matches!(
            entry.extension().and_then(|e| e.to_str()),
            Some("wasm" | "wat" | "wast")
        );
        if entry.is_dir() || known {
            list(&entry, files)?;
        }
    }
    Ok(())
}

fn read(path: &Path, found: &mut Vec<Found>) -> Result<usize, ModulesError> {
    let bytes = fs::read(path).map_err(|source| ModulesError::Read {
        path: path.into(),
        source,
    })?;
    let not = |why: String| {
        let why = why.lines().next().unwrap_or_default().to_owned();
        ModulesError::NotAModule {
            path: path.into(),
            why,
        }
    };
    let name = path.display().to_string();
    if path.extension().is_some_and(|e| e == "wast") {
        let text = String::from_utf8(bytes).map_err(|e| not(e.to_string()))?;
        return script(&name, &text, found).map_err(|e| not(e.message()));
    }
    let wasm = wat::parse_bytes(&bytes)
        .map_err(|e| not(e.to_string()))?
        .into_owned();
    Validator::new_with_features(wasm_features(Features::all()))
        .validate_all(&wasm)
        .map_err(|e| not(e.to_string()))?;
    found.push(Found {
        name,
        wasm,
        calls: Vec::new(),
        calls_left_out: 0,
    });
    Ok(0)
}

/// Takes the modules of a script and the calls that follow each. Gives the number of modules
/// that are not valid for the features that Assay knows.
///
/// # Errors
///
/// When the script itself does not parse.
pub fn script(name: &str, text: &str, found: &mut Vec<Found>) -> Result<usize, wast::Error> {
    let mut lexer = wast::lexer::Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer)?;
    let script = parser::parse::<Wast<'_>>(&buffer)?;
    let mut number = 0;
    let mut invalid = 0;
    let mut here = false;
    for directive in script.directives {
        match directive {
            WastDirective::Module(module) | WastDirective::ModuleDefinition(module) => {
                here = false;
                number += 1;
                match binary(module) {
                    Some(wasm) => {
                        found.push(Found {
                            name: format!("{name}#{number}"),
                            wasm,
                            calls: Vec::new(),
                            calls_left_out: 0,
                        });
                        here = true;
                    }
                    None => invalid += 1,
                }
            }
            WastDirective::Invoke(invoke)
            | WastDirective::AssertExhaustion { call: invoke, .. }
            | WastDirective::AssertReturn {
                exec: WastExecute::Invoke(invoke),
                ..
            }
            | WastDirective::AssertTrap {
                exec: WastExecute::Invoke(invoke),
                ..
            }
            | WastDirective::AssertException {
                exec: WastExecute::Invoke(invoke),
                ..
            } if here && invoke.module.is_none() => {
                if let Some(last) = found.last_mut() {
                    match draft_call(&invoke) {
                        Some(call) => last.calls.push(call),
                        None => last.calls_left_out += 1,
                    }
                }
            }
            _ => {}
        }
    }
    Ok(invalid)
}

/// The binary form of a core module that is valid.
fn binary(mut module: QuoteWat<'_>) -> Option<Vec<u8>> {
    if matches!(
        &module,
        QuoteWat::Wat(wast::Wat::Component(_)) | QuoteWat::QuoteComponent(..)
    ) {
        return None;
    }
    let wasm = module.encode().ok()?;
    let valid = Validator::new_with_features(wasm_features(Features::all())).validate_all(&wasm);
    valid.ok().map(|_| wasm)
}

fn draft_call(invoke: &WastInvoke<'_>) -> Option<DraftCall> {
    let args = invoke.args.iter().map(argument).collect::<Option<_>>()?;
    Some(DraftCall {
        export: invoke.name.into(),
        args,
    })
}

fn argument(arg: &WastArg<'_>) -> Option<Value> {
    let WastArg::Core(arg) = arg else { return None };
    Some(match arg {
        WastArgCore::I32(x) => Value::I32(x.cast_unsigned()),
        WastArgCore::I64(x) => Value::I64(x.cast_unsigned()),
        WastArgCore::F32(x) => Value::F32(x.bits),
        WastArgCore::F64(x) => Value::F64(x.bits),
        WastArgCore::V128(x) => Value::V128(u128::from_le_bytes(V128Const::to_le_bytes(x))),
        WastArgCore::RefNull(_) => Value::Ref(Reference::Null),
        WastArgCore::RefExtern(n) => Value::Ref(Reference::Extern(*n)),
        WastArgCore::RefHost(_) => return None,
    })
}

/// A draft of a found module: the script's calls, or chosen ones where there are none.
///
/// # Errors
///
/// When the bytes do not suffice.
pub fn draft(u: &mut Unstructured<'_>, found: &Found) -> arbitrary::Result<Draft> {
    let mut draft = Draft {
        wasm: found.wasm.clone(),
        calls: found.calls.clone(),
        calls_left_out: found.calls_left_out,
        features: used(&found.wasm),
        ..Draft::default()
    };
    if let Ok(info) = Info::read(&draft.wasm) {
        if draft.calls.is_empty() {
            draft.calls = calls::choose(u, &info, draft.exports, 8..=16)?;
        }
        calls::choose_host(u, &info, &mut draft)?;
    }
    Ok(draft)
}

/// The features that a valid module needs: none can be taken away without making it invalid.
pub fn used(wasm: &[u8]) -> Features {
    let valid = |features: Features| {
        Validator::new_with_features(wasm_features(features))
            .validate_all(wasm)
            .is_ok()
    };
    let mut needed = Features::all();
    for feature in Features::all().iter() {
        // Whatever builds on the feature has to go with it.
        let fewer = (needed - feature).without_orphans();
        if valid(fewer) {
            needed = fewer;
        }
    }
    needed
}
