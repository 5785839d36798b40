//! stub
/// stub
#[derive(Clone, Debug, Default)]
pub struct JsOptions { /// x
pub node: Option<std::path::PathBuf>, /// x
pub deno: Option<std::path::PathBuf>, /// x
pub bun: Option<std::path::PathBuf>, /// x
pub install: bool }
