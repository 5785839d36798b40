//! What a module needs of an engine, and whether an engine can be asked to refuse one.

use crate::report::Skip;
use assay_engine::Features;
use assay_module::wasm_features;
use wasmparser::Validator;

/// The features of a script's time, and those of the engine that it runs on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    pub script: Features,
    pub engine: Features,
}

/// Why a module is invalid: what is wrong, and where.
type Complaint = (String, usize);

impl Needs {
    /// Whether the engine has what a module of the script uses. One that is invalid at any rate is
    /// for the engine to refuse.
    pub fn met(self, wasm: &[u8]) -> Result<(), Skip> {
        let missing = self.script - self.engine;
        if missing.is_empty() {
            return Ok(());
        }
        let complaint = validate(wasm, self.script & self.engine);
        if complaint.is_ok() || complaint == validate(wasm, self.script) {
            return Ok(());
        }
        Err(Skip::Lacks(self.used(wasm, missing)))
    }

    /// Whether the engine has to refuse a module that the script says is to be refused, and has to
    /// for the script's own reason: not because it lacks a feature, nor in spite of one that the
    /// script's time did not have.
    pub fn refusable(self, wasm: &[u8]) -> Result<(), Skip> {
        if self.engine == self.script {
            return Ok(());
        }
        let wanted = validate(wasm, self.script);
        if wanted.is_err() && validate(wasm, self.script | self.engine).is_ok() {
            return Err(Skip::Later);
        }
        let missing = self.script - self.engine;
        if !missing.is_empty() && validate(wasm, self.script & self.engine) != wanted {
            return Err(Skip::Lacks(self.used(wasm, missing)));
        }
        Ok(())
    }

    /// Those of the missing features without which a module is judged otherwise.
    fn used(self, wasm: &[u8], missing: Features) -> Features {
        let whole = validate(wasm, self.script);
        let matters = |feature: &Features| {
            let without = (self.script - *feature).without_orphans();
            validate(wasm, without) != whole
        };
        let used = missing
            .iter()
            .filter(matters)
            .fold(Features::empty(), |all, one| all | one);
        if used.is_empty() { missing } else { used }
    }
}

fn validate(wasm: &[u8], features: Features) -> Result<(), Complaint> {
    let validated = Validator::new_with_features(wasm_features(features)).validate_all(wasm);
    match validated {
        Ok(_) => Ok(()),
        Err(error) => Err((error.message().to_owned(), error.offset())),
    }
}
