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

/// The shim that calls function `name`, lifting its arguments and lowering its results.
pub fn call(name: &str) -> String {
    format!("assay:call:{name}")
}

/// As [`call`], and catching exceptions: one more result, an `i32`, says 0 for "returned",
/// `n + 1` for "threw tag `n`", −1 for "threw a tag that the module does not know".
pub fn catch(name: &str) -> String {
    format!("assay:catch:{name}")
}

/// The export that gives the lowered payload of the last exception caught with this tag.
pub fn payload(tag: u32) -> String {
    format!("assay:payload:{tag}")
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
