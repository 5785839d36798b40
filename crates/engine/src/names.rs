//! The names by which a shimmed module and the host know each other.
//!
//! All start with `assay:`, so that they cannot meet a name of the module's own except by intent.

/// The module name of all function imports. The field name is the function's index in
/// [`Host::functions`](crate::Host::functions), in decimal.
pub const HOST_MODULE: &str = "assay:host";

/// The export that gives the state, as slots, and then refills the fuel: `[] -> [slot*]`.
///
/// Slot 0 is the fuel that was left, an `i32` that is negative exactly when it ran out.
pub const OBSERVE: &str = "assay:observe";

/// The shim that calls any of the module's functions: `[i32 slot*] -> [slot*]`. The first argument
/// is the function's number among those that can be called; the others are its lowered arguments,
/// and the results its lowered results, both filled up with zeros to what the widest needs. One
/// export for all, since each exported function costs an engine a trampoline.
pub const CALL: &str = "assay:call";

/// As [`CALL`], and catching exceptions: one more result, an `i32`, says 0 for "returned", `n + 1`
/// for "threw tag `n`", −1 for "threw a tag that the module does not know". Every export whose name
/// begins so has this last result.
pub const CATCH: &str = "assay:catch";

/// The export that gives the lowered payload of the last exception caught with this tag.
pub fn payload(tag: u32) -> String {
    format!("assay:payload:{tag}")
}

/// Whether an export has the status of [`CATCH`] as its last result.
pub fn is_catching(export: &str) -> bool {
    export.starts_with(CATCH)
}

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
