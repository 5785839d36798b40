//! This very program is read: functions of which it is known whether they reach the end of memory.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use assay_reach::{Edge, Error, Path, Program};
use std::hint::black_box;

/// What is looked for.
mod planted {
    use std::hint::black_box;

    #[inline(never)]
    pub fn pushes(numbers: &mut Vec<u64>) {
        numbers.push(black_box(1));
    }

    #[inline(never)]
    pub fn calls_what_pushes(numbers: &mut Vec<u64>) {
        pushes(numbers);
        black_box(numbers);
    }

    #[inline(never)]
    pub fn jumps_to_what_pushes(numbers: &mut Vec<u64>) {
        calls_what_pushes(numbers);
    }

    #[inline(never)]
    pub fn reserves(numbers: &mut Vec<u64>) -> bool {
        numbers.try_reserve(black_box(1)).is_ok()
    }

    pub trait Eats {
        fn eat(&self, numbers: &mut Vec<u64>);
    }

    pub struct Greedy;

    impl Eats for Greedy {
        #[inline(never)]
        fn eat(&self, numbers: &mut Vec<u64>) {
            pushes(numbers);
        }
    }

    #[inline(never)]
    pub fn makes_the_object() -> &'static dyn Eats {
        black_box(&Greedy)
    }

    #[inline(never)]
    pub fn calls_the_object(object: &dyn Eats, numbers: &mut Vec<u64>) {
        object.eat(numbers);
    }

    #[inline(never)]
    pub fn takes_the_address() -> fn(&mut Vec<u64>) {
        black_box(calls_what_pushes)
    }

    #[inline(never)]
    pub fn takes_the_address_and_calls(numbers: &mut Vec<u64>) -> fn(&mut Vec<u64>) {
        jumps_to_what_pushes(numbers);
        black_box(pushes)
    }

    #[inline(never)]
    pub fn mentions(number: u64) {
        assert!(number < 7, "a text of its own: {number}");
    }
}

/// Calls all of it, so that it is in the program.
fn use_planted() {
    let numbers = &mut black_box(Vec::new());
    planted::jumps_to_what_pushes(numbers);
    planted::calls_the_object(planted::makes_the_object(), numbers);
    planted::takes_the_address()(numbers);
    planted::takes_the_address_and_calls(numbers)(numbers);
    planted::mentions(numbers.len() as u64);
    assert!(planted::reserves(numbers));
}

/// Hands the program over, and its functions by their names.
fn with_program(check: impl FnOnce(&Program<'_>)) {
    use_planted();
    let path = std::env::current_exe().expect("a path");
    let bytes = std::fs::read(path).expect("a readable program");
    check(&Program::read(&bytes).expect("a program with symbols"));
}

fn is(program: &Program<'_>, function: usize, name: &str) -> bool {
    let names = &program.functions()[function].names;
    names.iter().any(|known| known.ends_with(name))
}

fn find(program: &Program<'_>, name: &str) -> usize {
    let found = program.named(|known| known.ends_with(name));
    assert_eq!(found.len(), 1, "{name}");
    found[0]
}

/// The shortest path from a planted function to the end of memory, but for panics.
fn path(program: &Program<'_>, name: &str, stop: &str) -> Option<Path> {
    let roots = program.named(|name| name.ends_with("alloc::handle_alloc_error"));
    assert!(!roots.is_empty());
    let is_stop = |f| is(program, f, "rust_begin_unwind") || is(program, f, stop);
    let reach = program.reach(&roots, is_stop);
    let path = reach.path(find(program, &format!("planted::{name}")))?;
    assert!(
        path.steps
            .last()
            .is_some_and(|last| roots.contains(&last.to))
    );
    Some(path)
}

const NO_STOP: &str = "no function has this name";

#[test]
fn what_pushes_reaches_by_calls_alone() {
    with_program(|program| {
        let pushes = path(program, "pushes", NO_STOP).expect("a path");
        assert_eq!(pushes.taken(), 0);
        let behind = path(program, "calls_what_pushes", NO_STOP).expect("a path");
        assert_eq!(behind.steps[0].to, find(program, "planted::pushes"));
        assert_eq!(behind.steps[1..], pushes.steps);
        let jump = path(program, "jumps_to_what_pushes", NO_STOP).expect("a path");
        assert_eq!(jump.steps[1..], behind.steps);
        assert_eq!(jump.taken(), 0);
    });
}

#[test]
fn what_only_tries_to_reserve_does_not_reach() {
    with_program(|program| assert_eq!(path(program, "reserves", NO_STOP), None));
}

#[test]
fn an_object_counts_where_it_is_made_and_not_where_it_is_called() {
    with_program(|program| {
        let made = path(program, "makes_the_object", NO_STOP).expect("a path");
        assert_eq!(made.steps[0].edge, Edge::Takes);
        assert!(is(program, made.steps[0].to, "::eat"));
        assert_eq!(made.taken(), 1);
        assert_eq!(path(program, "calls_the_object", NO_STOP), None);
    });
}

#[test]
fn a_taken_address_is_told_from_a_call() {
    with_program(|program| {
        let taken = path(program, "takes_the_address", NO_STOP).expect("a path");
        assert_eq!(taken.steps[0].edge, Edge::Takes);
        assert_eq!(
            taken.steps[0].to,
            find(program, "planted::calls_what_pushes")
        );
        assert_eq!(taken.taken(), 1);
        // A longer path of calls is better than a short one that rests on an address.
        let both = path(program, "takes_the_address_and_calls", NO_STOP).expect("a path");
        assert_eq!(both.taken(), 0);
        assert_eq!(both.steps.len(), taken.steps.len() + 1);
    });
}

#[test]
fn no_path_goes_through_a_stop() {
    with_program(|program| {
        let stop = "planted::calls_what_pushes";
        assert!(path(program, "calls_what_pushes", stop).is_some());
        assert_eq!(path(program, "jumps_to_what_pushes", stop), None);
        // Not even through a root.
        let root = find(program, stop);
        let behind = find(program, "planted::jumps_to_what_pushes");
        assert!(program.reach(&[root], |_| false).path(behind).is_some());
        let reach = program.reach(&[root], |f| f == root);
        assert!(reach.path(root).is_some() && reach.path(behind).is_none());
    });
}

#[test]
fn functions_of_other_libraries_are_names() {
    with_program(|program| {
        let root = find(program, "malloc");
        assert!(program.functions()[root].imported);
        let reach = program.reach(&[root], |_| false);
        assert!(reach.path(find(program, "planted::pushes")).is_some());
        assert!(reach.functions().count() > 2);
    });
}

#[test]
fn a_text_leads_to_who_mentions_it() {
    with_program(|program| {
        // Backwards, so that this function is not found as well.
        let mentioning = |text: &[u8]| {
            let text: Vec<u8> = text.iter().rev().copied().collect();
            program.mentioning(&text)
        };
        let expected = [find(program, "planted::mentions")];
        assert_eq!(mentioning(b" :nwo sti fo txet a"), expected);
        assert_eq!(mentioning(b" :nwo sti fo txet on").len(), 0);
    });
}

/// The header of a library without anything in it.
fn header() -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    bytes[16] = 3; // a position-independent program
    bytes[18] = 62; // for x86-64
    bytes[20] = 1;
    bytes[52] = 64;
    bytes
}

#[test]
fn other_files_are_refused_with_the_reason() {
    let read = |bytes: &[u8]| Program::read(bytes).expect_err("no program");
    assert!(matches!(read(b"text"), Error::NotElf(_)));
    assert!(matches!(read(&header()), Error::Stripped));
    let mut other = header();
    other[18] = 183;
    assert!(matches!(read(&other), Error::NotX86));
    let mut fixed = header();
    fixed[16] = 2;
    assert!(matches!(read(&fixed), Error::FixedAddresses));
}

#[test]
fn a_damaged_file_is_an_error_or_less_of_a_program() {
    let path = std::env::current_exe().expect("a path");
    let whole = std::fs::read(path).expect("a readable program");
    let mut refused = 0;
    for sixteenths in 0..16 {
        refused += usize::from(Program::read(&whole[..whole.len() / 16 * sixteenths]).is_err());
    }
    assert!(refused > 0);
    // The numbers of the header, one after the other: places, sizes and counts.
    for place in 16..64 {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x5a;
        drop(Program::read(&damaged));
    }
}
