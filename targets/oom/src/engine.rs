//! Engines.

use crate::case::Case;
use crate::row::{Row, row};
use crate::world::{World, running};
use assay_oom::{AnyScenario, digest};
use wasmtime::Engine;

pub(crate) const ROWS: &[Row] = &[
    row(
        "engine-new",
        "makes an engine that can only run",
        &["Engine::new", "Engine::is_pulley"],
        new,
    ),
    row(
        "engine-handles",
        "weak handles, the epoch, and what kind of code some bytes are",
        &[
            "Engine::weak",
            "EngineWeak::upgrade",
            "Engine::same",
            "Engine::increment_epoch",
            "Engine::tls_eager_initialize",
            "Engine::detect_precompiled",
            "Engine::is_recording",
            "Engine::is_replaying",
        ],
        handles,
    ),
];

fn new(name: &str) -> Box<dyn AnyScenario> {
    let config = running(&|_| {});
    let prepare = move || (config.clone(), None);
    Case::new(name, prepare, |(config, engine)| {
        let made = engine.insert(Engine::new(config)?);
        Ok(digest(&made.is_pulley()))
    })
    .done()
}

fn handles(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let code = world.code("(module)");
    Case::new(
        name,
        move || (world.engine.clone(), code.clone()),
        |(engine, code)| {
            Engine::tls_eager_initialize();
            engine.increment_epoch();
            let same = engine
                .weak()
                .upgrade()
                .is_some_and(|other| Engine::same(engine, &other));
            let kind = Engine::detect_precompiled(code).is_some();
            let recorded = engine.is_recording() || engine.is_replaying();
            Ok(digest(&(same, kind, recorded)))
        },
    )
    .done()
}
