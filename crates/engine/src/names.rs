//! The names by which a shimmed module and the host know each other.
//!
//! All start with `assay:`, so that they cannot meet a name of the module's own except by intent.

/// The module name of all function imports. The field name is the function's index in
/// [`Host::functions`](crate::Host::functions), in decimal.
pub const HOST_MODULE: &str = "assay:host";

/// The shim: `[i32 slot*] -> [slot* i32 slot*]`. The first argument says what to call, see
/// [`Shim`](crate::Shim). One export does everything, since each exported function costs an engine
/// a trampoline.
pub const CALL: &str = "assay:call";

/// Memory `index` of the main module.
pub fn memory(index: u32) -> String {
    format!("assay:memory:{index}")
}

/// Table `index` of the main module.
pub fn table(index: u32) -> String {
    format!("assay:table:{index}")
}

/// Tag `index` of the main module.
pub fn tag(index: u32) -> String {
    format!("assay:tag:{index}")
}
