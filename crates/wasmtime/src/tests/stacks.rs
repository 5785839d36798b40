//! Call stacks in each configuration that changes them.

use super::support::{bases, engine_in, with_stack};
use crate::Configuration;
use crate::configuration::InlineCalls;
use assay_conformance::{Group, Report, group};
use assay_engine::{Engine as _, Inlined, Tells};

/// A change of a configuration, and what is told then.
type Row = (fn(&mut Configuration), Tells);

const ALL: Tells = Tells {
    frames: 20,
    ..Tells::ALL
};

const ROWS: &[Row] = &[
    (|_| {}, ALL),
    (
        |it| it.entry.backtraces = false,
        Tells {
            traps: false,
            exceptions: false,
            ..ALL
        },
    ),
    (
        |it| it.entry.backtrace_frames = 0,
        Tells {
            traps: false,
            exceptions: false,
            ..ALL
        },
    ),
    (
        |it| it.entry.backtrace_frames = 1,
        Tells { frames: 1, ..ALL },
    ),
    (
        |it| it.entry.backtrace_frames = 3,
        Tells { frames: 3, ..ALL },
    ),
    (
        |it| it.code.address_map = false,
        Tells {
            offsets: false,
            ..ALL
        },
    ),
    (|it| it.code.precompiled = true, ALL),
    (
        |it| it.code.inlining = InlineCalls::Yes,
        Tells {
            inlined: Inlined::Merged,
            ..ALL
        },
    ),
];

#[test]
fn stacks_are_told_as_the_configuration_has_it() {
    with_stack(|| {
        for base in bases() {
            for (change, tells) in ROWS {
                let mut configuration = base.clone();
                change(&mut configuration);
                let normal = configuration.clone().normalised();
                // Winch inlines nothing.
                let inlines = normal.code.inlining != InlineCalls::No;
                let inlined = match inlines {
                    true => Inlined::Merged,
                    false => Inlined::None,
                };
                let tells = Tells {
                    inlined,
                    offsets: normal.code.address_map,
                    ..*tells
                };
                let text = normal.to_toml().expect("it prints");
                let mut engine = engine_in(normal);
                assert_eq!(engine.tells(), tells, "{text}");
                let report = Report::of(&mut engine, group(Group::Stacks));
                assert!(report.is_clean(), "{report}{text}");
            }
        }
    });
}
