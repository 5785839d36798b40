//! The module `spectest`, which scripts may import from without registering it
//! (`interpreter/README.md` of the specification). Its functions print nothing.

/// What a script of the first version of the standard may import, in its features.
const PLAIN: &str = r#"(module
    (func (export "print"))
    (func (export "print_i32") (param i32))
    (func (export "print_i64") (param i64))
    (func (export "print_f32") (param f32))
    (func (export "print_f64") (param f64))
    (func (export "print_i32_f32") (param i32 f32))
    (func (export "print_f64_f64") (param f64 f64))
    (global (export "global_i32") i32 (i32.const 666))
    (global (export "global_i64") i64 (i64.const 666))
    (global (export "global_f32") f32 (f32.const 666.6))
    (global (export "global_f64") f64 (f64.const 666.6))
    (table (export "table") 10 20 funcref)
    (memory (export "memory") 1 2))"#;

/// What needs a feature stands alone: a module that imports this gets nothing else from `spectest`.
const SHARED: &str = r#"(module (memory (export "shared_memory") 1 2 shared))"#;

/// The name under which all parts are imported.
pub(crate) const NAME: &str = "spectest";

/// A part of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Plain,
    Shared,
}

impl Part {
    /// The part for a module that imports these fields of `spectest`.
    pub fn of<'a>(mut fields: impl Iterator<Item = &'a str>) -> Self {
        if fields.any(|field| field == "shared_memory") {
            Self::Shared
        } else {
            Self::Plain
        }
    }

    /// The part in the text format.
    pub fn text(self) -> &'static str {
        match self {
            Self::Plain => PLAIN,
            Self::Shared => SHARED,
        }
    }
}
