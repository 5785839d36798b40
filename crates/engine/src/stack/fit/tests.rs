//! Each way to be wrong is told from each way to be right.

use super::{Fit, Frame, Inlined, Tells};

/// A frame of a module, of the function of this number, which is at ten times that.
fn frame(module: u32, function: u32) -> Frame {
    Frame {
        module: Some(module),
        function,
        offset: Some(10 * function),
        gone: false,
    }
}

fn gone(module: u32, function: u32) -> Frame {
    Frame {
        gone: true,
        ..frame(module, function)
    }
}

fn unplaced(module: u32, function: u32) -> Frame {
    Frame {
        offset: None,
        ..frame(module, function)
    }
}

fn tells(inlined: Inlined) -> Tells {
    Tells {
        inlined,
        ..Tells::ALL
    }
}

/// Function 5 traps, in whose place 4 and before that 3 were; it returns to 2, which 1 has called.
fn there() -> Vec<Frame> {
    vec![
        frame(0, 5),
        gone(0, 4),
        gone(0, 3),
        frame(0, 2),
        frame(0, 1),
    ]
}

#[test]
fn all_that_are_active_are_told() {
    let active = [frame(0, 5), frame(0, 2), frame(0, 1)];
    for inlined in [Inlined::None, Inlined::Apart, Inlined::Merged] {
        assert_eq!(tells(inlined).fit(&there(), &active), Fit::Right);
        for at in 0..3 {
            let mut with = active.to_vec();
            with.insert(at, frame(0, 6));
            assert_eq!(tells(inlined).fit(&there(), &with), Fit::Wrong, "{at}");
            let mut other = active.to_vec();
            other[at].offset = Some(1);
            let misplaced = Fit::Misplaced(active[at], other[at]);
            assert_eq!(tells(inlined).fit(&there(), &other), misplaced, "{at}");
            let mut other = active.to_vec();
            other[at].module = Some(1);
            assert_eq!(tells(inlined).fit(&there(), &other), Fit::Wrong, "{at}");
        }
        let outermost_missing = tells(inlined).fit(&there(), &active[..2]);
        assert_eq!(outermost_missing, Fit::Wrong);
        let untold = [frame(0, 5), frame(0, 2), unplaced(0, 1)];
        let misplaced = Fit::Misplaced(frame(0, 1), untold[2]);
        assert_eq!(tells(inlined).fit(&there(), &untold), misplaced);
    }
    for inlined in [Inlined::None, Inlined::Apart] {
        assert_eq!(tells(inlined).fit(&there(), &active[1..]), Fit::Wrong);
    }
}

#[test]
fn one_that_is_gone_is_told_apart() {
    let with = |functions: &[u32]| -> Vec<_> {
        functions.iter().map(|&number| frame(0, number)).collect()
    };
    let fit = |told: &[Frame]| tells(Inlined::Apart).fit(&there(), told);
    assert_eq!(fit(&with(&[5, 4, 2, 1])), Fit::Gone(gone(0, 4)));
    assert_eq!(fit(&with(&[5, 3, 2, 1])), Fit::Gone(gone(0, 3)));
    assert_eq!(fit(&with(&[5, 4, 3, 2, 1])), Fit::Gone(gone(0, 4)));
    // Not in its place.
    assert_eq!(fit(&with(&[5, 3, 4, 2, 1])), Fit::Wrong);
    assert_eq!(fit(&with(&[4, 5, 2, 1])), Fit::Wrong);
    let alone = tells(Inlined::None).fit(&there(), &with(&[5, 4, 2, 1]));
    assert_eq!(alone, Fit::Wrong);
}

#[test]
fn functions_that_were_inlined_share_a_frame() {
    let fit = |told: &[Frame]| tells(Inlined::Merged).fit(&there(), told);
    // 5 into 3, by way of 4.
    let instead = [unplaced(0, 3), frame(0, 2), frame(0, 1)];
    assert_eq!(fit(&instead), Fit::Gone(gone(0, 3)));
    // 4 and 3 into 2: the call of 5 is one of 2.
    let unplaced_caller = [frame(0, 5), unplaced(0, 2), frame(0, 1)];
    assert_eq!(fit(&unplaced_caller), Fit::Unplaced(frame(0, 2)));
    assert_eq!(fit(&[unplaced(0, 1)]), Fit::Unplaced(frame(0, 1)));
    // At the innermost of those that it has inlined it would be right.
    let placed = Frame {
        offset: Some(50),
        ..frame(0, 1)
    };
    assert_eq!(fit(&[placed]), Fit::Right);
    let at_the_call = Fit::Misplaced(frame(0, 5), frame(0, 1));
    assert_eq!(fit(&[frame(0, 1)]), at_the_call);
    // Nothing is active in the place of 4.
    let twice = [frame(0, 5), unplaced(0, 4), frame(0, 2), frame(0, 1)];
    assert_eq!(fit(&twice), Fit::Wrong);
    // Into another module nothing is inlined.
    let mut there = there();
    there[0].module = Some(1);
    let merged = tells(Inlined::Merged).fit(&there, &[unplaced(0, 1)]);
    assert_eq!(merged, Fit::Wrong);
}

#[test]
fn no_more_are_told_than_the_engine_tells() {
    for inlined in [Inlined::None, Inlined::Apart, Inlined::Merged] {
        let tells = Tells {
            frames: 2,
            ..tells(inlined)
        };
        assert_eq!(tells.fit(&there(), &[frame(0, 5), frame(0, 2)]), Fit::Right);
        assert_eq!(tells.fit(&there(), &[frame(0, 5)]), Fit::Wrong);
        let all = [frame(0, 5), frame(0, 2), frame(0, 1)];
        assert_eq!(tells.fit(&there(), &all), Fit::Wrong);
    }
}

#[test]
fn what_the_host_took_the_place_of_is_not_told() {
    let there = [gone(0, 3), frame(0, 2)];
    for inlined in [Inlined::None, Inlined::Apart, Inlined::Merged] {
        let tells = tells(inlined);
        assert_eq!(tells.fit(&there, &[frame(0, 2)]), Fit::Right);
        assert_eq!(tells.fit(&there, &[]), Fit::Wrong);
        assert_eq!(tells.fit(&there[..1], &[]), Fit::Right);
    }
}
