//! The allocator and its scopes: what fails, what is counted, what is balanced.
#![allow(unsafe_code)]

use assay_oom::{FaultAllocator, Plan, Resource, Rule, Scope, Tally};
use std::alloc::{GlobalAlloc, Layout};

#[global_allocator]
static ALLOCATOR: FaultAllocator = FaultAllocator::system();

/// Which of `requests` reservations of `bytes` bytes fail under a plan, and the tally.
fn failing(plan: Plan, requests: usize, bytes: usize) -> (Vec<usize>, Tally) {
    let mut failed = Vec::with_capacity(requests);
    let mut kept = Vec::with_capacity(requests);
    let scope = Scope::enter(plan);
    for request in 0..requests {
        let mut block = Vec::<u8>::new();
        match block.try_reserve_exact(bytes) {
            Ok(()) => kept.push(block),
            Err(_) => failed.push(request),
        }
    }
    kept.clear();
    let tally = scope.leave();
    (failed, tally)
}

#[test]
fn every_rule_fails_what_it_says() {
    let cases: [(Rule, &[usize]); 8] = [
        (Rule::Never, &[]),
        (Rule::Nth(2), &[2]),
        (Rule::StickyFrom(5), &[5, 6, 7]),
        (Rule::Window { from: 2, until: 4 }, &[2, 3]),
        (Rule::Pair { first: 1, gap: 0 }, &[1, 2]),
        (Rule::Pair { first: 1, gap: 3 }, &[1, 5]),
        (Rule::LiveBytes(500), &[5, 6, 7]),
        (Rule::Nth(8), &[]),
    ];
    for (rule, expected) in cases {
        let (failed, tally) = failing(Plan::heap(rule), 8, 100);
        assert_eq!(failed, expected, "{rule}");
        assert_eq!(
            (tally.seen, tally.failed),
            (8, expected.len() as u64),
            "{rule}"
        );
        assert_eq!(
            (tally.balance.bytes, tally.balance.blocks),
            (0, 0),
            "{rule}"
        );
        let after = expected.first().map_or(0, |first| 7 - first);
        assert_eq!(tally.after, after as u64, "{rule}");
    }
}

#[test]
fn random_plans_are_what_their_seed_says() {
    let plan = |seed| {
        Plan::heap(Rule::Random {
            seed,
            per_million: 250_000,
        })
    };
    let (one, _) = failing(plan(1), 400, 10);
    assert_eq!(failing(plan(1), 400, 10).0, one);
    assert_ne!(failing(plan(2), 400, 10).0, one);
    assert!((60..140).contains(&one.len()), "{}", one.len());
}

#[test]
fn a_least_size_leaves_smaller_requests_alone() {
    let plan = Plan::heap(Rule::StickyFrom(0)).at_least(64);
    assert_eq!(failing(plan, 3, 63).0, [0usize; 0]);
    assert_eq!(failing(plan, 3, 64).0, [0, 1, 2]);
    let scope = Scope::enter(Plan::heap(Rule::Nth(1)).at_least(64));
    let sizes = [100, 10, 100, 100].map(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_err());
    let tally = scope.leave();
    assert_eq!(sizes, [false, false, true, false]);
    assert_eq!((tally.seen, tally.after), (4, 1));
}

#[test]
fn each_kind_of_request_fails() {
    let layout = Layout::from_size_align(100, 8).expect("a layout");
    let scope = Scope::enter(Plan::heap(Rule::Window { from: 1, until: 4 }));
    // SAFETY: the layout is not empty, and blocks are given back with the layout that they have.
    let (taken, nulls) = unsafe {
        let taken = ALLOCATOR.alloc(layout);
        let nulls = [
            ALLOCATOR.alloc(layout),
            ALLOCATOR.alloc_zeroed(layout),
            ALLOCATOR.realloc(taken, layout, 200),
        ];
        // A resize that fails leaves the block as it was, and one that works keeps its balance.
        taken.write_bytes(7, 100);
        let grown = ALLOCATOR.realloc(taken, layout, 300);
        assert_eq!(grown.add(99).read(), 7);
        (grown, nulls)
    };
    let tally = scope.tally();
    assert_eq!((tally.seen, tally.failed), (5, 3));
    assert_eq!((tally.balance.bytes, tally.balance.blocks), (300, 1));
    let larger = Layout::from_size_align(300, 8).expect("a layout");
    // SAFETY: as above.
    unsafe { ALLOCATOR.dealloc(taken, larger) };
    let tally = scope.leave();
    assert!(nulls.iter().all(|block| block.is_null()));
    assert_eq!((tally.balance.bytes, tally.balance.blocks), (0, 0));
}

#[test]
fn what_is_kept_shows_in_the_balance() {
    let scope = Scope::enter(Plan::CLEAN);
    let kept = vec![0u8; 1_000];
    let tally = scope.leave();
    assert_eq!((tally.balance.bytes, tally.balance.blocks), (1_000, 1));
    drop(kept);
}

#[test]
fn a_scope_is_of_its_thread_and_ends() {
    let scope = Scope::enter(Plan::heap(Rule::StickyFrom(100)));
    drop(scope);
    assert_eq!(failing(Plan::CLEAN, 200, 10).0, [0usize; 0]);
    // What other threads ask for is neither failed nor counted.
    let (go, wait) = std::sync::mpsc::sync_channel::<()>(1);
    let other =
        std::thread::spawn(move || wait.recv().is_ok() && Vec::<u8>::new().try_reserve(10).is_ok());
    let scope = Scope::enter(Plan::heap(Rule::StickyFrom(0)));
    go.send(()).expect("the other thread waits");
    while !other.is_finished() {
        std::hint::spin_loop();
    }
    let tally = scope.leave();
    assert!(other.join().expect("the other thread ends"));
    assert_eq!((tally.seen, tally.failed), (0, 0));
}

#[test]
fn nothing_fails_while_a_panic_is_under_way() {
    struct Allocates<'a>(&'a std::cell::Cell<bool>);
    impl Drop for Allocates<'_> {
        fn drop(&mut self) {
            self.0.set(Vec::<u8>::new().try_reserve(10).is_ok());
        }
    }
    let served = std::cell::Cell::new(false);
    std::panic::set_hook(Box::new(|_| {}));
    let scope = Scope::enter(Plan::heap(Rule::StickyFrom(0)));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _allocates = Allocates(&served);
        panic!("a message of {} words", 4);
    }));
    let tally = scope.leave();
    assert!(result.is_err() && served.get());
    assert_eq!(tally.failed, 0);
}

#[test]
fn a_mapping_plan_does_not_touch_the_heap() {
    let plan = Plan::mapping(Rule::StickyFrom(0));
    assert_eq!(plan.resource, Resource::Mapping);
    assert_eq!(failing(plan, 3, 10).0, [0usize; 0]);
}
