//! The allocator's checks: each finds what it is for. What they find aborts, so each mistake is
//! made in a process of its own: this test, called again.
#![allow(unsafe_code)]

use assay_oom::{Checks, FaultAllocator, Realloc};
use std::alloc::{GlobalAlloc, Layout, System};
use std::process::Command;

#[global_allocator]
static ALLOCATOR: FaultAllocator = FaultAllocator::checked(System, Checks::ALL);

static STAYS: FaultAllocator = FaultAllocator::checked(
    System,
    Checks {
        realloc: Realloc::Stays,
        ..Checks::ALL
    },
);

const MISTAKE: &str = "ASSAY_OOM_MISTAKE";

/// Makes a mistake in another process. What it says, or nothing when it survived.
fn aborts(name: &str) -> Option<String> {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program)
        .args(["--exact", "mistakes", "--nocapture"])
        .env(MISTAKE, name)
        .output()
        .expect("the other process");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (!output.status.success()).then_some(said)
}

#[test]
fn mistakes() {
    let Ok(mistake) = std::env::var(MISTAKE) else {
        return;
    };
    let small = Layout::from_size_align(10, 1).expect("a layout");
    let large = Layout::from_size_align(20, 1).expect("a layout");
    let none = Layout::from_size_align(0, 1).expect("a layout");
    // SAFETY: none; each but the first breaks the rules of the trait on purpose.
    unsafe {
        match mistake.as_str() {
            "none" => ALLOCATOR.dealloc(ALLOCATOR.alloc(small), small),
            "another-layout" => ALLOCATOR.dealloc(ALLOCATOR.alloc(small), large),
            "another-layout-resized" => {
                STAYS.realloc(STAYS.alloc(small), large, 5);
            }
            "no-bytes" => {
                ALLOCATOR.alloc(none);
            }
            "not-a-block" => {
                let block = ALLOCATOR.alloc(large);
                ALLOCATOR.dealloc(block.add(1), small);
            }
            other => unreachable!("{other}"),
        }
    }
}

#[test]
fn each_mistake_is_found() {
    assert_eq!(aborts("none"), None);
    for (mistake, text) in [
        ("another-layout", "another layout"),
        ("another-layout-resized", "another layout"),
        ("no-bytes", "no bytes"),
        ("not-a-block", "not live"),
    ] {
        let said = aborts(mistake).unwrap_or_default();
        assert!(said.contains(text), "{mistake}: {said}");
    }
}

#[test]
fn memory_is_poisoned_and_resizing_moves_or_stays() {
    let layout = Layout::from_size_align(64, 16).expect("a layout");
    // SAFETY: blocks are used within their layouts and given back with them.
    unsafe {
        let block = ALLOCATOR.alloc(layout);
        assert!((0..64).all(|at| block.add(at).read() == Checks::FRESH));
        assert_eq!(block as usize % 16, 0);
        block.write_bytes(1, 64);
        let moved = ALLOCATOR.realloc(block, layout, 32);
        assert_ne!(moved, block);
        assert!((0..32).all(|at| moved.add(at).read() == 1));
        ALLOCATOR.dealloc(moved, Layout::from_size_align(32, 16).expect("a layout"));

        let block = STAYS.alloc_zeroed(layout);
        assert!((0..64).all(|at| block.add(at).read() == 0));
        assert_eq!(STAYS.realloc(block, layout, 32), block);
        STAYS.dealloc(block, Layout::from_size_align(32, 16).expect("a layout"));
    }
}
