//! Runs scripts of the official test suite (`interpreter/README.md` of the specification).

mod patterns;
mod spectest;

use assay_engine::{Features, Resource};
use assay_reference::{
    Config, Extern, Instance, InstantiationError, Module, OpcodeCoverage, Stop, Store, Val,
};
use spectest::Spectest;
use std::collections::HashMap;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Id;
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, Wat};

/// What became of a script's directives.
#[derive(Debug, Default)]
pub struct Report {
    pub passed: usize,
    /// The line and what went wrong.
    pub failed: Vec<(usize, String)>,
    /// What has run, where it was to be recorded.
    pub coverage: OpcodeCoverage,
}

/// Runs a script. One that does not parse has one failed directive.
pub fn run(text: &str, features: Features, coverage: bool) -> Report {
    let mut report = Report::default();
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let parsed = ParseBuffer::new_with_lexer(lexer);
    let directives = match &parsed {
        Ok(buffer) => parser::parse::<Wast<'_>>(buffer).map(|wast| wast.directives),
        Err(error) => {
            report.failed.push((0, error.to_string()));
            return report;
        }
    };
    match directives {
        Ok(directives) => {
            let mut script = Script::new(features, coverage);
            for directive in directives {
                let (line, _) = directive.span().linecol_in(text);
                match script.directive(directive) {
                    Ok(()) => report.passed += 1,
                    Err(what) => report.failed.push((line + 1, what)),
                }
            }
            report.coverage = script.store.coverage();
        }
        Err(error) => report.failed.push((0, error.to_string())),
    }
    report
}

struct Script {
    features: Features,
    store: Store,
    host: Spectest,
    /// Modules that were defined but not instantiated, and the last of them.
    definitions: HashMap<String, Module>,
    definition: Option<Module>,
    instances: HashMap<String, Instance>,
    instance: Option<Instance>,
    registered: HashMap<String, Instance>,
}

/// What an action came to.
type Ran = Result<Vec<Val>, Stop>;

impl Script {
    fn new(features: Features, coverage: bool) -> Self {
        let mut store = Store::new(Config {
            coverage,
            ..Config::default()
        });
        let host = Spectest::new(&mut store);
        Self {
            features,
            store,
            host,
            definitions: HashMap::new(),
            definition: None,
            instances: HashMap::new(),
            instance: None,
            registered: HashMap::new(),
        }
    }

    fn directive(&mut self, directive: WastDirective<'_>) -> Result<(), String> {
        match directive {
            WastDirective::Module(mut wat) => {
                let name = wat.name();
                let module = self.module(&mut wat)?;
                self.define(name, module.clone());
                self.instantiate(&module, name)
            }
            WastDirective::ModuleDefinition(mut wat) => {
                let module = self.module(&mut wat)?;
                self.define(wat.name(), module);
                Ok(())
            }
            WastDirective::ModuleInstance {
                instance, module, ..
            } => {
                let module = match module {
                    Some(name) => self.definitions.get(name.name()).cloned(),
                    None => self.definition.clone(),
                };
                self.instantiate(&module.ok_or("no such module")?, instance)
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.named(module)?;
                self.registered.insert(name.to_owned(), instance);
                Ok(())
            }
            WastDirective::Invoke(invoke) => self.invoke(&invoke)?.map(drop).map_err(text),
            WastDirective::AssertMalformed { module, .. }
            | WastDirective::AssertInvalid { module, .. } => self.assert_refused(module),
            WastDirective::AssertReturn { exec, results, .. } => {
                let given = self.execute(exec)?.map_err(text)?;
                patterns::check(&self.store, &given, &results)
            }
            WastDirective::AssertTrap { exec, message, .. } => {
                let ran = self.execute(exec)?;
                assert_trap(&ran, message)
            }
            WastDirective::AssertExhaustion { call, .. } => match self.invoke(&call)? {
                Err(Stop::Exhausted(Resource::Stack)) => Ok(()),
                other => Err(format!("is not exhausted: {other:?}")),
            },
            WastDirective::AssertException { exec, .. } => match self.execute(exec)? {
                Err(Stop::Exception(_)) => Ok(()),
                other => Err(format!("does not throw: {other:?}")),
            },
            WastDirective::AssertUnlinkable { module, .. } => self.assert_unlinkable(module),
            other => Err(format!("cannot run {other:?}")),
        }
    }

    fn module(&self, wat: &mut QuoteWat<'_>) -> Result<Module, String> {
        let wasm = wat.encode().map_err(|error| error.to_string())?;
        Module::new(&wasm, self.features).map_err(|error| error.to_string())
    }

    fn define(&mut self, name: Option<Id<'_>>, module: Module) {
        if let Some(name) = name {
            self.definitions
                .insert(name.name().to_owned(), module.clone());
        }
        self.definition = Some(module);
    }

    fn imports(&self, module: &Module) -> Result<Vec<Extern>, String> {
        let find = |import: &assay_reference::Import| {
            let found = match self.registered.get(&import.module) {
                Some(&instance) => self.store.export(instance, &import.name),
                None if import.module == "spectest" => self.host.export(&import.name),
                None => None,
            };
            found.ok_or_else(|| format!("unknown import {}.{}", import.module, import.name))
        };
        module.imports().map(find).collect()
    }

    fn instantiate(&mut self, module: &Module, name: Option<Id<'_>>) -> Result<(), String> {
        let imports = self.imports(module)?;
        let instance = self.store.instantiate(&mut self.host, module, &imports);
        let instance = instance.map_err(|error| format!("no instance: {error}"))?;
        if let Some(name) = name {
            self.instances.insert(name.name().to_owned(), instance);
        }
        self.instance = Some(instance);
        Ok(())
    }

    fn named(&self, name: Option<Id<'_>>) -> Result<Instance, String> {
        let instance = match name {
            Some(name) => self.instances.get(name.name()).copied(),
            None => self.instance,
        };
        instance.ok_or_else(|| format!("no instance {name:?}"))
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Ran, String> {
        let instance = self.named(invoke.module)?;
        let Some(Extern::Func(func)) = self.store.export(instance, invoke.name) else {
            return Err(format!("no function {:?}", invoke.name));
        };
        let args: Result<Vec<Val>, String> = invoke.args.iter().map(patterns::argument).collect();
        Ok(self.store.invoke(&mut self.host, func, &args?))
    }

    fn execute(&mut self, exec: WastExecute<'_>) -> Result<Ran, String> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Get { module, global, .. } => {
                let instance = self.named(module)?;
                match self.store.export(instance, global) {
                    Some(Extern::Global(global)) => Ok(Ok(vec![self.store.global(global)])),
                    _ => Err(format!("no global {global:?}")),
                }
            }
            WastExecute::Wat(wat) => {
                let module = self.module(&mut QuoteWat::Wat(wat))?;
                let imports = self.imports(&module)?;
                match self.store.instantiate(&mut self.host, &module, &imports) {
                    Ok(_) => Ok(Ok(Vec::new())),
                    Err(InstantiationError::Stop(stop)) => Ok(Err(stop)),
                    Err(InstantiationError::Link(error)) => Err(error.to_string()),
                }
            }
        }
    }

    fn assert_refused(&mut self, mut module: QuoteWat<'_>) -> Result<(), String> {
        match self.module(&mut module) {
            Err(_) => Ok(()),
            Ok(_) => Err("a bad module is accepted".into()),
        }
    }

    fn assert_unlinkable(&mut self, module: Wat<'_>) -> Result<(), String> {
        let module = self.module(&mut QuoteWat::Wat(module))?;
        let Ok(imports) = self.imports(&module) else {
            return Ok(());
        };
        match self.store.instantiate(&mut self.host, &module, &imports) {
            Err(InstantiationError::Link(_)) => Ok(()),
            other => Err(format!("links: {other:?}")),
        }
    }
}

/// A trap of the kind that the text begins with: the suite says more than the kind at times, such
/// as the index of an element.
fn assert_trap(ran: &Ran, message: &str) -> Result<(), String> {
    match ran {
        Err(Stop::Trap(trap)) if is_kind(trap.text(), message) => Ok(()),
        other => Err(format!("expected the trap {message:?}, not {other:?}")),
    }
}

fn is_kind(text: &str, expected: &str) -> bool {
    let null = expected.starts_with("null ") && text == "null reference";
    null || expected.starts_with(text) || text.starts_with(expected)
}

fn text(stop: Stop) -> String {
    stop.to_string()
}
