//! The program and its libraries, as they lie in memory.
#![allow(unsafe_code)]

use crate::sites::stack::GENERATED;
use libc::{PT_LOAD, c_int, c_void, size_t};
use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::OnceLock;

/// A loaded file.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) path: PathBuf,
    base: usize,
    low: usize,
    high: usize,
}

static MODULES: OnceLock<Vec<Module>> = OnceLock::new();

/// How far the number of the module is shifted.
const SHIFT: u32 = 48;

/// The modules, as they were when this was first called.
pub(crate) fn list() -> &'static [Module] {
    MODULES.get_or_init(|| {
        let mut modules = Vec::new();
        // SAFETY: `add` is called back during the call only, with this vector.
        unsafe { libc::dl_iterate_phdr(Some(add), (&raw mut modules).cast()) };
        modules
    })
}

unsafe extern "C" fn add(info: *mut libc::dl_phdr_info, _: size_t, modules: *mut c_void) -> c_int {
    // SAFETY: the loader gives valid structures, and `list` its own vector.
    let (info, modules) = unsafe { (&*info, &mut *modules.cast::<Vec<Module>>()) };
    let base = info.dlpi_addr as usize;
    // SAFETY: as the loader says, there are so many headers there.
    let headers =
        unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    let parts = headers.iter().filter(|header| header.p_type == PT_LOAD);
    let low = parts.clone().map(|part| part.p_vaddr as usize).min();
    let high = parts
        .map(|part| part.p_vaddr as usize + part.p_memsz as usize)
        .max();
    let name = match info.dlpi_name.is_null() {
        true => c"",
        // SAFETY: the loader's names end with a zero.
        false => unsafe { CStr::from_ptr(info.dlpi_name) },
    };
    let path = match name.is_empty() {
        true => std::env::current_exe().unwrap_or_default(),
        false => PathBuf::from(OsStr::from_bytes(name.to_bytes())),
    };
    if let (Some(low), Some(high)) = (low, high) {
        modules.push(Module {
            path,
            base,
            low: base.wrapping_add(low),
            high: base.wrapping_add(high),
        });
    }
    0
}

/// The frame of an address: number of the module and offset, the same wherever it is loaded.
pub(crate) fn relative(address: usize) -> u64 {
    let modules = MODULES.get().map(Vec::as_slice).unwrap_or_default();
    for (number, module) in modules.iter().enumerate() {
        if (module.low..module.high).contains(&address) {
            let offset = address.wrapping_sub(module.base) as u64;
            return ((number as u64) << SHIFT) | offset;
        }
    }
    GENERATED
}

/// The module and the offset of a frame.
pub(crate) fn of(frame: u64) -> Option<(&'static Module, u64)> {
    if frame == GENERATED {
        return None;
    }
    let number = usize::try_from(frame >> SHIFT).ok()?;
    let module = MODULES.get()?.get(number)?;
    Some((module, frame & ((1 << SHIFT) - 1)))
}
